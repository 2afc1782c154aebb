"""A row of toggles, one of which is on: the pages of a tab."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from moduleview.gui.look.theme import Theme


class PageBar(QWidget):
    """Follows the theme by itself.

    Args:
        theme: Zoom.
        titles: Of each page, with what its tooltip says.
        parent: Owner.
    """

    chosen = Signal(int)

    def __init__(self, theme: Theme, titles: Sequence[tuple[str, str]], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._group = QButtonGroup(self)
        self._row = QHBoxLayout(self)
        for page, (title, tip) in enumerate(titles):
            button = QToolButton(self)
            button.setText(title)
            button.setToolTip(tip)
            button.setAccessibleName(title)
            button.setAccessibleDescription(tip)
            button.setCheckable(True)
            button.setProperty("role", "toggle")
            self._group.addButton(button, page)
            self._row.addWidget(button)
        self._row.addStretch(1)
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(self.chosen)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @property
    def page(self) -> int:
        """Which page is on."""
        return self._group.checkedId()

    def choose(self, page: int) -> None:
        """Turn to a page."""
        button = self._group.button(page)
        if button is not None:
            button.setChecked(True)
            self.chosen.emit(page)

    def set_tight(self, is_tight: bool) -> None:
        """Closer in a narrow panel."""
        self._row.setSpacing(self._theme.px(1 if is_tight else 4))

    def _on_theme_changed(self) -> None:
        px = self._theme.px
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(px(4))
