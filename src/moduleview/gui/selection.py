"""What a person is looking at: selected nodes, pinned series, the step under the crosshair; shared by all panels."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from moduleview.gui.gui_thread import gui_thread_only
from moduleview.telemetry.snapshot import ModelSnapshot

MAXIMUM_CURVES = 16
_HISTORY_LENGTH = 100


class Selection(QObject):
    """The one selection of a window, by FQN, so that it outlives a reload. GUI thread only."""

    changed = Signal()  # fqn, fqns or tensor_fqn
    pinned_changed = Signal()
    crosshair_changed = Signal()
    hovered_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._fqns: tuple[str, ...] = ()
        self._tensor_fqn: str | None = None
        self._pinned: tuple[str, ...] = ()
        self._crosshair_step: int | None = None
        self._hovered_fqn: str | None = None
        self._history: list[str] = []
        self._position = -1

    @property
    def fqn(self) -> str | None:
        """The current module, "" for the root, None for nothing."""
        return self._fqns[-1] if self._fqns else None

    @property
    def fqns(self) -> tuple[str, ...]:
        """All selected modules, the current one last."""
        return self._fqns

    @property
    def tensor_fqn(self) -> str | None:
        """The parameter or buffer that is selected inside the current module's subtree, or None."""
        return self._tensor_fqn

    @property
    def pinned(self) -> tuple[str, ...]:
        """Modules or parameters whose curves stay when the selection moves on."""
        return self._pinned

    @property
    def crosshair_step(self) -> int | None:
        """The step under the pointer in any plot, or None."""
        return self._crosshair_step

    @property
    def hovered_fqn(self) -> str | None:
        """The module under the pointer in any plot or tree, or None."""
        return self._hovered_fqn

    @gui_thread_only
    def select(self, fqn: str | None, *more: str, tensor_fqn: str | None = None) -> None:
        """Make ``fqn`` the current module; ``more`` are selected beside it. None selects nothing."""
        fqns = () if fqn is None else (*more, fqn)
        if fqns == self._fqns and tensor_fqn == self._tensor_fqn:
            return
        if fqn is not None and fqn != self.fqn:
            self._remember(fqn)
        self._fqns, self._tensor_fqn = fqns, tensor_fqn
        self.changed.emit()

    @gui_thread_only
    def select_named(self, model: ModelSnapshot, fqn: str) -> bool:
        """Select a module, or a parameter or buffer and with it the module that holds it; False where neither is."""
        holder = model.holder_of(fqn)
        if holder is None:
            return False
        is_module = model.node_of(fqn) is not None
        self.select(model.fqns[holder], tensor_fqn=None if is_module else fqn)
        return True

    @gui_thread_only
    def select_tensor(self, tensor_fqn: str | None) -> None:
        """Select a parameter or buffer without moving to another module."""
        if tensor_fqn != self._tensor_fqn:
            self._tensor_fqn = tensor_fqn
            self.changed.emit()

    @gui_thread_only
    def toggle_pin(self, fqn: str) -> None:
        """Pin or unpin a module's or parameter's curve."""
        self._pinned = tuple(f for f in self._pinned if f != fqn) if fqn in self._pinned else (*self._pinned, fqn)
        self.pinned_changed.emit()

    @gui_thread_only
    def set_crosshair(self, step: int | None) -> None:
        """Show the crosshair at ``step`` in all plots."""
        if step != self._crosshair_step:
            self._crosshair_step = step
            self.crosshair_changed.emit()

    @gui_thread_only
    def set_hovered(self, fqn: str | None) -> None:
        """Tint the module's row wherever it is shown."""
        if fqn != self._hovered_fqn:
            self._hovered_fqn = fqn
            self.hovered_changed.emit()

    @property
    def can_go_back(self) -> bool:
        """There is an earlier module in the history."""
        return self._position > 0

    @property
    def can_go_forward(self) -> bool:
        """There is a later module in the history."""
        return self._position + 1 < len(self._history)

    @gui_thread_only
    def go_back(self) -> None:
        """Alt+Left."""
        self._go_to(self._position - 1)

    @gui_thread_only
    def go_forward(self) -> None:
        """Alt+Right."""
        self._go_to(self._position + 1)

    @gui_thread_only
    def clear(self) -> None:
        """Another model was opened."""
        self._history, self._position = [], -1
        self._fqns, self._tensor_fqn, self._pinned = (), None, ()
        self._crosshair_step = self._hovered_fqn = None
        self.changed.emit()
        self.pinned_changed.emit()
        self.crosshair_changed.emit()

    def _remember(self, fqn: str) -> None:
        self._history = [*self._history[: self._position + 1], fqn][-_HISTORY_LENGTH:]
        self._position = len(self._history) - 1

    def _go_to(self, position: int) -> None:
        if 0 <= position < len(self._history):
            self._position = position
            self._fqns, self._tensor_fqn = (self._history[position],), None
            self.changed.emit()
