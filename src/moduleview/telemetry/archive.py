"""Many series over the same steps: the newest at full resolution, all the older ones as minimum and maximum.

Memory is constant in the number of steps. Level 0 is a ring of every step; a row of level k is the smallest and largest
finite value of ``FOLD ** k`` steps, in a ring of its own. What is read comes from the finest level that still has it:
history is the coarser the older it is, and no spike is lost at any distance, only its exact step.

Level 0 takes ``RAW_BYTES`` at most, all others together ``LEVEL_BYTES``: 160 series keep 104 000 steps one by one,
1 000 series 16 700, and 10 000 series 1 677, the last 9 500 in groups of 16, 152 000 in groups of 256, 2.4 million of
4 096. Above 65 000 series it is more: of any number the last 256 steps are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.envelope import thin
from moduleview.telemetry.ring import Columns, Ring, room_for
from moduleview.telemetry.store_view import History

FOLD = 16
N_LEVELS = 5  # above that of every step
RAW_BYTES, LEVEL_BYTES = 64 * 2**20, 256 * 2**20
_RAW_ROWS, _LEVEL_ROWS = (256, 131_072), (32, 8192)  # at least and at most
_RAW_VALUE_BYTES, _LEVEL_VALUE_BYTES = 4, 9
_UNMEASURED = np.uint32(0x7FC0DEAD)  # a NaN that no arithmetic makes: kept instead of a mask, which takes a byte more
_RAW_BLANKS, _LEVEL_BLANKS = (_UNMEASURED.view(np.float32),), (np.nan, np.nan, False)


class Archive:
    """The history of all series of a run. One writer and reader, the same thread.

    Args:
        raw_bytes: Memory for steps that are kept one by one.
        raw_rows: So many of them at least, whatever they take, and at most.
    """

    def __init__(self, raw_bytes: int = RAW_BYTES, raw_rows: tuple[int, int] = _RAW_ROWS) -> None:
        self._n_series = 0
        self._raw_bytes, self._raw_rows = raw_bytes, raw_rows
        self.raw = Ring(raw_rows[1], (np.float32,))
        levels = [Ring(_LEVEL_ROWS[1], (np.float32, np.float32, np.bool_)) for _ in range(N_LEVELS)]
        self._rings = [self.raw, *levels]
        self._n_pending = [0] * N_LEVELS  # newest rows of each ring that are not folded into the next one yet
        self._latest: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self._last_series: NDArray[np.int32] | None = None
        self._columns: Columns = slice(0, 0)  # those of the last series

    @property
    def n_bytes(self) -> int:
        """Memory that it takes now."""
        return sum(ring.n_bytes for ring in self._rings) + self._latest.nbytes

    @property
    def most_bytes(self) -> int:
        """Memory that it takes after any number of steps, with the series there are."""
        return sum(ring.most_bytes for ring in self._rings) + self._latest.nbytes

    def add_series(self, n: int) -> None:
        """Make room for ``n`` more series; they were not measured so far."""
        self._n_series += n
        self._last_series = None
        self._latest = np.concatenate([self._latest, np.full(n, _RAW_BLANKS[0], dtype=np.float32)])
        if self._n_series <= self.raw.n_columns:
            return
        n_columns = room_for(self._n_series, self.raw.n_columns)
        raw_rows = _clamped(self._raw_bytes // (_RAW_VALUE_BYTES * n_columns), self._raw_rows)
        self.raw.resize(n_columns, raw_rows, _RAW_BLANKS)
        rows = _clamped(LEVEL_BYTES // (N_LEVELS * _LEVEL_VALUE_BYTES * n_columns), _LEVEL_ROWS)
        for ring in self._rings[1:]:
            ring.resize(n_columns, rows, _LEVEL_BLANKS)

    def append(self, step: int, time_s: float, series: NDArray[np.int32], values: NDArray[np.float32]) -> None:
        """Add what was measured at ``step``, which is larger than every step before."""
        self._fold(0, step)
        if series is not self._last_series:
            self._last_series, self._columns = series, columns_of(series)
        row = self.raw.arrays[0][self.raw.append(step, time_s)]
        if len(series) < len(row):
            row.view(np.uint32).fill(_UNMEASURED)
        row[self._columns] = values
        self._latest[self._columns] = values
        self._n_pending[0] += 1

    def latest(self, series: int) -> float | None:
        """Last value measured, or None."""
        is_measured = bool(was_measured(self._latest[series : series + 1])[0])
        return float(self._latest[series]) if is_measured else None

    def latest_of(self, columns: Columns) -> NDArray[np.float32]:
        """Last value measured of some series; ``was_measured`` tells which have one."""
        return self._latest[columns].copy()

    def clock(self, first_step: int, last_step: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps between two, no closer than about ``width`` where those between are folded, and their times."""
        spans = self._spans(first_step, last_step, width)
        steps = [self._rings[level].rows(self._rings[level].steps, begin, end) for level, begin, end in spans]
        times = [self._rings[level].rows(self._rings[level].times, begin, end) for level, begin, end in spans]
        return np.concatenate(steps), np.concatenate(times)

    def history(self, columns: Columns, first_step: int, last_step: int, width: int) -> History:
        """Some series between two steps, in groups of at most ``width`` steps from ``first_step`` on.

        Groups are longer where the steps are no longer kept so finely.
        """
        spans = self._spans(first_step, last_step, width)
        steps, times = self.clock(first_step, last_step, width)
        n_steps = np.concatenate([np.full(max(end - begin, 0), FOLD**level) for level, begin, end in spans])
        parts = [self._extremes(level, begin, end, columns) for level, begin, end in spans]
        low, high, bad = (_joined([part[at] for part in parts]) for at in range(3))
        return thin(History(steps, n_steps, times, low, high, bad), first_step, width)

    def _spans(self, first_step: int, last_step: int, width: int) -> list[tuple[int, int, int]]:
        """Level, and ranks of the first row and behind the last; the oldest steps first."""
        finest = next((level for level in range(N_LEVELS, 0, -1) if FOLD**level <= width), 0)
        spans = self._folded_spans(finest, first_step, last_step)
        for level in range(finest - 1, -1, -1):
            ring = self._rings[level]
            begin = max(ring.n_rows - self._n_pending[level], ring.rank(first_step - FOLD**level + 1))
            spans.append((level, begin, ring.rank(last_step, "right")))
        return spans

    def _folded_spans(self, level: int, first_step: int, last_step: int) -> list[tuple[int, int, int]]:
        """From one level, and from coarser ones what it has lost. A step comes from one level only."""
        ring, spans, begin = self._rings[level], [], first_step - FOLD**level + 1
        oldest = ring.first_step
        if ring.has_lost and level < N_LEVELS and oldest is not None and first_step < oldest:
            above = FOLD ** (level + 1)
            begin = -(-oldest // above) * above  # all of the next group of the level above is there
            spans = self._folded_spans(level + 1, first_step, min(last_step, begin - 1))
        return [*spans, (level, ring.rank(begin), ring.rank(last_step, "right"))]

    def _fold(self, level: int, step: int) -> None:
        """Before ``step`` comes: close the group of the level above when ``step`` no longer belongs to it."""
        if level == N_LEVELS or not self._n_pending[level]:
            return
        width, below = FOLD ** (level + 1), self._rings[level]
        first = below.n_rows - self._n_pending[level]
        begin = int(below.steps[(below.head - self._n_pending[level]) % below.capacity])
        group = begin // width
        if step // width == group:
            return
        self._fold(level + 1, group * width)
        low, high, bad = self._extremes(level, first, below.n_rows, slice(None))
        above, time_s = self._rings[level + 1], float(below.rows(below.times, first, first + 1)[0])
        position = above.append(group * width, time_s)
        lows, highs, bads = above.arrays
        np.fmin.reduce(low, out=lows[position])
        np.fmax.reduce(high, out=highs[position])
        np.logical_or.reduce(bad, out=bads[position])
        self._n_pending[level] = 0
        if level + 1 < N_LEVELS:
            self._n_pending[level + 1] += 1

    def _extremes(
        self, level: int, begin: int, end: int, columns: Columns
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """(rows, columns): smallest and largest finite value, and whether one was not finite."""
        ring = self._rings[level]
        arrays: list[NDArray[Any]] = [ring.rows(array, begin, end, columns) for array in ring.arrays]
        if level:
            return arrays[0], arrays[1], arrays[2]
        values: NDArray[np.float32] = arrays[0]
        finite = np.isfinite(values)
        if finite.all():
            return values, values, np.zeros(values.shape, dtype=np.bool_)
        shown = np.where(finite, values, np.float32(np.nan))
        return shown, shown, was_measured(values) & ~finite


def was_measured(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which values of the raw ring are there; NaN may be one."""
    measured: NDArray[np.bool_] = values.view(np.uint32) != _UNMEASURED
    return measured


def columns_of(series: NDArray[np.int32] | NDArray[np.int64]) -> Columns:
    """As a slice where they stand side by side: copying that is ten times as fast."""
    if not len(series):
        return slice(0, 0)
    first = int(series[0])
    if first >= 0 and np.array_equal(series, np.arange(first, first + len(series))):
        return slice(first, first + len(series))
    return series.astype(np.int64)


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    filled = [part for part in parts if len(part)]
    return filled[0].copy() if len(filled) == 1 else np.concatenate(filled or parts)


def _clamped(rows: int, limits: tuple[int, int]) -> int:
    return min(max(rows, limits[0]), limits[1])
