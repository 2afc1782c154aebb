"""What one part of the window hands to a panel that it does not know."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from moduleview.gui.gui_thread import gui_thread_only
from moduleview.telemetry.lab_tensors import TensorKind


@dataclass(frozen=True)
class TensorWish:
    """A live tensor that a person wants in the lab.

    Attributes:
        kind: What it is; one of ``LIVE_KINDS``.
        fqn: Parameter or buffer, or the module of an activation; "" for the last batch.
    """

    kind: TensorKind
    fqn: str = ""


class Handovers(QObject):
    """Each is taken by the panel that it is for, which then comes forward. GUI thread only."""

    hook_wanted = Signal(str, bool)  # FQN, and whether it is a parameter's
    code_wanted = Signal(str)  # Python for the console
    tensor_wanted = Signal(object)  # TensorWish
    initialising_wanted = Signal(str)  # FQN of a module or a parameter
    panel_wanted = Signal(str)  # id of the panel that was given something

    @gui_thread_only
    def write_hook(self, fqn: str, *, is_parameter: bool = False) -> None:
        """Show the hook editor with a new hook for this module or parameter."""
        self.hook_wanted.emit(fqn, is_parameter)
        self.panel_wanted.emit("hook_editor")

    @gui_thread_only
    def insert_code(self, code: str) -> None:
        """Show the console, and put ``code`` where its cursor stands."""
        self.code_wanted.emit(code)
        self.panel_wanted.emit("console")

    @gui_thread_only
    def open_tensor(self, kind: TensorKind, fqn: str = "") -> None:
        """Show the lab, and take a copy of this tensor into it."""
        self.tensor_wanted.emit(TensorWish(kind, fqn))
        self.panel_wanted.emit("lab")

    @gui_thread_only
    def initialise(self, fqn: str) -> None:
        """Show the panel for new starting values, with this subtree chosen."""
        self.initialising_wanted.emit(fqn)
        self.panel_wanted.emit("initialise")
