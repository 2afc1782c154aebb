"""A row to click: an icon, a line, a muted line below it, and something muted at the right."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QEnterEvent, QFocusEvent, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from moduleview.gui.look.icons import GRID_PX, Icons
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint

_ICON_GAP_PX, _PADDING_PX, _LINE_PX, _GAP_PX = 12, 8, 16, 12
_BY_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


@dataclass(frozen=True)
class RowText:
    """What a row says.

    Attributes:
        icon: File in ``resources/icons``.
        line: What it is.
        below: More about it; loses its beginning where there is no room.
        right: Key or time.
        is_action: Does something: accent icon, bold line, key in the fixed font. Else it names something: muted icon,
            line in the fixed font.
    """

    icon: str
    line: str
    below: str
    right: str
    is_action: bool


class TextRow(QAbstractButton):
    """A button as wide as its column. Follows the theme by itself."""

    def __init__(self, text: RowText, height_px: int, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = text
        self._height_px = height_px
        self._theme = theme
        self._icons = Icons(theme)
        self._shows_focus = False
        self.setText(text.line)
        self.setAccessibleName(text.line)
        self.setAccessibleDescription(", ".join(part for part in (text.below, text.right) if part))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._on_theme_changed)

    def sizeHint(self) -> QSize:
        """A fixed height; the width is the column's."""
        return QSize(self._theme.px(120), self._theme.px(self._height_px))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """A ring for who comes by keyboard; a window that opens draws none around its first row."""
        self._shows_focus = event.reason() in _BY_KEYBOARD
        super().focusInEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show that it can be clicked."""
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Show that the pointer went on."""
        super().leaveEvent(event)
        self.update()

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, icon and three texts."""
        painter = QPainter(self)
        self._draw_ground(painter)
        px = self._theme.px
        role = "accent" if self._text.is_action else "muted"
        side = px(GRID_PX)
        painter.drawPixmap(px(_PADDING_PX), (self.height() - side) // 2, self._icons.pixmap(self._text.icon, role))
        left = px(_PADDING_PX) + side + px(_ICON_GAP_PX)
        width = self.width() - left - px(_PADDING_PX)
        width -= self._draw_right(painter, QRect(left, 0, width, self.height()))
        top = (self.height() - (2 if self._text.below else 1) * px(_LINE_PX)) // 2
        self._draw_lines(painter, QRect(left, top, width, px(_LINE_PX)))

    def _draw_ground(self, painter: QPainter) -> None:
        tokens, radius = self._theme.tokens, self._theme.px(4)
        has_focus = self.hasFocus() and self._shows_focus
        if not (self.underMouse() or self.isDown() or has_focus):
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.accent), 1) if has_focus else Qt.PenStyle.NoPen)
        ground = tokens.selection if self.isDown() else tokens.hover if self.underMouse() else tokens.panel
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _draw_right(self, painter: QPainter, where: QRect) -> int:
        """Draw key or time; the width that it takes."""
        if not self._text.right:
            return 0
        font = self._theme.mono_font(11) if self._text.is_action else self._theme.ui_font(11)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.tokens.muted))
        painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._text.right)
        return QFontMetrics(font).horizontalAdvance(self._text.right) + self._theme.px(_GAP_PX)

    def _draw_lines(self, painter: QPainter, where: QRect) -> None:
        line_font = self._theme.ui_font(bold=True) if self._text.is_action else self._theme.mono_font(12)
        below_font = self._theme.ui_font(11)
        lines = (
            (self._text.line, line_font, self._theme.tokens.text, Qt.TextElideMode.ElideRight),
            (self._text.below, below_font, self._theme.tokens.muted, Qt.TextElideMode.ElideLeft),
        )
        for text, font, color, elide in lines:
            painter.setFont(font)
            painter.setPen(QColor(color))
            shown = QFontMetrics(font).elidedText(text, elide, where.width())
            painter.drawText(where, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
            where = where.translated(0, where.height())

    def _on_theme_changed(self) -> None:
        self.updateGeometry()
        self.update()
