"""How the rest of the window hands a line of Python to the console, without knowing its panel."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from moduleview.gui.gui_thread import gui_thread_only


class ConsoleLink(QObject):
    """GUI thread only."""

    wanted = Signal(str)  # Python

    @gui_thread_only
    def insert(self, code: str) -> None:
        """Show the console, and put ``code`` where its cursor stands."""
        self.wanted.emit(code)
