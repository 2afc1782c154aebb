"""The last gradient norms of the modules on the screen, read from the store a few steps at a time.

A whole window of 240 steps is read only when a module comes into view; after that only the steps that are new. What is
read at once is bounded: a subtree of many thousand tensors is read now and then, one step at a time, and never while a
person scrolls.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.module_norms import segment_norms, tensor_keys
from moduleview.telemetry.quantities import GRAD_NORM
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.store_view import StoreView

WINDOW_STEPS = 240
_READ_AT_ONCE = 120_000  # values; about 2 ms
_TENSORS_A_STEP = 6_000  # read at every step; about 2 ms
_KEYS_AT_FIRST = 200_000  # 0.1 s, too long for a later keystroke; more are made once they are needed
_SHARE_OF_LARGE = 0.03  # of the time may go into reading subtrees that are larger


@dataclass(frozen=True, eq=False)
class GradientHistory:
    """Gradient norms of one module's subtree.

    Attributes:
        values: (k,) float32, oldest first, at most 240; NaN where it was measured and is NaN.
        measured: (k,) bool.
    """

    values: NDArray[np.float32]
    measured: NDArray[np.bool_]

    @property
    def latest(self) -> float | None:
        """The newest measured norm, None for none."""
        rows = np.flatnonzero(self.measured)
        return float(self.values[rows[-1]]) if len(rows) else None


class GradientRows:
    """Histories of the modules on the screen, for one snapshot. GUI thread only."""

    def __init__(self, snapshot: ModelSnapshot) -> None:
        self._snapshot = snapshot
        self._keys: tuple[SeriesKey, ...] = ()
        if len(snapshot.tensors) <= _KEYS_AT_FIRST:
            self._keys = tensor_keys(snapshot, GRAD_NORM)
        self._histories: dict[int, GradientHistory] = {}
        self._last_step: int | None = None
        self._large_from_s = 0.0  # monotonic time from which large subtrees may be read again
        self._latest: tuple[int | None, NDArray[np.float32], NDArray[np.bool_]] | None = None

    def history(self, node: int) -> GradientHistory | None:
        """Of a module that was on the screen at the last refresh, else None."""
        return self._histories.get(node)

    def refresh(self, store: StoreView, nodes: Sequence[int], *, is_hurried: bool = False) -> None:
        """Read what is new for the modules on the screen, and everything for those that came into view.

        Args:
            store: The run.
            nodes: Modules on the screen.
            is_hurried: A person scrolls or opens something: leave out what takes long.
        """
        if store.last_step is None:
            self._histories, self._last_step = {}, None
            return
        small, large = self._parted(nodes)
        n_new = WINDOW_STEPS if self._last_step is None else store.last_step - self._last_step
        if not 0 <= n_new < WINDOW_STEPS:
            self._histories = {}  # another run, or nothing left of what was shown
        known = [node for node in small if node in self._histories]
        histories = {node: self._histories[node] for node in (*known, *large) if node in self._histories}
        histories.update(self._read(store, known, n_new, after=self._last_step))
        histories.update(self._read_whole(store, [node for node in small if node not in histories]))
        if not is_hurried and time.monotonic() >= self._large_from_s:
            histories.update(self._read_large(store, large))
        self._histories, self._last_step = histories, store.last_step

    def latest_of_all(self, store: StoreView) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """(n,) gradient norm of every subtree at the last step, and whether it was measured; kept for the step."""
        if self._latest is None or self._latest[0] != store.last_step:
            snapshot = self._snapshot
            begins, ends = snapshot.tensor_begin[:-1], snapshot.tensor_begin[snapshot.subtree_end]
            matrix = store.matrix(self._all_keys(), 1)
            values, measured = segment_norms(matrix.values, matrix.measured, begins, ends)
            if not len(values):
                values, measured = np.zeros((1, len(snapshot)), np.float32), np.zeros((1, len(snapshot)), np.bool_)
            self._latest = (store.last_step, values[-1], measured[-1])
        return self._latest[1], self._latest[2]

    def _all_keys(self) -> tuple[SeriesKey, ...]:
        if len(self._keys) < len(self._snapshot.tensors):
            self._keys = tensor_keys(self._snapshot, GRAD_NORM)
        return self._keys

    def _keys_of(self, rows: NDArray[np.int64]) -> list[SeriesKey]:
        if not self._keys and len(rows) <= _TENSORS_A_STEP:
            return [SeriesKey(GRAD_NORM, self._snapshot.tensor_fqn_of(row)) for row in rows.tolist()]
        keys = self._all_keys()
        return [keys[row] for row in rows.tolist()]

    def _n_tensors(self, node: int) -> int:
        return len(self._snapshot.subtree_tensors(node))

    def _parted(self, nodes: Sequence[int]) -> tuple[list[int], list[int]]:
        """Modules with few tensors in their subtree, which are read at every step, and the others."""
        by_size = sorted(nodes, key=self._n_tensors)
        sums = np.cumsum([self._n_tensors(node) for node in by_size]) if by_size else np.zeros(0)
        n_small = int(np.searchsorted(sums, _TENSORS_A_STEP, side="right"))
        return by_size[:n_small], by_size[n_small:]

    def _read_whole(self, store: StoreView, nodes: Sequence[int]) -> dict[int, GradientHistory]:
        """In groups: the modules whose subtree is small together, the larger ones with fewer steps."""
        few = [node for node in nodes if self._n_tensors(node) * WINDOW_STEPS <= _READ_AT_ONCE]
        histories = self._read(store, few, WINDOW_STEPS)
        for node in sorted(set(nodes) - set(few)):
            n_steps = max(_READ_AT_ONCE // self._n_tensors(node), 1)
            histories.update(self._read(store, [node], n_steps))
        return histories

    def _read_large(self, store: StoreView, nodes: Sequence[int]) -> dict[int, GradientHistory]:
        if not nodes:
            return {}
        begin = time.monotonic()
        histories = self._read(store, nodes, 1, after=-1)
        now = time.monotonic()
        self._large_from_s = now + (now - begin) / _SHARE_OF_LARGE
        return histories

    def _read(
        self, store: StoreView, nodes: Iterable[int], n_steps: int, after: int | None = None
    ) -> dict[int, GradientHistory]:
        """Histories of the last ``n_steps``; with ``after``, those steps after it behind what is known already."""
        chosen = np.array(sorted(nodes), dtype=np.int64)
        if not len(chosen) or n_steps <= 0:
            return {}
        snapshot = self._snapshot
        begins, ends = snapshot.tensor_begin[chosen], snapshot.tensor_begin[snapshot.subtree_end[chosen]]
        rows = _union(begins, ends)
        matrix = store.matrix(self._keys_of(rows), n_steps)
        is_new = matrix.steps > (-1 if after is None else after)
        values, measured = segment_norms(
            matrix.values[is_new],
            matrix.measured[is_new],
            np.searchsorted(rows, begins).astype(np.int32),
            np.searchsorted(rows, ends).astype(np.int32),
        )
        histories = {}
        for column, node in enumerate(chosen.tolist()):
            before = None if after is None else self._histories.get(node)
            histories[node] = _appended(before, values[:, column], measured[:, column])
        return histories


def _appended(
    before: GradientHistory | None, values: NDArray[np.float32], measured: NDArray[np.bool_]
) -> GradientHistory:
    if before is None:
        return GradientHistory(values.copy(), measured.copy())
    return GradientHistory(
        np.concatenate([before.values, values])[-WINDOW_STEPS:],
        np.concatenate([before.measured, measured])[-WINDOW_STEPS:],
    )


def _union(begins: NDArray[np.int32], ends: NDArray[np.int32]) -> NDArray[np.int64]:
    """Sorted rows that lie in at least one of the intervals."""
    if not len(begins):
        return np.zeros(0, dtype=np.int64)
    low, high = int(begins.min()), int(ends.max())
    steps = np.bincount(begins - low, minlength=high - low + 1) - np.bincount(ends - low, minlength=high - low + 1)
    return np.flatnonzero(np.cumsum(steps)[:-1] > 0) + low
