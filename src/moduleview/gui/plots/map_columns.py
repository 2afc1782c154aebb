"""The columns of the gradient map: log10 of each row's norm, over the steps and for the rows that are in view.

A column is one step, or the maximum of several, so that there are never more columns than pixels and no NaN falls
between two of them; where a budget lets one in n steps be measured it is at least n wide, since stripes of what was
measured and what was not would hide what there is to see. Columns begin at multiples of their width, and therefore do
not flicker while the window moves.

Steps that nobody measured and steps in which a row had no gradient look alike in its own series: a few series of other
rows, the witnesses, tell them apart. What nobody measured is shown as it was last, at most 64 steps before.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from moduleview.gui.plots.curve_points import column_width
from moduleview.gui.plots.map_rows import MapRows
from moduleview.gui.plots.step_window import StepWindow
from moduleview.telemetry.module_norms import tensor_keys
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.store_view import History, StoreView

NOT_MEASURED = np.float32(np.nan)
NON_FINITE = np.float32(np.inf)
NO_GRADIENT = np.float32(-np.inf)  # others were measured in these steps
_STEPS_BACK = 64
_N_WITNESSES, _HELD_STEPS = 16, 64
_N_ASKED, _N_LATE, _FEWEST, _MOST_STEPS = 4, 1024, 8, 0.8
ZERO = np.float32(-400.0)  # below the decade of the smallest float there is


class RowsInView:
    """Some rows of the map, and the series that they are put together from."""

    def __init__(self, rows: MapRows, keys: tuple[SeriesKey, ...], seen: range) -> None:
        self.seen = seen
        begins, ends = rows.begins[seen.start : seen.stop], rows.ends[seen.start : seen.stop]
        first = int(begins.min()) if len(seen) else 0
        self.keys = keys[first : int(ends.max()) if len(seen) else 0]
        self._begins, self._ends = begins - first, ends - first

    def decades(self, values: NDArray[np.float32], measured: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(rows in view, steps): log10 of the norm over each row's tensors, from (steps, keys)."""
        return _decades(values, measured, self._begins, self._ends)

    def of_history(self, history: History) -> tuple[NDArray[np.float32]]:
        """(rows of history, rows in view). Of several steps their maxima: the norm over these is never too low."""
        values = np.where(history.non_finite, np.float32(np.inf), history.high)
        return (self.decades(values, ~np.isnan(values)).T,)

    def at_step(self, store: StoreView, step: int) -> tuple[int, NDArray[np.float32]] | None:
        """A step and (rows in view,) log10 of the norms there: the last one up to ``step`` that was measured.

        Where measuring is sampled that is some steps before; where none of the last 64 was, it is the last of them.
        """
        if step < 0 or store.first_step is None:
            return None
        if step < store.first_step:
            history = store.history(self.keys, step, step, 1)
            return (step, self.of_history(history)[0][-1]) if len(history.steps) else None
        matrix = store.matrix(self.keys, _STEPS_BACK, end_step=step)
        if not len(matrix.steps):
            return None
        there = np.flatnonzero(matrix.measured.any(axis=1))
        at = int(there[-1]) if len(there) else len(matrix.steps) - 1
        one = slice(at, at + 1)
        return int(matrix.steps[at]), self.decades(matrix.values[one], matrix.measured[one])[:, 0]


