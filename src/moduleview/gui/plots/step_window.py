"""The part of a run's history that a plot shows, kept between two frames, so that a new step costs one row.

What moves into view at the left is read when it does. A large part is read in pieces, the newest first, so that no
frame takes long: ``is_complete`` says whether all of it is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.store_view import History, StoreView

Combine = Callable[[History], tuple[NDArray[Any], ...]]
_VALUES_A_PIECE = 400_000
_PIECES_A_FRAME = 2


class StepWindow:
    """Rows of history, each put together over the series. GUI thread only.

    Args:
        keys: What is read.
        combine: Makes of a history of ``keys`` the arrays that are kept, (rows, ...) each.
    """

    def __init__(self, keys: tuple[SeriesKey, ...], combine: Combine) -> None:
        self._keys, self._combine = keys, combine
        self.width = 0
        self._first = 0
        self.steps: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.n_steps: NDArray[np.int64] = self.steps
        self.arrays: tuple[NDArray[Any], ...] = ()
        self._begin = self._next = 0  # steps from, and up to but not including, are read

    @property
    def is_complete(self) -> bool:
        """Everything that was asked for is read."""
        return self._begin <= self._first

    def update(self, store: StoreView, first_step: int, last_step: int, width: int) -> None:
        """Hold the rows from ``first_step``, a multiple of ``width``, to ``last_step``.

        Args:
            store: Where from.
            first_step: Of the first row.
            last_step: At least ``first_step``.
            width: Steps a row, where they are kept so finely.
        """
        self._first = first_step
        newest = -1 if store.last_step is None else store.last_step
        if width != self.width or newest < self._next - 1 or first_step >= self._next or last_step < self._begin:
            self._clear(store, max(first_step, last_step // width * width), width)
        self._trim(first_step, last_step)
        if last_step >= self._next:
            self._append(store, self._next // width * width, last_step)
        rows = max(_VALUES_A_PIECE // max(len(self._keys), 1), 1)
        for _ in range(_PIECES_A_FRAME):
            if self._begin > first_step:
                self._prepend(store, max(first_step, self._begin - rows * width), self._begin - 1)

    def _clear(self, store: StoreView, step: int, width: int) -> None:
        self.width = width
        self._begin = self._next = step
        self._take(self._read(store, step, step - 1))

    def _trim(self, first_step: int, last_step: int) -> None:
        begin = int(np.searchsorted(self.steps + self.n_steps, first_step, side="right"))
        end = int(np.searchsorted(self.steps, last_step, side="right"))
        if begin or end < len(self.steps):
            self._take(tuple(part[begin:end] for part in (self.steps, self.n_steps, *self.arrays)))
        if begin:
            self._begin = max(self._begin, first_step)
        self._next = min(self._next, last_step + 1)

    def _append(self, store: StoreView, first_step: int, last_step: int) -> None:
        """The last row may have been incomplete: it is read again."""
        end = int(np.searchsorted(self.steps, first_step))
        kept = (part[:end] for part in (self.steps, self.n_steps, *self.arrays))
        new = self._read(store, first_step, last_step)
        self._take(tuple(np.concatenate(pair) for pair in zip(kept, new, strict=True)))
        self._next = last_step + 1

    def _prepend(self, store: StoreView, first_step: int, last_step: int) -> None:
        new = self._read(store, first_step, last_step)
        kept = (self.steps, self.n_steps, *self.arrays)
        self._take(tuple(np.concatenate(pair) for pair in zip(new, kept, strict=True)))
        self._begin = first_step

    def _read(self, store: StoreView, first_step: int, last_step: int) -> tuple[NDArray[Any], ...]:
        history = store.history(self._keys, first_step, last_step, self.width)
        return history.steps, history.n_steps, *self._combine(history)

    def _take(self, parts: tuple[NDArray[Any], ...]) -> None:
        self.steps, self.n_steps, *arrays = parts
        self.arrays = tuple(arrays)
