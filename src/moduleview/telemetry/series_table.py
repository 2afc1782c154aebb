"""All series of one run by their keys: declared, appended to, and read as tails, matrices and envelopes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.archive import Archive, columns_of, was_measured
from moduleview.telemetry.records import SeriesDeclared, SeriesKey, SeriesTraits, StepRecord
from moduleview.telemetry.ring import Columns
from moduleview.telemetry.store_view import History, Matrix

_RATE_WINDOW_S = 2.0
_PLAIN = SeriesTraits()
_N_KEPT_COLUMNS = 16  # as many readers as there are panels, and some more


@dataclass(frozen=True, eq=False)
class _Place:
    """Where some keys are: the columns of those that are known, and which these are (None: all)."""

    keys: Sequence[SeriesKey]
    columns: Columns
    known: NDArray[np.bool_] | None

    def spread(self, found: NDArray[Any], blank: float | bool) -> NDArray[Any]:
        """(rows, keys): columns of unknown keys are blank."""
        if self.known is None:
            return found
        spread = np.full((len(found), len(self.known)), blank, dtype=found.dtype)
        spread[:, self.known] = found
        return spread


class SeriesTable:
    """The numbers of one run. One writer and reader, the same thread.

    Args:
        archive: Keeps them; an empty one.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._id_of: dict[SeriesKey, int] = {}
        self._keys_of: dict[str, list[SeriesKey]] = {}
        self._traits_of: dict[SeriesKey, SeriesTraits] = {}
        self._places: dict[int, _Place] = {}
        self._clock: deque[tuple[int, float]] = deque()  # steps and seconds of the last two seconds
        self.last_step: int | None = None

    def declare(self, record: SeriesDeclared) -> None:
        """Learn the keys of new series."""
        for series, key in enumerate(record.keys, start=record.first):
            self._id_of[key] = series
            self._keys_of.setdefault(key.quantity, []).append(key)
        for key, traits in zip(record.keys, record.traits, strict=False):
            self._traits_of[key] = traits
        self._places.clear()
        self._archive.add_series(len(record.keys))

    def append(self, record: StepRecord) -> bool:
        """Take a step in; False when it is not newer than the last one."""
        if self.last_step is not None and record.step <= self.last_step:
            return False
        self._archive.append(record.step, record.time_s, record.series, record.values)
        self.last_step = record.step
        self._clock.append((record.step, record.time_s))
        while record.time_s - self._clock[0][1] > _RATE_WINDOW_S and len(self._clock) > 2:
            self._clock.popleft()
        return True

    @property
    def first_step(self) -> int | None:
        """Oldest step kept at full resolution."""
        return self._archive.raw.first_step

    @property
    def last_time_s(self) -> float:
        """When the newest step ended, in seconds of training; 0 before the first."""
        return self._clock[-1][1] if self._clock else 0.0

    @property
    def steps_per_s(self) -> float:
        """Over the last two seconds of training; NaN before two steps."""
        if len(self._clock) < 2 or self._clock[-1][1] <= self._clock[0][1]:
            return float("nan")
        (first, began_s), (last, ended_s) = self._clock[0], self._clock[-1]
        return (last - first) / (ended_s - began_s)  # by their numbers: steps may have been passed by

    @property
    def n_series(self) -> int:
        """How many series there are."""
        return len(self._id_of)

    def keys(self, quantity: str) -> tuple[SeriesKey, ...]:
        """Keys of all series of a quantity, in the order they were declared."""
        return tuple(self._keys_of.get(quantity, ()))

    def traits(self, key: SeriesKey) -> SeriesTraits:
        """Scope of a series, and whether its values are estimates."""
        return self._traits_of.get(key, _PLAIN)

    def quantities(self) -> tuple[str, ...]:
        """All quantities, sorted."""
        return tuple(sorted(self._keys_of))

    def latest(self, key: SeriesKey) -> float | None:
        """Last measured value."""
        series = self._id_of.get(key)
        return None if series is None else self._archive.latest(series)

    def latest_of(self, keys: Sequence[SeriesKey]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Last measured value of each series, and whether there is one."""
        place = self._place(keys)
        found = self._archive.latest_of(place.columns)[None, :]
        return place.spread(found, np.nan)[0], place.spread(was_measured(found), False)[0]

    def tail(self, key: SeriesKey, n: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Steps and values of the measured points among the last ``n`` steps."""
        series = self._id_of.get(key)
        if series is None:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        raw = self._archive.raw
        begin, end = max(raw.n_rows - n, 0), raw.n_rows
        values = raw.rows(raw.arrays[0], begin, end, slice(series, series + 1))[:, 0]
        measured = was_measured(values)
        return raw.rows(raw.steps, begin, end)[measured], values[measured]

    def matrix(self, keys: Sequence[SeriesKey], n: int, *, end_step: int | None = None) -> Matrix:
        """The last ``n`` steps up to ``end_step``; an unknown key is a column that was not measured."""
        raw, place = self._archive.raw, self._place(keys)
        end = raw.n_rows if end_step is None else raw.rank(end_step, "right")
        begin = max(end - n, 0)
        found = raw.rows(raw.arrays[0], begin, end, place.columns)
        measured = place.spread(was_measured(found), False)
        values = place.spread(found, np.nan)
        return Matrix(raw.rows(raw.steps, begin, end).copy(), tuple(keys), values.copy(), measured)

    def history(self, keys: Sequence[SeriesKey], first_step: int, last_step: int, width: int) -> History:
        """Everything kept between two steps, in groups of ``width`` steps or of more where it is kept coarser."""
        place = self._place(keys)
        found = self._archive.history(place.columns, first_step, last_step, width)
        return replace(
            found,
            low=place.spread(found.low, np.nan),
            high=place.spread(found.high, np.nan),
            non_finite=place.spread(found.non_finite, False),
        )

    def clock(self, first_step: int, last_step: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps and when each ended, in seconds of training; about one in ``width`` of those between two steps."""
        return self._archive.clock(first_step, last_step, width)

    @property
    def n_bytes(self) -> int:
        """Memory that the values take."""
        return self._archive.n_bytes

    def _place(self, keys: Sequence[SeriesKey]) -> _Place:
        """Where keys are. Of a tuple it is kept: 120 000 look-ups take 20 ms a frame."""
        kept = self._places.get(id(keys))
        if kept is not None:
            return kept
        columns = np.array([self._id_of.get(key, -1) for key in keys], dtype=np.int64)
        known = columns >= 0
        place = _Place(keys, columns_of(columns[known]), None if known.all() else known)
        if isinstance(keys, tuple):
            while len(self._places) >= _N_KEPT_COLUMNS:
                self._places.pop(next(iter(self._places)))
            self._places[id(keys)] = place  # with the tuple itself: its id is its own while it lives
        return place
