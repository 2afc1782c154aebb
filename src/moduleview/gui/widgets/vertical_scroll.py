"""Room for something that is as high as it likes where there is room, and scrolled where there is not."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from moduleview.gui.look.theme import Theme


class VerticalScroll(QScrollArea):
    """As wide as what is in it; takes its accessible name.

    Args:
        theme: Zoom.
        content: What is scrolled.
        least_px: Height below which it does not go, in logical pixels.
        parent: Owner.
    """

    def __init__(self, theme: Theme, content: QWidget, least_px: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._content, self._least_px = theme, content, least_px
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(content)
        for part in (content, self.viewport()):
            part.setAutoFillBackground(False)  # it lies on its panel's colour, as without a scroll area
        self.setAccessibleName(content.accessibleName())

    def sizeHint(self) -> QSize:
        """What is in it, without a scroll bar."""
        return self._content.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """It gives way."""
        return QSize(0, self._theme.px(self._least_px))
