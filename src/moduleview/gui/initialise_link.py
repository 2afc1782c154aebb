"""How the rest of the window hands a subtree to the Initialise panel, without knowing it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from moduleview.gui.gui_thread import gui_thread_only


class InitialiseLink(QObject):
    """Passes wishes on. GUI thread only."""

    wanted = Signal(str)  # FQN of a module or a parameter

    @gui_thread_only
    def initialise(self, fqn: str) -> None:
        """Show the panel, with this subtree chosen."""
        self.wanted.emit(fqn)
