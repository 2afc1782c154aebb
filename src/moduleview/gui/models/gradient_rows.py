"""The last gradient norms of the modules on the screen, read from the store a few steps at a time.

A whole window of 240 steps is read only when a module comes into view; after that only the steps that are new. What is
read at once is bounded, so a huge subtree starts with a short history instead of a slow frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.module_norms import segment_sums
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.store_view import StoreView

QUANTITY = "grad_norm"
WINDOW_STEPS = 240
_READ_AT_ONCE = 120_000  # values; about 2 ms


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
        self._keys: tuple[SeriesKey, ...] | None = None
        self._histories: dict[int, GradientHistory] = {}
        self._last_step: int | None = None
        self._latest: tuple[int | None, NDArray[np.float32], NDArray[np.bool_]] | None = None

    def history(self, node: int) -> GradientHistory | None:
        """Of a module that was on the screen at the last refresh, else None."""
        return self._histories.get(node)

    def refresh(self, store: StoreView, nodes: Sequence[int]) -> None:
        """Read what is new for the modules on the screen, and everything for those that came into view."""
        last_step = store.last_step
        known = [node for node in nodes if node in self._histories]
        if last_step != self._last_step:
            n_new = WINDOW_STEPS if last_step is None or self._last_step is None else last_step - self._last_step
            if 0 < n_new < WINDOW_STEPS and self._last_step is not None:
                self._histories.update(self._read(store, known, n_new, self._last_step))
            else:
                known = []  # another run, or nothing left of what was shown
        histories = {node: self._histories[node] for node in known}
        histories.update(self._read_whole(store, [node for node in nodes if node not in histories]))
        self._histories, self._last_step = histories, last_step

    def latest_of_all(self, store: StoreView) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """(n,) gradient norm of every subtree at the last step, and whether it was measured; kept for the step."""
        if self._latest is None or self._latest[0] != store.last_step:
            snapshot = self._snapshot
            begins, ends = snapshot.tensor_begin[:-1], snapshot.tensor_begin[snapshot.subtree_end]
            matrix = store.matrix(self._tensor_keys(), 1)
            values, measured = _norms(matrix.values, matrix.measured, begins, ends)
            if not len(values):
                values, measured = np.zeros((1, len(snapshot)), np.float32), np.zeros((1, len(snapshot)), np.bool_)
            self._latest = (store.last_step, values[-1], measured[-1])
        return self._latest[1], self._latest[2]

    def _read_whole(self, store: StoreView, nodes: Sequence[int]) -> dict[int, GradientHistory]:
        """In groups: the modules whose subtree is small together, the large ones with fewer steps."""
        small = [node for node in nodes if len(self._snapshot.subtree_tensors(node)) * WINDOW_STEPS <= _READ_AT_ONCE]
        histories = self._read(store, small, WINDOW_STEPS)
        for node in sorted(set(nodes) - set(small)):
            n_tensors = len(self._snapshot.subtree_tensors(node))
            histories.update(self._read(store, [node], max(_READ_AT_ONCE // n_tensors, 1)))
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
        keys = self._tensor_keys()
        matrix = store.matrix([keys[row] for row in rows.tolist()], n_steps)
        is_new = matrix.steps > (-1 if after is None else after)
        values, measured = _norms(
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

    def _tensor_keys(self) -> tuple[SeriesKey, ...]:
        if self._keys is None:
            self._keys = tuple(SeriesKey(QUANTITY, fqn) for fqn in self._snapshot.tensor_fqns)
        return self._keys


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


def _norms(
    values: NDArray[np.float32], measured: NDArray[np.bool_], begins: NDArray[np.int32], ends: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """(steps, segments): root of the sum of the squares, and whether anything in the segment was measured."""
    squares = np.where(measured, values.astype(np.float64), 0.0) ** 2
    found = segment_sums(measured.astype(np.int64), begins, ends) > 0
    with np.errstate(over="ignore"):
        norms = np.sqrt(segment_sums(squares, begins, ends)).astype(np.float32)
    return np.where(found, norms, np.float32(np.nan)), found
