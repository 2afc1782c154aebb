"""Lines 1 px thick, in the border colour."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from moduleview.gui.look.theme import Theme


class VerticalRule(QWidget):
    """A vertical line in the border colour, with room at both sides.

    Args:
        theme: Zoom.
        height: Of the line, in logical pixels.
        margin: Left and right of it.
        parent: Owner.
    """

    def __init__(self, theme: Theme, height: int, margin: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._height, self._margin = theme, height, margin
        self._line = QFrame(self)
        self._line.setProperty("role", "rule")
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._line)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _on_theme_changed(self) -> None:
        self._line.setFixedSize(1, self._theme.px(self._height))
        self._row.setContentsMargins(self._theme.px(self._margin), 0, self._theme.px(self._margin), 0)


class HorizontalRule(QFrame):
    """A line as wide as its column."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "rule")
        self.setFixedHeight(1)
