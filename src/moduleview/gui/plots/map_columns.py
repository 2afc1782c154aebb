"""The columns of the gradient map: log10 of each row's norm, kept between frames, so that a step costs one column.

A column is one step, or the maximum of several, so that there are never more columns than pixels and no NaN falls
between two of them. Columns begin at multiples of their width, and therefore do not flicker while the window moves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moduleview.gui.plots.map_rows import MapRows
from moduleview.telemetry.module_norms import tensor_keys
from moduleview.telemetry.store_view import Matrix, StoreView

NOT_MEASURED = np.float32(np.nan)
NON_FINITE = np.float32(np.inf)
ZERO = np.float32(-400.0)  # below the decade of the smallest float there is
_MOST_ROWS_A_READ = 4096


class MapColumns:
    """The columns between two steps. GUI thread only.

    Args:
        rows: Of the map.
        quantity: Of each parameter; a row is the root of the sum of squares over its parameters.
    """

    def __init__(self, rows: MapRows, quantity: str) -> None:
        self._rows = rows
        self._keys = tensor_keys(rows.snapshot, quantity)
        self._width = 1
        self._first = 0  # first column
        self._next_step = 0  # first step that was not read
        self._decades = np.zeros((len(rows), 0), dtype=np.float32)

    @property
    def decades(self) -> NDArray[np.float32]:
        """(rows, columns): log10 of the norms; ``NOT_MEASURED``, ``NON_FINITE`` and ``ZERO`` stand for themselves."""
        return self._decades

    @property
    def width(self) -> int:
        """Steps a column."""
        return self._width

    @property
    def first_step(self) -> int:
        """First step of the first column."""
        return self._first * self._width

    def decade_at(self, row: int, step: int) -> float | None:
        """log10 of a row's norm at a step; Inf is not finite, None was not measured."""
        column = step // self._width - self._first
        if not 0 <= column < self._decades.shape[1]:
            return None
        decade = float(self._decades[row, column])
        return None if np.isnan(decade) else decade

    def update(self, store: StoreView, first_step: int, last_step: int, most: int) -> None:
        """Hold the columns from ``first_step`` to ``last_step``, at most about ``most`` of them."""
        width = 1
        while (last_step - first_step + 1) > most * width:
            width *= 2
        first, last = first_step // width, last_step // width
        end = self._first + self._decades.shape[1]
        if width != self._width or first < self._first or first >= end or last < end - 1:
            self._width, self._first = width, first
            self._decades = np.full((len(self._rows), 0), NOT_MEASURED, dtype=np.float32)
            self._next_step = first * width
        elif first > self._first:
            self._decades = self._decades[:, first - self._first :]
            self._first = first
        if last_step >= self._next_step:
            self._read(store, last_step)

    def _read(self, store: StoreView, last_step: int) -> None:
        """Read from the start of the last column that may be incomplete."""
        begin = max(self._first, self._next_step // self._width)
        kept = self._decades[:, : begin - self._first]
        n_new = last_step // self._width - begin + 1
        new = np.full((len(self._rows), n_new), NOT_MEASURED, dtype=np.float32)
        begin_step = begin * self._width
        oldest = store.first_step
        if oldest is not None and begin_step < oldest:
            self._place_archived(store, new, begin, begin_step, min(oldest - 1, last_step))
        n_steps = min(last_step - begin_step + 1, _MOST_ROWS_A_READ * 8)
        matrix = store.matrix(self._keys, n_steps, end_step=last_step)
        self._place(new, begin, row_decades(matrix, self._rows), matrix.steps)
        self._decades = np.concatenate([kept, new], axis=1)
        self._next_step = last_step + 1

    def _place(
        self, new: NDArray[np.float32], begin: int, decades: NDArray[np.float32], steps: NDArray[np.int64]
    ) -> None:
        columns = steps // self._width - begin
        inside = (columns >= 0) & (columns < new.shape[1])
        columns, decades = columns[inside], decades[:, inside]
        if not len(columns):
            return
        starts = np.flatnonzero(np.diff(columns, prepend=-1))
        at = columns[starts]
        new[:, at] = np.fmax(new[:, at], np.fmax.reduceat(decades, starts, axis=1))

    def _place_archived(
        self, store: StoreView, new: NDArray[np.float32], begin: int, first_step: int, last_step: int
    ) -> None:
        """Steps kept as maxima only: a row is then the norm of its parameters' maxima, never below the true one."""
        n_columns = max(1, (last_step - first_step) // self._width + 1)
        parts = [store.envelope(key, first_step, last_step, n_columns) for key in self._keys]
        steps = next((part.steps for part in parts if len(part.steps)), None)
        if steps is None:
            return
        values = np.full((len(steps), len(parts)), np.nan, dtype=np.float32)
        for column, part in enumerate(parts):
            if len(part.steps) == len(steps):
                values[:, column] = np.where(part.non_finite, np.float32(np.inf), part.high)
        decades = row_decades(Matrix(steps, self._keys, values, ~np.isnan(values)), self._rows)
        columns = np.arange(n_columns)
        source = np.searchsorted(steps, (columns + begin + 1) * self._width - 1, side="right") - 1
        known = (source >= 0) & (columns < new.shape[1])
        new[:, columns[known]] = decades[:, source[known]]
        self._place(new, begin, decades, np.maximum(steps, begin * self._width))


def row_decades(matrix: Matrix, rows: MapRows) -> NDArray[np.float32]:
    """(rows, steps): log10 of the norm over each row's tensors, from a matrix of all tensors of the snapshot."""
    values = np.where(matrix.measured, matrix.values.astype(np.float64), 0.0)
    n_steps = len(matrix.steps)
    squares = np.zeros((len(matrix.keys) + 1, n_steps))
    with np.errstate(over="ignore", invalid="ignore"):
        squares[:-1] = values.T**2
    counts = np.zeros((len(matrix.keys) + 1, n_steps), dtype=np.int32)
    counts[:-1] = matrix.measured.T
    pairs = np.stack([rows.begins, rows.ends], axis=1).reshape(-1)
    if not len(pairs) or not n_steps:
        return np.full((len(rows), n_steps), NOT_MEASURED, dtype=np.float32)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        sums = np.add.reduceat(squares, pairs, axis=0)[::2]
        measured = np.add.reduceat(counts, pairs, axis=0)[::2] > 0
        decades = np.maximum(0.5 * np.log10(sums), ZERO)
    decades = np.where(np.isfinite(sums), decades, NON_FINITE)
    return np.where(measured, decades, NOT_MEASURED).astype(np.float32)
