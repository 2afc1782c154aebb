"""Paints every cell of our tables from the ``Look`` that the model gives: fonts, colours, swatch, icon, focus."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.look.icons import Icons
from moduleview.gui.look.theme import Theme
from moduleview.gui.models.cell_guard import CellGuard
from moduleview.gui.models.cell_look import LOOK_ROLE, SWATCH_ROLE, Look

ROW_PX = 22
PADDING_PX = 8
_SWATCH_WIDTH, _SWATCH_HEIGHT, _SWATCH_GAP = 10, 14, 5
_ICON_GAP = 6
EDGE_PX = 2  # left of numbers and right of words
_Index = QModelIndex | QPersistentModelIndex
_State = QStyle.StateFlag


class CellDelegate(QStyledItemDelegate):
    """One delegate a view. Children override ``paint_content`` for cells that are not text."""

    padding_px = PADDING_PX

    def __init__(self, theme: Theme, scale: GradientScale | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme
        self._scale = scale
        self._icons = Icons(theme)
        self._guard = CellGuard()
        self._fonts: dict[tuple[bool, bool, bool], QFont] = {}
        theme.changed.connect(self._fonts.clear)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """All rows are equally high."""
        return QSize(self.theme.px(PADDING_PX), self.theme.px(ROW_PX))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Background of the row, then the content; a cell that cannot be drawn becomes a question mark."""
        self._guard.draw(painter, option.rect, lambda: self._paint(painter, option, index))

    def _paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        tokens = self.theme.tokens
        if option.state & _State.State_Selected:
            painter.fillRect(option.rect, QColor(tokens.selection if _is_in_active_window(option) else tokens.hover))
        elif index.row() == getattr(option.widget, "hovered_row", -1):
            painter.fillRect(option.rect, QColor(tokens.hover))
        self.paint_content(painter, option, index)

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Swatch, icon and text."""
        look = index.data(LOOK_ROLE) or Look()
        padding, edge = self.theme.px(self.padding_px), self.theme.px(EDGE_PX)
        rect = (
            option.rect.adjusted(edge, 0, -padding, 0) if look.is_right else option.rect.adjusted(padding, 0, -edge, 0)
        )
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        color = self.text_color(option, look)
        font = self.font(look)
        if look.icon:
            rect = self._paint_icon(painter, rect, look, option)
        painter.setFont(font)
        painter.setPen(color)
        self.paint_text(painter, rect, text, look)
        value = index.data(SWATCH_ROLE)
        if value is not None and self._scale is not None:
            self._paint_swatch(painter, rect, QFontMetrics(font).horizontalAdvance(text), float(value))

    def paint_text(self, painter: QPainter, rect: QRect, text: str, look: Look) -> None:
        """One line, elided where it does not fit; the painter has font and pen."""
        mode = Qt.TextElideMode.ElideLeft if look.elides_left else Qt.TextElideMode.ElideRight
        shown = painter.fontMetrics().elidedText(text, mode, rect.width())
        side = Qt.AlignmentFlag.AlignRight if look.is_right else Qt.AlignmentFlag.AlignLeft
        flags = Qt.TextFlag.TextSingleLine
        painter.drawText(rect, int(side | Qt.AlignmentFlag.AlignVCenter) | int(flags), shown)

    def font(self, look: Look) -> QFont:
        """Font of a look at the zoom in force."""
        key = (look.is_mono, look.is_bold, look.is_small)
        if key not in self._fonts:
            make = self.theme.mono_font if look.is_mono else self.theme.ui_font
            self._fonts[key] = make(11 if look.is_small else 12, bold=look.is_bold)
        return self._fonts[key]

    def text_color(self, option: QStyleOptionViewItem, look: Look) -> QColor:
        """The look's colour; in a selected row that of the selection's text, unless the colour means something."""
        tokens = self.theme.tokens
        is_selected = bool(option.state & _State.State_Selected)
        if is_selected and not look.keeps_color:
            return QColor(tokens.on_selection if _is_in_active_window(option) else tokens.text)
        return QColor(getattr(tokens, look.color))

    def _paint_icon(self, painter: QPainter, rect: QRect, look: Look, option: QStyleOptionViewItem) -> QRect:
        side = self.theme.px(16)
        name_color = look.color if look.keeps_color or not option.state & _State.State_Selected else "on_selection"
        pixmap = self._icons.pixmap(look.icon, name_color)
        painter.drawPixmap(rect.x(), rect.y() + (rect.height() - side) // 2, pixmap)
        return rect.adjusted(side + self.theme.px(_ICON_GAP), 0, 0, 0)

    def _paint_swatch(self, painter: QPainter, rect: QRect, text_width: int, value: float) -> None:
        assert self._scale is not None
        px = self.theme.px
        left = rect.right() + 1 - text_width - px(_SWATCH_GAP) - px(_SWATCH_WIDTH)
        top = rect.y() + (rect.height() - px(_SWATCH_HEIGHT)) // 2
        swatch = QRect(left, top, px(_SWATCH_WIDTH), px(_SWATCH_HEIGHT))
        painter.fillRect(swatch, self._scale.color(value, self.theme.tokens))


def _is_in_active_window(option: QStyleOptionViewItem) -> bool:
    """In another window's shadow a selected row takes the hover colour.

    Not the option's own State_Active: Qt clears that in every view but the focused one, and the selected tensor and
    finding must not fade while a person moves in the tree.
    """
    return bool(option.widget.isActiveWindow())
