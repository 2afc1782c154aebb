"""What a parameter's tensor hook shows: its state, why it cannot be ticked, what it costs."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject

from moduleview.gui.models.fire_words import fires_and_cost
from moduleview.gui.models.hook_states import CELL_STATE_OF, CellState
from moduleview.telemetry.hooks import HookEntry, HookKind, HookStatus
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot
from moduleview.telemetry.store_view import StoreView


def first_place(snapshot: ModelSnapshot, row: int) -> str:
    """FQN under which a tensor is measured and hooked: the first of the places where it is registered."""
    first = int(snapshot.tensors.alias_of[row])
    return snapshot.tensor_fqns[row if first == NO_NODE else first]


def other_places(snapshot: ModelSnapshot, row: int) -> list[str]:
    """FQNs of the other places where the same tensor is registered."""
    alias_of = snapshot.tensors.alias_of
    first = row if alias_of[row] == NO_NODE else int(alias_of[row])
    places = [first, *np.flatnonzero(alias_of == first).tolist()]
    return [snapshot.tensor_fqns[place] for place in places if place != row]


class TensorHooks(QObject):
    """Reads the tensor hooks of a store. Rows are rows of ``snapshot.tensors``."""

    def __init__(self, store: StoreView, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store

    def entry(self, snapshot: ModelSnapshot, row: int) -> HookEntry | None:
        """What is known of the hook, or None when it is off."""
        return self._store.hooks.get((first_place(snapshot, row), HookKind.TENSOR))

    def state(self, snapshot: ModelSnapshot, row: int) -> CellState:
        """What the cell looks like."""
        entry = self.entry(snapshot, row)
        if entry is not None:
            return CELL_STATE_OF[entry.status]
        return CellState.CANNOT_FIRE if self.why_not(snapshot, row) else CellState.OFF

    def is_tickable(self, snapshot: ModelSnapshot, row: int) -> bool:
        """A person may tick or untick it."""
        return self.entry(snapshot, row) is not None or not self.why_not(snapshot, row)

    def why_not(self, snapshot: ModelSnapshot, row: int) -> str:
        """Why no hook can sit on the tensor, "" where one can."""
        tensors = snapshot.tensors
        if not tensors.is_parameter[row]:
            return self.tr("A buffer gets no gradient")
        if tensors.shapes[row] is None:
            return self.tr("Waits for its first input")
        if not tensors.requires_grad[row]:
            return self.tr("Frozen: it gets no gradient")
        return ""

    def tip(self, snapshot: ModelSnapshot, row: int) -> str:
        """Tooltip of the cell."""
        entry = self.entry(snapshot, row)
        if entry is None:
            off = self.tr("Tick to measure the gradient of each backward pass, before it is accumulated")
            return self.why_not(snapshot, row) or off
        if entry.status is HookStatus.REQUESTED:
            return self.tr("Applies at the next safe point")
        if entry.status is HookStatus.ACTIVE:
            return fires_and_cost(entry)
        return entry.reason
