"""Many series over the same steps: the newest at full resolution, all the older ones as minimum and maximum.

Memory is constant in the number of steps. Level 0 is a ring of raw rows; a row of level k is the smallest and largest
finite value of ``FOLD ** k`` steps, in a ring of its own. No spike is lost at any distance, only its exact step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLD = 8
N_LEVELS = 6  # 2048 rows of 8**6 steps: 500 million steps
_LEVEL_ROWS = 2048
_RAW_ROWS_MINIMUM, _RAW_ROWS_MAXIMUM = 1024, 16384
_RAW_BYTES = 64 * 2**20  # the ring shrinks from its maximum towards its minimum to stay below this
_BYTES_A_POINT = 5


class Ring:
    """Rows of several arrays that grow by doubling up to a capacity and then overwrite the oldest."""

    def __init__(self, n_columns: int, capacity: int, dtypes: tuple[type, ...], blanks: tuple[float, ...]) -> None:
        self.capacity = capacity
        self.n_rows = 0
        self._head = 0  # where the next row goes
        self._blanks = blanks
        self._n_allocated = min(64, capacity)
        self.steps = np.zeros(self._n_allocated, dtype=np.int64)
        self.arrays: list[NDArray[Any]] = [
            np.full((self._n_allocated, n_columns), blank, dtype=dtype)
            for dtype, blank in zip(dtypes, blanks, strict=True)
        ]

    def append(self, step: int) -> int:
        """Make room for one more row, blank it, and give its position."""
        if self.n_rows == self._n_allocated and self._n_allocated < self.capacity:
            self._resize_rows(min(self._n_allocated * 2, self.capacity))
        position = self._head
        self.steps[position] = step
        for array, blank in zip(self.arrays, self._blanks, strict=True):
            array[position] = blank
        self._head = (position + 1) % self._n_allocated
        self.n_rows = min(self.n_rows + 1, self._n_allocated)
        return position

    def positions(self, n_newest: int) -> NDArray[np.int64]:
        """Positions of the newest rows, oldest of them first."""
        n = min(n_newest, self.n_rows)
        return (self._head - n + np.arange(n)) % self._n_allocated

    def range(self, first_step: int, last_step: int) -> NDArray[np.int64]:
        """Positions of the rows whose step lies between two steps, inclusive."""
        order = self.positions(self.n_rows)
        steps = self.steps[order]
        return order[np.searchsorted(steps, first_step) : np.searchsorted(steps, last_step, side="right")]

    @property
    def first_step(self) -> int | None:
        """Step of the oldest row."""
        return int(self.steps[self.positions(self.n_rows)[0]]) if self.n_rows else None

    def add_columns(self, n_columns: int) -> None:
        """Widen all rows with blanks."""
        self.arrays = [
            np.concatenate([array, np.full((array.shape[0], n_columns), blank, dtype=array.dtype)], axis=1)
            for array, blank in zip(self.arrays, self._blanks, strict=True)
        ]

    def set_capacity(self, capacity: int) -> None:
        """Keep at most so many rows from now on, the newest of those there are."""
        self.capacity = capacity
        if self._n_allocated > capacity:
            self._resize_rows(capacity)

    def _resize_rows(self, n_allocated: int) -> None:
        keep = self.positions(min(self.n_rows, n_allocated))
        n_kept = len(keep)
        steps = np.zeros(n_allocated, dtype=np.int64)
        steps[:n_kept] = self.steps[keep]
        for index, array in enumerate(self.arrays):
            larger = np.empty((n_allocated, array.shape[1]), dtype=array.dtype)
            larger[:n_kept] = array[keep]
            self.arrays[index] = larger
        self.steps, self._n_allocated, self.n_rows = steps, n_allocated, n_kept
        self._head = n_kept % n_allocated


class Archive:
    """The history of all series of a run. One writer and reader, the same thread."""

    def __init__(self) -> None:
        self._n_series = 0
        self._raw = Ring(0, _RAW_ROWS_MAXIMUM, (np.float32, np.bool_), (np.nan, False))
        self._levels = [
            Ring(0, _LEVEL_ROWS, (np.float32, np.float32, np.bool_), (np.nan, np.nan, False)) for _ in range(N_LEVELS)
        ]
        self._n_pending = [0] * N_LEVELS  # rows of the level below that are not folded yet
        self._latest = np.full(0, np.nan, dtype=np.float32)
        self._has_latest = np.zeros(0, dtype=np.bool_)

    @property
    def raw(self) -> Ring:
        """The rows at full resolution: ``arrays`` are values and measured."""
        return self._raw

    def add_series(self, n: int) -> None:
        """Make room for ``n`` more series; they were not measured so far."""
        self._n_series += n
        rows = _RAW_BYTES // (_BYTES_A_POINT * max(self._n_series, 1))
        self._raw.set_capacity(max(_RAW_ROWS_MINIMUM, min(_RAW_ROWS_MAXIMUM, rows)))
        self._raw.add_columns(n)
        for level in self._levels:
            level.add_columns(n)
        self._latest = np.concatenate([self._latest, np.full(n, np.nan, dtype=np.float32)])
        self._has_latest = np.concatenate([self._has_latest, np.zeros(n, dtype=np.bool_)])

    def append(self, step: int, series: NDArray[np.int32], values: NDArray[np.float32]) -> None:
        """Add what was measured at ``step``, which is larger than every step before."""
        self._fold(0, step)
        position = self._raw.append(step)
        row, measured = self._raw.arrays
        row[position, series] = values
        measured[position, series] = True
        self._n_pending[0] += 1
        self._latest[series] = values
        self._has_latest[series] = True

    def latest(self, series: int) -> float | None:
        """Last value measured, or None."""
        return float(self._latest[series]) if self._has_latest[series] else None

    def envelope_rows(
        self, series: int, first_step: int, last_step: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """Steps, low, high and non-finite of the finest level that still reaches back to ``first_step``."""
        level = self._finest_level_from(first_step)
        parts = []
        if level:
            ring = self._levels[level - 1]
            at = ring.range(first_step - FOLD**level + 1, last_step)
            parts.append((ring.steps[at], *(array[at, series] for array in ring.arrays)))
            for below in range(level - 1, 0, -1):
                parts.append(self._unfolded(below, series, last_step))
        parts.append(self._raw_rows(series, first_step, last_step, only_pending=level > 0))
        steps, low, high, bad = (np.concatenate(column) for column in zip(*parts, strict=True))
        return steps, low, high, bad

    def _unfolded(self, level: int, series: int, last_step: int) -> tuple[NDArray[np.generic], ...]:
        ring = self._levels[level - 1]
        at = ring.positions(self._n_pending[level])
        at = at[ring.steps[at] <= last_step]
        return (ring.steps[at], *(array[at, series] for array in ring.arrays))

    def _raw_rows(
        self, series: int, first_step: int, last_step: int, *, only_pending: bool
    ) -> tuple[NDArray[np.generic], ...]:
        raw = self._raw
        at = raw.positions(self._n_pending[0]) if only_pending else raw.range(first_step, last_step)
        at = at[raw.steps[at] <= last_step]
        values, measured = raw.arrays[0][at, series], raw.arrays[1][at, series]
        finite = np.isfinite(values)
        shown = np.where(finite, values, np.float32(np.nan))
        return raw.steps[at], shown, shown, measured & ~finite

    def _finest_level_from(self, first_step: int) -> int:
        oldest = self._raw.first_step
        if oldest is None or oldest <= first_step:
            return 0
        best, best_oldest = 0, oldest
        for level, ring in enumerate(self._levels, start=1):
            start = ring.first_step
            if start is None:
                break
            if start < best_oldest:
                best, best_oldest = level, start
            if start <= first_step:
                break
        return best

    def _fold(self, level: int, step: int) -> None:
        """Before ``step`` comes: close the group of the level above when ``step`` no longer belongs to it."""
        if level == N_LEVELS or not self._n_pending[level]:
            return
        width = FOLD ** (level + 1)
        below = self._raw if level == 0 else self._levels[level - 1]
        at = below.positions(self._n_pending[level])
        group = int(below.steps[at[0]]) // width
        if step // width == group:
            return
        self._fold(level + 1, group * width)
        low, high, bad = self._extremes(level, at)
        above = self._levels[level]
        position = above.append(group * width)
        for array, row in zip(above.arrays, (low, high, bad), strict=True):
            array[position] = row
        self._n_pending[level] = 0
        if level + 1 < N_LEVELS:
            self._n_pending[level + 1] += 1

    def _extremes(
        self, level: int, at: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        if level:
            low, high, bad = (array[at] for array in self._levels[level - 1].arrays)
            return np.fmin.reduce(low), np.fmax.reduce(high), np.logical_or.reduce(bad)
        values, measured = (array[at] for array in self._raw.arrays)
        finite = np.isfinite(values)
        shown = np.where(finite, values, np.float32(np.nan))
        return np.fmin.reduce(shown), np.fmax.reduce(shown), np.logical_or.reduce(measured & ~finite)
