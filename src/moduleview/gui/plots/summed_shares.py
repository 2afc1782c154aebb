"""The distributions of many tensors, put together a step at a time so that no frame takes long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from moduleview.gui.plots.magnitude_shares import ShareHistory
from moduleview.telemetry.histograms import N_BINS
from moduleview.telemetry.store_view import StoreView

_TENSORS_A_FRAME, _STEPS_A_FRAME = 12_000, 64  # 16 000 tensors take 8 ms, and a step of few of them 0.05 ms
_Row = tuple[NDArray[np.float64], tuple[int, int, int]]


class SummedShares:
    """Reads a store, the steps that are looked at first, then the others from the newest back. GUI thread only.

    Args:
        quantity: ``grad_magnitudes`` or ``weight_magnitudes``.
        fqns: Tensors, each once.
        numels: Elements of each of them.
    """

    def __init__(self, quantity: str, fqns: Sequence[str], numels: Sequence[int]) -> None:
        self._quantity, self._fqns = quantity, tuple(fqns)
        self._numels = np.array(numels, dtype=np.int64)
        self._rows: dict[int, _Row | None] = {}  # None: nothing of these tensors was measured there
        self._newest: int | None = None
        self._read_for: tuple[int, int | None] | None = None
        self.is_complete = True

    def update(self, store: StoreView, step: int | None, steps_before: int) -> bool:
        """Read some more steps; True when there is something new.

        Args:
            store: Where from.
            step: The step that is looked at, None for the newest.
            steps_before: So many steps before it is the one that it is compared with.
        """
        state = (store.series_revision, step)
        if state == self._read_for and self.is_complete:
            return False
        self._read_for = state
        steps = store.histogram_steps(self._quantity)
        before = dict(self._rows)
        self._rows = {kept: self._rows[kept] for kept in steps.tolist() if kept in self._rows}
        self._rows.pop(-1 if self._newest is None else self._newest, None)  # more tensors may have joined it
        self._newest = int(steps[-1]) if len(steps) else None
        most = max(2, min(_STEPS_A_FRAME, _TENSORS_A_FRAME // max(len(self._fqns), 1)))
        missing = list(dict.fromkeys(at for at in _in_order(steps, step, steps_before) if at not in self._rows))
        for at in missing[:most]:
            self._rows[at] = self._read(store, at)
        self.is_complete = len(missing) <= most
        return not _are_same(before, self._rows)

    @property
    def history(self) -> ShareHistory:
        """What was read so far."""
        found = sorted((step, row) for step, row in self._rows.items() if row is not None)
        shares = np.array([row[0] for _, row in found]).reshape(-1, N_BINS)
        counts = np.array([row[1] for _, row in found], dtype=np.int64).reshape(-1, 3)
        return ShareHistory(np.array([step for step, _ in found], dtype=np.int64), shares, *counts.T)

    def _read(self, store: StoreView, step: int) -> _Row | None:
        counts = store.histograms_at(self._quantity, step, self._fqns)
        sampled = counts.sum(axis=1, dtype=np.int64)
        there = np.flatnonzero(sampled)
        n_elements = int(self._numels[there].sum())
        if not n_elements:
            return None
        weights = self._numels[there] / sampled[there] / n_elements
        return weights @ counts[there], (int(sampled.sum()), len(there), n_elements)


def _in_order(steps: NDArray[np.int64], step: int | None, steps_before: int) -> Iterator[int]:
    """The step that is looked at, the one that it is compared with, then all from the newest back."""
    if not len(steps):
        return
    at = int(steps[-1]) if step is None else step
    for wanted in (at, at - steps_before):
        yield int(steps[max(int(np.searchsorted(steps, wanted, side="right")) - 1, 0)])
    yield from steps[::-1].tolist()


def _are_same(one: dict[int, _Row | None], other: dict[int, _Row | None]) -> bool:
    if one.keys() != other.keys():
        return False
    return all(row is other[at] or (row is not None and _counts(row) == _counts(other[at])) for at, row in one.items())


def _counts(row: _Row | None) -> tuple[int, int, int] | None:
    return None if row is None else row[1]
