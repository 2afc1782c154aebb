"""What fills the middle of the window: the welcome page, a word while a target is being opened, or the panels."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from moduleview.gui.docking.docks import Docks
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.empty_state import EmptyState


class ModelPages(QStackedWidget):
    """Makes each page when it is first needed: the window paints before plots are imported.

    Args:
        make_welcome: Makes the page shown while nothing is open.
        make_docks: Imports and makes all panels.
        theme: Colours and zoom.
        parent: The window.
    """

    def __init__(
        self,
        make_welcome: Callable[[QWidget], QWidget],
        make_docks: Callable[[QWidget], Docks],
        theme: Theme,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("What is open"))
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._make_welcome, self._make_docks, self._theme = make_welcome, make_docks, theme
        self._welcome: QWidget | None = None
        self._opening: QWidget | None = None
        self._docks: Docks | None = None

    @property
    def made_docks(self) -> Docks | None:
        """The panels, or None while they were not needed."""
        return self._docks

    def docks(self) -> Docks:
        """The panels; they are imported and made at the first call."""
        if self._docks is None:
            self._docks = self._make_docks(self)
            self.addWidget(self._docks)
        return self._docks

    def show_welcome(self) -> None:
        """Nothing is open."""
        if self._welcome is None:
            self._welcome = self._make_welcome(self)
            self.addWidget(self._welcome)
        self._show(self._welcome)

    def show_opening(self, target: str) -> None:
        """The first target is being opened: its code runs, and torch is being imported."""
        if self._opening is None:
            self._opening = QWidget(self)
            line = self.tr("PyTorch is being loaded and the code of the model runs. Ctrl+W gives it up.")
            title = self.tr("Opening {0}").format(target)
            QVBoxLayout(self._opening).addWidget(EmptyState(self._theme, "clock", title, line, (), self._opening))
            self.addWidget(self._opening)
        self._show(self._opening)

    def show_docks(self) -> None:
        """A model is open."""
        self._show(self.docks())

    def _show(self, page: QWidget) -> None:
        if self.currentWidget() is not page:
            self.setCurrentWidget(page)
