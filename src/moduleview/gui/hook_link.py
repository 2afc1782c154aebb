"""How the rest of the window asks for a new hook in the hook editor, without knowing its panel."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from moduleview.gui.gui_thread import gui_thread_only


class HookLink(QObject):
    """Passes the wish on. GUI thread only."""

    wanted = Signal(str, bool)  # FQN, and whether it is a parameter's

    @gui_thread_only
    def write_hook(self, fqn: str, *, is_parameter: bool = False) -> None:
        """Show the hook editor with a new hook for this module or parameter."""
        self.wanted.emit(fqn, is_parameter)
