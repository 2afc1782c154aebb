"""How the rest of the window hands a tensor to the tensor lab, without knowing its panel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

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


class LabLink(QObject):
    """Passes wishes on, and numbers all requests of a window so that no two are the same. GUI thread only."""

    wanted = Signal(object)  # TensorWish

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers = count(1)

    def next_request(self) -> int:
        """A number that nobody in this window has used."""
        return next(self._numbers)

    @gui_thread_only
    def open_tensor(self, kind: TensorKind, fqn: str = "") -> None:
        """Show the lab, and take a copy of this tensor into it."""
        self.wanted.emit(TensorWish(kind, fqn))
