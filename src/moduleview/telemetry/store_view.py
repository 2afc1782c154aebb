"""What a panel may read: the store's read-only face."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.books import Books
from moduleview.telemetry.costs import CostsMeasured
from moduleview.telemetry.histograms import HistogramHistory
from moduleview.telemetry.hooks import HookEntry, HookKind
from moduleview.telemetry.records import (
    Finding,
    LogLine,
    ModuleReport,
    OpenFailed,
    RunChanged,
    SeriesKey,
    SeriesTraits,
    TaskSummary,
    TensorReport,
)
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.step_outcome import StepSkipped


@dataclass(frozen=True, eq=False)
class Matrix:
    """Several series over the same steps.

    Attributes:
        steps: (m,) int64, growing; not every step need be there.
        keys: n keys, in the order asked for.
        values: (m, n) float32; NaN where measured and NaN, and where not measured.
        measured: (m, n) bool.
    """

    steps: NDArray[np.int64]
    keys: tuple[SeriesKey, ...]
    values: NDArray[np.float32]
    measured: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class History:
    """Several series between two steps, thinned without losing a spike.

    Attributes:
        steps: (m,) int64, first step of each row, growing.
        n_steps: (m,) int64, steps that a row may hold; 1 is a step as it was.
        times: (m,) float64, when the first of its steps ended, in seconds of training.
        low, high: (m, n) float32, smallest and largest finite value of these steps; NaN where there is none.
        non_finite: (m, n) bool, a NaN or Inf was measured in them.
    """

    steps: NDArray[np.int64]
    n_steps: NDArray[np.int64]
    times: NDArray[np.float64]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    non_finite: NDArray[np.bool_]


class StoreView(Protocol):
    """Everything known of the run being looked at. GUI thread only.

    ``revision`` grows with every change of anything; the finer revisions tell a panel what it can leave alone.
    """

    @property
    def revision(self) -> int:
        """Grows with every change."""

    @property
    def series_revision(self) -> int:
        """Grows with each step record and each declared series."""

    @property
    def model_revision(self) -> int:
        """Grows when the model, its structure, device or coverage changes."""

    @property
    def hooks_revision(self) -> int:
        """Grows when a hook's state changes, requests of ours included."""

    @property
    def findings_revision(self) -> int:
        """Grows when the list of findings changes."""

    @property
    def log_revision(self) -> int:
        """Grows with each line."""

    @property
    def report_revision(self) -> int:
        """Grows when a module or tensor report arrives."""

    @property
    def answer_revision(self) -> int:
        """Grows when a report arrives of something that no report was kept of: somebody has just asked."""

    @property
    def books(self) -> Books:
        """What was said of the topics beside measuring: journal, lab, console, ... Each book has its own revision."""

    @property
    def model(self) -> ModelSnapshot | None:
        """The newest picture of the model, None when nothing is open."""

    @property
    def task(self) -> TaskSummary | None:
        """What is open, apart from its modules."""

    @property
    def run(self) -> RunChanged:
        """What the training thread is doing."""

    @property
    def open_failure(self) -> OpenFailed | None:
        """The last target that could not be opened, until another one opens."""

    @property
    def coverage(self) -> NDArray[np.uint8]:
        """(n_modules,) of ``NodeCoverage``."""

    @property
    def hooks(self) -> Mapping[tuple[str, HookKind], HookEntry]:
        """Ticked hooks by (fqn, kind), those only requested included."""

    @property
    def findings(self) -> Sequence[Finding]:
        """Structure checks first, then what the detectors found."""

    @property
    def n_structure_checks(self) -> int:
        """How many structure checks ran on this model; 0 before they did, or where that was not said."""

    @property
    def log(self) -> Sequence[LogLine]:
        """The last lines, at most 10 000, oldest first."""

    @property
    def n_log_lines(self) -> int:
        """Lines ever logged, those no longer kept included."""

    @property
    def n_dropped(self) -> int:
        """Step records lost between the threads."""

    @property
    def first_step(self) -> int | None:
        """Oldest step kept at full resolution, or None."""

    @property
    def last_step(self) -> int | None:
        """Newest step, or None."""

    @property
    def elapsed_s(self) -> float:
        """Seconds of training so far, without pauses."""

    @property
    def steps_per_s(self) -> float:
        """Over the last two seconds of training; NaN before."""

    @property
    def n_series(self) -> int:
        """How many series there are; grows when something is measured for the first time, as after a tick."""

    def keys(self, quantity: str) -> tuple[SeriesKey, ...]:
        """Keys of all series of a quantity, in the order they were declared."""

    def quantities(self) -> tuple[str, ...]:
        """All quantities, sorted."""

    def latest(self, key: SeriesKey) -> float | None:
        """Last measured value; None when there is none."""

    def latest_of(self, keys: Sequence[SeriesKey]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Last measured value of each of many series, and whether there is one."""

    def tail(self, key: SeriesKey, n: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Steps and values of the measured points among the last ``n`` steps kept at full resolution."""

    def matrix(self, keys: Sequence[SeriesKey], n: int, *, end_step: int | None = None) -> Matrix:
        """The last ``n`` steps kept at full resolution up to ``end_step`` (the newest by default), inclusive."""

    def history(self, keys: Sequence[SeriesKey], first_step: int, last_step: int, width: int) -> History:
        """Everything kept between two steps: every step, or the extremes of ``width`` steps from ``first_step`` on.

        The older the steps, the coarser they may be kept: a row may hold more than ``width``.
        """

    def clock(self, first_step: int, last_step: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps and when each ended, in seconds of training; about one in ``width`` of those between two steps."""

    @property
    def n_bytes(self) -> int:
        """Memory that all series take; it ends growing after so many steps."""

    def traits(self, key: SeriesKey) -> SeriesTraits:
        """Scope of a series, and whether its values are estimates; a plain one for an unknown key."""

    @property
    def skipped_steps(self) -> Sequence[StepSkipped]:
        """Steps that changed no weight, the last 10 000, oldest first."""

    @property
    def costs(self) -> CostsMeasured | None:
        """What measuring costs, None before it was counted."""

    def histogram_fqns(self, quantity: str, rank: int = 0) -> tuple[str, ...]:
        """Tensors that have histograms of a quantity (``grad_magnitudes``)."""

    def histograms(self, quantity: str, fqn: str, rank: int = 0) -> HistogramHistory:
        """The histograms of one tensor over the run; empty where there are none."""

    def histogram_steps(self, quantity: str, rank: int = 0) -> NDArray[np.int64]:
        """Steps of which there are histograms of a quantity, growing; older ones are let go as the run goes on."""

    def histograms_at(self, quantity: str, step: int, fqns: Sequence[str], rank: int = 0) -> NDArray[np.uint16]:
        """(n, 68) counts of many tensors at one of ``histogram_steps``; zeros where a tensor was not measured."""

    def module_report(self, fqn: str) -> ModuleReport | None:
        """The newest report of a module, if it was asked for."""

    def tensor_report(self, fqn: str) -> TensorReport | None:
        """The newest report of a parameter or buffer, if it was asked for."""
