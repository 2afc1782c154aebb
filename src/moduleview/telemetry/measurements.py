"""Everything that was measured in one run: series, histograms, skipped steps and the bill."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.archive import Archive
from moduleview.telemetry.costs import CostsMeasured
from moduleview.telemetry.histogram_archive import HistogramArchive
from moduleview.telemetry.histograms import HistogramHistory, HistogramsMeasured
from moduleview.telemetry.records import SeriesDeclared, SeriesKey, SeriesTraits, StepRecord
from moduleview.telemetry.series_table import SeriesTable
from moduleview.telemetry.step_outcome import StepSkipped
from moduleview.telemetry.store_view import History, Matrix

N_SKIPPED_STEPS = 10_000

Measured = StepRecord | SeriesDeclared | HistogramsMeasured | StepSkipped | CostsMeasured


class Measurements:
    """The numbers of one run. One writer and reader, the same thread.

    Args:
        make_archive: Makes what keeps a run's series.
    """

    def __init__(self, make_archive: Callable[[], Archive] = Archive) -> None:
        self._make_archive = make_archive
        self.costs: CostsMeasured | None = None
        self.forget_measurements()

    def forget_measurements(self) -> None:
        """A new run begins."""
        self._series = SeriesTable(self._make_archive())
        self._histograms: dict[tuple[str, int], HistogramArchive] = {}
        self.skipped_steps: deque[StepSkipped] = deque(maxlen=N_SKIPPED_STEPS)
        self.costs = None

    def take_in(self, record: Measured) -> tuple[str, ...]:
        """Take one record in; gives the topics that changed by it."""
        match record:
            case StepRecord():
                return ("series",) if self._series.append(record) else ()
            case SeriesDeclared():
                self._series.declare(record)
            case HistogramsMeasured():
                self._histograms.setdefault((record.quantity, record.rank), HistogramArchive()).append(record)
            case StepSkipped():
                self.skipped_steps.append(record)
            case CostsMeasured():
                self.costs = record
                return ("costs",)
            case _:
                assert_never(record)
        return ("series",)

    @property
    def first_step(self) -> int | None:
        """Oldest step kept at full resolution."""
        return self._series.first_step

    @property
    def last_step(self) -> int | None:
        """Newest step."""
        return self._series.last_step

    @property
    def steps_per_s(self) -> float:
        """Over the last two seconds of training; NaN before two steps."""
        return self._series.steps_per_s

    @property
    def n_series(self) -> int:
        """How many series there are."""
        return self._series.n_series

    def keys(self, quantity: str) -> tuple[SeriesKey, ...]:
        """Keys of all series of a quantity, in the order they were declared."""
        return self._series.keys(quantity)

    def quantities(self) -> tuple[str, ...]:
        """All quantities, sorted."""
        return self._series.quantities()

    def latest(self, key: SeriesKey) -> float | None:
        """Last measured value."""
        return self._series.latest(key)

    def latest_of(self, keys: Sequence[SeriesKey]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Last measured value of each series, and whether there is one."""
        return self._series.latest_of(keys)

    def tail(self, key: SeriesKey, n: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Steps and values of the measured points among the last ``n`` steps."""
        return self._series.tail(key, n)

    def matrix(self, keys: Sequence[SeriesKey], n: int, *, end_step: int | None = None) -> Matrix:
        """The last ``n`` steps up to ``end_step``, for several series."""
        return self._series.matrix(keys, n, end_step=end_step)

    def history(self, keys: Sequence[SeriesKey], first_step: int, last_step: int, width: int) -> History:
        """Everything kept between two steps, in groups of ``width`` steps."""
        return self._series.history(keys, first_step, last_step, width)

    def clock(self, first_step: int, last_step: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps and when each ended."""
        return self._series.clock(first_step, last_step, width)

    @property
    def n_bytes(self) -> int:
        """Memory that series and histograms take."""
        return self._series.n_bytes + sum(archive.n_bytes for archive in self._histograms.values())

    def traits(self, key: SeriesKey) -> SeriesTraits:
        """Scope of a series, and whether its values are estimates."""
        return self._series.traits(key)

    def histogram_fqns(self, quantity: str, rank: int = 0) -> tuple[str, ...]:
        """Tensors that have histograms of a quantity."""
        archive = self._histograms.get((quantity, rank))
        return () if archive is None else archive.fqns

    def histogram_steps(self, quantity: str, rank: int = 0) -> NDArray[np.int64]:
        """Steps of which there are histograms of a quantity, growing."""
        return self._histograms.get((quantity, rank), HistogramArchive()).steps

    def histograms_at(self, quantity: str, step: int, fqns: Sequence[str], rank: int = 0) -> NDArray[np.uint16]:
        """(n, 68) counts of many tensors at one of these steps."""
        return self._histograms.get((quantity, rank), HistogramArchive()).at_step(step, fqns)

    def histograms(self, quantity: str, fqn: str, rank: int = 0) -> HistogramHistory:
        """The histograms of one tensor over the run."""
        return self._histograms.get((quantity, rank), HistogramArchive()).history(fqn)
