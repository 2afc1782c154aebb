"""The line under the tree: what is in the model at the left, which hooks are on at the right."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint

_HEIGHT_PX = 24
_PADDING_PX = 8
_GAP_PX = 16


class TreeFooter(QWidget):
    """Two texts; where both do not fit, the left one takes its shorter form, then is cut."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._left, self._left_short, self._right = "", "", ""
        self._left_role = "muted"
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def set_texts(self, left: str, left_short: str, right: str, left_role: str = "muted") -> None:
        """Say something else; ``left_role`` is the token of the left text's colour."""
        texts = (left, left_short, right, left_role)
        if texts != (self._left, self._left_short, self._right, self._left_role):
            self._left, self._left_short, self._right, self._left_role = texts
            self.setAccessibleName(f"{left}; {right}")
            self.setToolTip(left)
            self.update()

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(self._theme.px(120), self._theme.px(_HEIGHT_PX))

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """The border above and the two texts."""
        tokens, px = self._theme.tokens, self._theme.px
        font = self._theme.ui_font(11)
        metrics = QFontMetricsF(font)
        painter = QPainter(self)
        painter.fillRect(QRect(0, 0, self.width(), 1), QColor(tokens.border))
        painter.setFont(font)
        space = self.rect().adjusted(px(_PADDING_PX), 1, -px(_PADDING_PX), 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        room = space.width() - round(metrics.horizontalAdvance(self._right)) - px(_GAP_PX)
        left = self._left if metrics.horizontalAdvance(self._left) <= room else self._left_short
        painter.setPen(QColor(str(getattr(tokens, self._left_role))))
        elided = metrics.elidedText(left, Qt.TextElideMode.ElideRight, max(room, 0))
        painter.drawText(space, middle | Qt.AlignmentFlag.AlignLeft, elided)
        painter.setPen(QColor(tokens.muted))
        painter.drawText(space, middle | Qt.AlignmentFlag.AlignRight, self._right)
        painter.end()

    def _on_theme_changed(self) -> None:
        self.setFixedHeight(self._theme.px(_HEIGHT_PX))
        self.update()
