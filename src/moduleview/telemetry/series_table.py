"""All series of one run by their keys: declared, appended to, and read as tails, matrices and envelopes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.archive import Archive
from moduleview.telemetry.envelope import thin_to_columns
from moduleview.telemetry.records import SeriesDeclared, SeriesKey, SeriesTraits, StepRecord
from moduleview.telemetry.store_view import Envelope, Matrix

_RATE_WINDOW_S = 2.0
_PLAIN = SeriesTraits()
_N_KEPT_COLUMNS = 16  # as many readers as there are panels, and some more


class SeriesTable:
    """The numbers of one run. One writer and reader, the same thread."""

    def __init__(self) -> None:
        self._archive = Archive()
        self._id_of: dict[SeriesKey, int] = {}
        self._keys_of: dict[str, list[SeriesKey]] = {}
        self._traits_of: dict[SeriesKey, SeriesTraits] = {}
        self._columns_of: dict[int, tuple[tuple[SeriesKey, ...], NDArray[np.int64]]] = {}
        self._times: deque[float] = deque()
        self.last_step: int | None = None

    def declare(self, record: SeriesDeclared) -> None:
        """Learn the keys of new series."""
        for series, key in enumerate(record.keys, start=record.first):
            self._id_of[key] = series
            self._keys_of.setdefault(key.quantity, []).append(key)
        for key, traits in zip(record.keys, record.traits, strict=False):
            self._traits_of[key] = traits
        self._columns_of.clear()
        self._archive.add_series(len(record.keys))

    def append(self, record: StepRecord) -> bool:
        """Take a step in; False when it is not newer than the last one."""
        if self.last_step is not None and record.step <= self.last_step:
            return False
        self._archive.append(record.step, record.series, record.values)
        self.last_step = record.step
        self._times.append(record.time_s)
        while record.time_s - self._times[0] > _RATE_WINDOW_S and len(self._times) > 2:
            self._times.popleft()
        return True

    @property
    def first_step(self) -> int | None:
        """Oldest step kept at full resolution."""
        return self._archive.raw.first_step

    @property
    def last_time_s(self) -> float:
        """When the newest step ended, in seconds of training; 0 before the first."""
        return self._times[-1] if self._times else 0.0

    @property
    def steps_per_s(self) -> float:
        """Over the last two seconds of training; NaN before two steps."""
        if len(self._times) < 2 or self._times[-1] <= self._times[0]:
            return float("nan")
        return (len(self._times) - 1) / (self._times[-1] - self._times[0])

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

    def tail(self, key: SeriesKey, n: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Steps and values of the measured points among the last ``n`` steps."""
        series = self._id_of.get(key)
        if series is None:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        raw = self._archive.raw
        at = raw.positions(n)
        measured = raw.arrays[1][at, series]
        return raw.steps[at][measured], raw.arrays[0][at, series][measured]

    def matrix(self, keys: Sequence[SeriesKey], n: int, *, end_step: int | None = None) -> Matrix:
        """The last ``n`` steps up to ``end_step``; an unknown key is a column that was not measured."""
        raw = self._archive.raw
        at = raw.positions(n) if end_step is None else raw.range(0, end_step)[-n:]
        columns = self._columns(keys)
        known = columns >= 0
        values = np.full((len(at), len(columns)), np.nan, dtype=np.float32)
        measured = np.zeros((len(at), len(columns)), dtype=np.bool_)
        if known.any() and len(at):
            values[:, known] = raw.arrays[0][at[:, None], columns[known]]
            measured[:, known] = raw.arrays[1][at[:, None], columns[known]]
        return Matrix(raw.steps[at], tuple(keys), values, measured)

    def _columns(self, keys: Sequence[SeriesKey]) -> NDArray[np.int64]:
        """(n,) id of each key, -1 for unknown ones. Of a tuple they are kept: 120 000 look-ups take 20 ms a frame."""
        kept = self._columns_of.get(id(keys))
        if kept is not None:
            return kept[1]
        columns = np.array([self._id_of.get(key, -1) for key in keys], dtype=np.int64)
        if isinstance(keys, tuple):
            while len(self._columns_of) >= _N_KEPT_COLUMNS:
                self._columns_of.pop(next(iter(self._columns_of)))
            self._columns_of[id(keys)] = keys, columns  # with the tuple itself: its id is its own while it lives
        return columns

    def envelope(self, key: SeriesKey, first_step: int, last_step: int, n_columns: int) -> Envelope:
        """The history between two steps, thinned to at most ``n_columns``."""
        series = self._id_of.get(key)
        if series is None:
            nothing = np.zeros(0, dtype=np.float32)
            return Envelope(np.zeros(0, dtype=np.int64), nothing, nothing, np.zeros(0, dtype=np.bool_))
        return thin_to_columns(*self._archive.envelope_rows(series, first_step, last_step), n_columns)