class MapColumns:
    """The columns between two steps, of the rows in view. GUI thread only.

    Args:
        rows: Of the map.
        quantity: Of each parameter; a row is the root of the sum of squares over its parameters.
    """

    def __init__(self, rows: MapRows, quantity: str) -> None:
        self._rows = rows
        self._keys = tensor_keys(rows.snapshot, quantity)
        self._part = RowsInView(rows, self._keys, range(0))
        self._window = StepWindow((), self._in_bands)
        self._witnesses = self._askers = tuple[SeriesKey, ...]()
        self._bands: NDArray[np.int64] = np.zeros(0, dtype=np.int64)  # first row in view of each row of ``decades``
        self._width = 1
        self._first = 0  # first column
        self._decades = self._shown = np.zeros((0, 0), dtype=np.float32)
        self._sources = self._spans = np.zeros(0, dtype=np.int64)  # the column that each shows; steps it was kept with

    @property
    def shown(self) -> NDArray[np.float32]:
        """As ``decades``, where nobody measured with what was measured last."""
        return self._shown

    @property
    def is_held(self) -> NDArray[np.bool_]:
        """(columns,): what is shown was measured before."""
        held: NDArray[np.bool_] = self._sources < np.arange(len(self._sources))
        return held

    @property
    def decades(self) -> NDArray[np.float32]:
        """(bands, columns): log10; ``NOT_MEASURED``, ``NO_GRADIENT``, ``NON_FINITE`` and ``ZERO`` stand for themselves.

        A band is a row in view; where these are more than pixels it is the largest of several, so that no NaN is lost.
        """
        return self._decades

    @property
    def seen(self) -> range:
        """The rows that ``decades`` are of."""
        return self._part.seen

    @property
    def width(self) -> int:
        """Steps a column."""
        return self._width

    @property
    def first_step(self) -> int:
        """First step of the first column."""
        return self._first * self._width

    @property
    def is_complete(self) -> bool:
        """Everything that was asked for is read; else it comes with the next frames."""
        return self._window.is_complete

    @property
    def rows_a_band(self) -> int:
        """Rows that a row of ``decades`` stands for, at most."""
        return -(-len(self.seen) // max(len(self._bands), 1))

    def scale_sample(self, store: StoreView) -> NDArray[np.float32]:
        """What the colours must cover: what is in view, and the newest norms of the rows that are not."""
        if len(self.seen) == len(self._rows):
            return self._decades
        values, is_known = store.latest_of(self._keys)
        newest = RowsInView(self._rows, self._keys, range(len(self._rows))).decades(values[None], is_known[None])
        return np.concatenate([self._decades.reshape(-1), newest.reshape(-1)])

    def decade_at(self, row: int, step: int) -> float | None:
        """log10 of the norm of a row's band at a step; +Inf is not finite, and -Inf no gradient where others had one.

        None was not measured, or is not in view.
        """
        return self._cell(self._decades, row, step)

    def shown_at(self, row: int, step: int) -> float | None:
        """As ``decade_at``, where nobody measured what was measured last."""
        return self._cell(self._shown, row, step)

    def span_at(self, step: int) -> int:
        """Of how many steps that is the highest which is shown at a step: old ones are kept in groups."""
        column = step // self._width - self._first
        return int(self._spans[column]) if 0 <= column < len(self._spans) else self._width

    def held_step(self, step: int) -> int | None:
        """The first of the steps that a step shows which nobody measured; None where there are none."""
        column = step // self._width - self._first
        if not 0 <= column < len(self._sources) or self._sources[column] == column:
            return None
        return int(self._first + self._sources[column]) * self._width

    def update(
        self,
        store: StoreView,
        steps: tuple[int, int],
        most: int,
        seen: range | None = None,
        most_bands: int | None = None,
    ) -> None:
        """Hold the columns from a first to a last step.

        Args:
            store: Where from.
            steps: The first and the last.
            most: Columns there may be.
            seen: The rows in view; None for all.
            most_bands: Pixels that there are for them; None for enough.
        """
        seen = range(len(self._rows)) if seen is None else seen
        n_bands = min(len(seen), most_bands or len(seen))
        if seen != self.seen or n_bands != len(self._bands) or not self._witnesses:
            self._part = RowsInView(self._rows, self._keys, seen)
            self._bands = np.arange(n_bands) * len(seen) // max(n_bands, 1)
            self._witnesses = _witnesses(store, self._keys)
            self._askers = self._witnesses[:: max(len(self._witnesses) // _N_ASKED, 1)]
            self._window = StepWindow((*self._part.keys, *self._witnesses), self._in_bands)
        first_step, last_step = steps
        self._width = max(column_width(first_step, last_step, most), _rhythm(store, self._askers, *steps))
        self._first = first_step // self._width
        n_held = _HELD_STEPS // self._width
        n_before = min(self._first, n_held)  # columns to the left of those that are in view
        self._window.update(store, (self._first - n_before) * self._width, last_step, self._width)
        grid, spans = self._on_grid(self._first - n_before, last_step // self._width + 1)
        sources = _sources(grid, n_held)[n_before:]
        self._spans = spans[sources]
        self._decades, self._shown, self._sources = grid[:, n_before:], grid.take(sources, axis=1), sources - n_before

    def _cell(self, decades: NDArray[np.float32], row: int, step: int) -> float | None:
        column = step // self._width - self._first
        if not 0 <= column < decades.shape[1] or row not in self.seen:
            return None
        band = int(np.searchsorted(self._bands, row - self.seen.start, side="right")) - 1
        decade = float(decades[band, column])
        return None if np.isnan(decade) else decade

    def _in_bands(self, history: History) -> tuple[NDArray[np.float32]]:
        n_keys = len(self._part.keys)
        high, non_finite = history.high[:, :n_keys], history.non_finite[:, :n_keys]
        (decades,) = self._part.of_history(replace(history, high=high, non_finite=non_finite))
        is_there: NDArray[np.bool_] = history.non_finite | ~np.isnan(history.high)
        decades[np.isnan(decades) & is_there.any(axis=1, keepdims=True)] = NO_GRADIENT
        return (decades if len(self._bands) == len(self.seen) else np.fmax.reduceat(decades, self._bands, axis=1),)

    def _on_grid(self, first: int, end: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """(bands, columns) from the rows of history, of which one may reach over several columns, and its steps."""
        window, width = self._window, self._width
        grid = np.full((len(self._bands), end - first), NOT_MEASURED, dtype=np.float32)
        spans = np.full(end - first, width, dtype=np.int64)
        if not len(window.steps):
            return grid, spans
        begins = np.arange(first, end) * width
        source = np.searchsorted(window.steps, begins + width - 1, side="right") - 1
        there = (source >= 0) & ((window.steps + window.n_steps)[source] > begins)
        (decades,) = window.arrays
        grid[:, there] = decades[source[there]].T
        spans[there] = np.maximum(window.n_steps[source[there]], width)
        return grid, spans


def _sources(decades: NDArray[np.float32], most: int) -> NDArray[np.int64]:
    """(columns,): the column that each one shows: itself, or the last measured of ``most`` before it."""
    at = np.arange(decades.shape[1])
    is_gap = np.isnan(decades).all(axis=0)
    measured = np.maximum.accumulate(np.where(is_gap, -1, at)) if len(at) else at
    return np.where((measured >= 0) & (at - measured <= most), measured, at)


def _witnesses(store: StoreView, keys: tuple[SeriesKey, ...]) -> tuple[SeriesKey, ...]:
    """Some series that were measured, from all over the model: where all of them are silent, nobody measured."""
    _values, is_known = store.latest_of(keys)
    there = np.flatnonzero(is_known)
    some = there[np.unique(np.linspace(0, len(there) - 1, _N_WITNESSES).astype(np.int64))] if len(there) else there
    return tuple(keys[at] for at in some.tolist())


def _rhythm(store: StoreView, keys: tuple[SeriesKey, ...], first_step: int, last_step: int) -> int:
    """Steps from one measurement to the next: a power of two; 1 where each step is measured.

    Of the last steps in view, most of which lie in gaps that are no longer; of several series any counts: a module may
    have no gradient in most steps.
    """
    history = store.history(keys, max(first_step, last_step - _N_LATE), last_step, 1)
    is_there: NDArray[np.bool_] = history.non_finite | ~np.isnan(history.high)
    gaps = np.sort(np.diff(history.steps[is_there.any(axis=1)]))
    gaps = gaps[gaps <= _HELD_STEPS]
    if len(gaps) < _FEWEST:
        return 1
    n_steps = np.cumsum(gaps)
    typical = int(gaps[np.searchsorted(n_steps, _MOST_STEPS * n_steps[-1])])
    return 1 << (typical - 1).bit_length()


def _decades(
    values: NDArray[np.float32], measured: NDArray[np.bool_], begins: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(rows, steps) from (steps, tensors); a row is the tensors ``begins[i]:ends[i]``, at least one."""
    n_steps = len(values)
    squares = np.zeros((values.shape[1] + 1, n_steps))
    with np.errstate(over="ignore", invalid="ignore"):
        squares[:-1] = np.where(measured, values.astype(np.float64), 0.0).T ** 2
    counts = np.zeros((values.shape[1] + 1, n_steps), dtype=np.int32)
    counts[:-1] = measured.T
    pairs = np.stack([begins, ends], axis=1).reshape(-1)
    if not len(pairs) or not n_steps:
        return np.full((len(begins), n_steps), NOT_MEASURED, dtype=np.float32)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        sums = np.add.reduceat(squares, pairs, axis=0)[::2]
        was_there = np.add.reduceat(counts, pairs, axis=0)[::2] > 0
        decades = np.maximum(0.5 * np.log10(sums), ZERO)
    decades = np.where(np.isfinite(sums), decades, NON_FINITE)
    return np.where(was_there, decades, NOT_MEASURED).astype(np.float32)
