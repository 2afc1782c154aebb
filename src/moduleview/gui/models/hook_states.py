"""What each hook cell of the tree shows: a module's own tick, or what is ticked in all of its subtree.

A module that stands in the tree twice is one module: its second row shows the state of the first, and a tick on it is
a tick on the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.hooks import COUNTING_KINDS, MODULE_KINDS, HookEntry, HookKind, HookStatus
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot, ModuleTrait

_NEVER_FIRES = (ModuleTrait.CONTAINER, ModuleTrait.SCRIPT, ModuleTrait.COMPILED)


class CellState(IntEnum):
    """What a hook cell looks like."""

    OFF = 0
    REQUESTED = 1
    ACTIVE = 2
    PARTIAL = 3
    CANNOT_FIRE = 4
    FAILED = 5


CELL_STATE_OF = {
    HookStatus.REQUESTED: CellState.REQUESTED,
    HookStatus.ACTIVE: CellState.ACTIVE,
    HookStatus.CANNOT_FIRE: CellState.CANNOT_FIRE,
    HookStatus.FAILED: CellState.FAILED,
}


class HookStates:
    """The hook columns of one snapshot. Immutable; made anew when a hook changes."""

    def __init__(self, snapshot: ModelSnapshot, hooks: Mapping[tuple[str, HookKind], HookEntry]) -> None:
        self._snapshot = snapshot
        self._hooks = hooks
        self._may_fire = ~np.isin(snapshot.traits, _NEVER_FIRES)
        self._own: dict[HookKind, NDArray[np.uint8]] = {}
        self._refused = np.zeros(len(snapshot), dtype=np.bool_)
        self._sampled = np.zeros(len(snapshot), dtype=np.bool_)
        self._read()
        self._sums = {kind: _Counts(self._fireable(kind), self.own(kind)) for kind in MODULE_KINDS if kind in self._own}
        self._idle = _Counts(self._may_fire, None)

    @property
    def n_active(self) -> int:
        """Hooks that are on, those of parameters included."""
        return sum(entry.status is HookStatus.ACTIVE for entry in self._hooks.values())

    @property
    def n_requested(self) -> int:
        """Hooks that wait for a safe point."""
        return sum(entry.status is HookStatus.REQUESTED for entry in self._hooks.values())

    @property
    def refused(self) -> NDArray[np.bool_]:
        """(n,) bool: modules that no hook can look at, or where one was refused and none is on."""
        closed: NDArray[np.bool_] = np.isin(self._snapshot.traits, (ModuleTrait.SCRIPT, ModuleTrait.COMPILED))
        is_on = np.zeros(len(self._snapshot), dtype=np.bool_)
        for kind in self._own:
            is_on |= self.ticked(kind)
        return (self._refused | closed) & ~is_on  # in a compiled module they are on while it runs uncompiled

    @property
    def sampled(self) -> NDArray[np.bool_]:
        """(n,) bool: modules whose hooks look at one step in several, to keep within the budget."""
        return self._sampled[self._first_places()]

    @property
    def every(self) -> int:
        """They look at one step in so many."""
        return max((entry.every for entry in self._hooks.values()), default=1)

    def own(self, kind: HookKind) -> NDArray[np.uint8]:
        """(n,) uint8 of ``CellState``: each module's own hook, without its subtree."""
        return self._own.get(kind, np.zeros(len(self._snapshot), dtype=np.uint8))

    def ticked(self, kind: HookKind) -> NDArray[np.bool_]:
        """(n,) bool: modules whose own hook is on or asked for."""
        own = self.own(kind)
        ticked: NDArray[np.bool_] = (own == CellState.ACTIVE) | (own == CellState.REQUESTED)
        return ticked

    def entry(self, node: int, kind: HookKind) -> HookEntry | None:
        """What is known of the hook on ``node`` itself."""
        first = int(self._snapshot.alias_of[node])
        return self._hooks.get((self._snapshot.fqn_of(node if first == NO_NODE else first), kind))

    def counts(self, node: int, kind: HookKind) -> tuple[int, int]:
        """How many modules in the subtree are ticked, and how many can be; the node itself included."""
        return self._sums.get(kind, self._idle).of(node, int(self._snapshot.subtree_end[node]))[:2]

    def state(self, node: int, kind: HookKind) -> CellState:
        """What the cell shows."""
        own = CellState(int(self.own(kind)[node])) if kind in self._own else CellState.OFF
        end = int(self._snapshot.subtree_end[node])
        n_ticked, n_fireable, n_requested = self._sums.get(kind, self._idle).of(node, end)
        if own is CellState.FAILED:
            return own
        if n_fireable == 0:
            return CellState.CANNOT_FIRE
        if n_ticked == 0:
            return CellState.OFF
        if n_ticked < n_fireable:
            return CellState.PARTIAL
        return CellState.REQUESTED if n_requested else CellState.ACTIVE

    def targets(self, nodes: Iterable[int], kind: HookKind, *, enabled: bool, below: bool = True) -> tuple[str, ...]:
        """FQNs that a tick on ``nodes`` changes: what can fire and is not yet as wanted.

        Args:
            nodes: Rows of the snapshot.
            kind: Which hook.
            enabled: Ticked or unticked.
            below: Whole subtrees; False for the nodes alone.
        """
        chosen = np.zeros(len(self._snapshot), dtype=np.bool_)
        for node in nodes:
            chosen[node : int(self._snapshot.subtree_end[node]) if below else node + 1] = True
        ticked = self.ticked(kind)
        chosen &= self._fireable(kind) & ~ticked if enabled else self.own(kind) != CellState.OFF
        fqns = self._snapshot.fqns
        return tuple(fqns[node] for node in np.unique(self._first_places()[chosen]).tolist())

    def _read(self) -> None:
        for (fqn, kind), entry in self._hooks.items():
            node = self._snapshot.node_of(fqn) if kind in MODULE_KINDS else None
            if node is None:
                continue
            own = self._own.setdefault(kind, np.zeros(len(self._snapshot), dtype=np.uint8))
            own[node] = CELL_STATE_OF[entry.status]
            self._sampled[node] |= entry.every > 1 and entry.status is HookStatus.ACTIVE and kind not in COUNTING_KINDS
            if entry.status is HookStatus.CANNOT_FIRE:
                self._refused[node] = True
        for kind, own in self._own.items():
            self._own[kind] = own[self._first_places()]

    def _first_places(self) -> NDArray[np.int32]:
        """(n,) int32: the row itself, or that where the same module stands first."""
        alias_of = self._snapshot.alias_of
        return np.where(alias_of == NO_NODE, np.arange(len(alias_of), dtype=np.int32), alias_of)

    def _fireable(self, kind: HookKind) -> NDArray[np.bool_]:
        accepted: NDArray[np.bool_] = self.own(kind) != CellState.CANNOT_FIRE
        fireable: NDArray[np.bool_] = (self._may_fire | self.ticked(kind)) & accepted
        return fireable


class _Counts:
    """Prefix sums: ticked, fireable and requested modules before each row; only the fireable ones of an idle kind."""

    def __init__(self, fireable: NDArray[np.bool_], own: NDArray[np.uint8] | None) -> None:
        self._is_idle = own is None
        counted = [fireable]
        if own is not None:
            requested = own == CellState.REQUESTED
            counted += [((own == CellState.ACTIVE) | requested) & fireable, requested & fireable]
        self._sums = np.zeros((len(counted), len(fireable) + 1), dtype=np.int32)
        for row, one in enumerate(counted):
            np.cumsum(one, dtype=np.int32, out=self._sums[row, 1:])

    def of(self, begin: int, end: int) -> tuple[int, int, int]:
        """Ticked, fireable and requested ones in the rows ``begin:end``."""
        fireable, *others = (self._sums[:, end] - self._sums[:, begin]).tolist()
        ticked, requested = (0, 0) if self._is_idle else others
        return ticked, fireable, requested
