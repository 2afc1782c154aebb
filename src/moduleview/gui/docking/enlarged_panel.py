"""One panel, and the tabs beside it, in the place of all: for a table or an editor that wants the room."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QMainWindow

from moduleview.gui.docking.panel_dock import PanelDock


class EnlargedPanel:
    """Hides the other docks of a window, and brings them back as they stood. Floating ones stay where they are.

    Args:
        window: That holds the docks.
        version: Of its states.
    """

    def __init__(self, window: QMainWindow, version: int) -> None:
        self._window = window
        self._version = version
        self._before: QByteArray | None = None

    @property
    def state_before(self) -> QByteArray | None:
        """The layout that ``end`` goes back to; None while nothing is enlarged."""
        return self._before

    def begin(self, dock: PanelDock, docks: Sequence[PanelDock]) -> None:
        """Give ``dock`` all the room."""
        stay = {dock, *self._window.tabifiedDockWidgets(dock)}
        self._before = self._window.saveState(self._version)
        for other in docks:
            if other not in stay and not other.isFloating():
                other.hide()
        dock.raise_()

    def end(self) -> None:
        """Back to the layout before, if something is enlarged; the panel in front of its tabs stays there."""
        before, self._before = self._before, None
        if before is not None:
            self._window.restoreState(before, self._version)
