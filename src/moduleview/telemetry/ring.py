"""Rows of several arrays in memory of a fixed size: when it is full, the oldest row goes.

All of it is asked for at once and left untouched: the system gives memory to a row when it is written first, so nothing
is copied while it fills.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Columns = slice | NDArray[np.int64]
_ROOM_TO_GROW = 4  # a fourth of the columns more than asked for, once they grow


class Ring:
    """Steps, their times, and for each step a row of every array."""

    def __init__(self, capacity: int, dtypes: tuple[type, ...]) -> None:
        self.capacity = capacity
        self.n_rows = 0
        self.has_lost = False  # rows that are no longer there
        self.head = 0  # where the next row goes
        self.n_columns = 0  # those there is room for
        self.steps = np.empty(capacity, dtype=np.int64)
        self.times = np.empty(capacity, dtype=np.float64)
        self.arrays: list[NDArray[Any]] = [np.empty((capacity, 0), dtype=dtype) for dtype in dtypes]

    @property
    def n_bytes(self) -> int:
        """Memory that the rows take."""
        return self.n_rows * self._row_bytes()

    @property
    def most_bytes(self) -> int:
        """Memory that it takes once it is full."""
        return self.capacity * self._row_bytes()

    @property
    def first_step(self) -> int | None:
        """Step of the oldest row."""
        return int(self.steps[self._oldest]) if self.n_rows else None

    def append(self, step: int, time_s: float) -> int:
        """Make room for one more row and give its position; what stands there is left over."""
        position = self.head
        self.steps[position], self.times[position] = step, time_s
        self.head = (position + 1) % self.capacity
        self.has_lost = self.has_lost or self.n_rows == self.capacity
        self.n_rows = min(self.n_rows + 1, self.capacity)
        return position

    def rank(self, step: int, side: Literal["left", "right"] = "left") -> int:
        """How many rows are older than ``step``; with "right", older or the same."""
        older, newer = self._two_parts(self.steps, 0, self.n_rows)
        found = int(np.searchsorted(older, step, side))
        return found if found < len(older) else found + int(np.searchsorted(newer, step, side))

    def rows(self, array: NDArray[Any], begin: int, end: int, columns: Columns | None = None) -> NDArray[Any]:
        """(end - begin, ...) of ``steps``, ``times`` or one of ``arrays``, from the oldest row on; may be a view.

        Args:
            array: One of this ring's.
            begin: Rank of the first row, 0 for the oldest.
            end: One past the rank of the last row.
            columns: Of a two-dimensional one.
        """
        parts = [part for part in self._two_parts(array, begin, end) if len(part)] or [array[:0]]
        if isinstance(columns, slice):
            parts = [part[:, columns] for part in parts]
        elif columns is not None:
            parts = [part.take(columns, axis=1) for part in parts]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def resize(self, n_columns: int, capacity: int, blanks: tuple[Any, ...]) -> None:
        """Have so many columns, new ones blank, and at most so many rows, the newest of those there are."""
        n_kept = min(self.n_rows, capacity)
        first = self.n_rows - n_kept
        self.has_lost = self.has_lost or first > 0
        arrays = []
        for array, blank in zip(self.arrays, blanks, strict=True):
            larger = np.empty((capacity, n_columns), dtype=array.dtype)
            larger[:n_kept, : self.n_columns] = self.rows(array, first, self.n_rows)
            larger[:n_kept, self.n_columns :] = blank
            arrays.append(larger)
        steps, times = np.empty(capacity, dtype=np.int64), np.empty(capacity, dtype=np.float64)
        steps[:n_kept] = self.rows(self.steps, first, self.n_rows)
        times[:n_kept] = self.rows(self.times, first, self.n_rows)
        self.steps, self.times = steps, times
        self.arrays, self.n_columns = arrays, n_columns
        self.capacity, self.n_rows, self.head = capacity, n_kept, n_kept % capacity

    @property
    def _oldest(self) -> int:
        return (self.head - self.n_rows) % self.capacity

    def _two_parts(self, array: NDArray[Any], begin: int, end: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Rows by rank as they lie in memory: before and behind its end."""
        start = self._oldest + begin
        n = max(end - begin, 0)
        if start >= self.capacity:
            return array[start - self.capacity :][:n], array[:0]
        n_first = min(n, self.capacity - start)
        return array[start : start + n_first], array[: n - n_first]

    def _row_bytes(self) -> int:
        return 16 + self.n_columns * sum(array.itemsize for array in self.arrays)


def room_for(n_columns: int, n_before: int) -> int:
    """Columns to make room for: what is needed at first, and more when it turns out that they grow."""
    return n_columns if not n_before else max(n_columns, n_before + n_before // _ROOM_TO_GROW)
