"""A tool button with an icon and a word, as far from one side as from the other.

Qt 6.11 leaves room for two spaces after the word of a ``QToolButton`` and none to speak of between icon and word.
"""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPaintEvent
from PySide6.QtWidgets import QStyle, QStyleOptionToolButton, QStylePainter, QToolButton, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint


class IconTextButton(QToolButton):
    """The style draws the frame; icon and word are placed here.

    Args:
        theme: Colours and zoom.
        parent: Owner.
        pad_px: From the frame to the icon, and from the word to the frame.
        gap_px: Between icon and word.
    """

    def __init__(self, theme: Theme, parent: QWidget, *, pad_px: int = 7, gap_px: int = 6) -> None:
        super().__init__(parent)
        self._theme, self._pad_px, self._gap_px = theme, pad_px, gap_px
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)

    def sizeHint(self) -> QSize:
        """Icon, word and what is around them."""
        word = self.fontMetrics().horizontalAdvance(self.text())
        width = 2 * self._theme.px(self._pad_px) + self.iconSize().width() + self._theme.px(self._gap_px) + word
        return QSize(width + 2, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """It is never cut."""
        return self.sizeHint()

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """Frame, icon, word."""
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        option.text, option.icon = "", QIcon()
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)
        place = QRect(self._theme.px(self._pad_px) + 1, 0, self.iconSize().width(), self.height())
        mode = QIcon.Mode.Normal if self.isEnabled() else QIcon.Mode.Disabled
        self.icon().paint(painter, place, Qt.AlignmentFlag.AlignCenter, mode)
        left = place.right() + 1 + self._theme.px(self._gap_px)
        painter.setPen(self._color())
        painter.drawText(QRect(left, 0, self.width() - left, self.height()), Qt.AlignmentFlag.AlignVCenter, self.text())

    def _color(self) -> QColor:
        tokens = self._theme.tokens
        if not self.isEnabled():
            return QColor(tokens.faint)
        if self.property("role") == "toggle":
            return QColor(tokens.text if self.isChecked() else tokens.muted)
        return QColor(tokens.on_selection if self.isChecked() else tokens.text)
