"""Everything known of the run being looked at; written by the session, read by panels through ``StoreView``."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.archive import Archive
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.envelope import thin_to_columns
from moduleview.telemetry.hooks import HookEntry, HookKind, HookStatus
from moduleview.telemetry.records import (
    CoverageMeasured,
    Finding,
    FindingsReported,
    HooksChanged,
    LogLine,
    ModelChanged,
    ModelOpened,
    ModuleReport,
    OpenFailed,
    Record,
    RunChanged,
    RunState,
    SeriesDeclared,
    SeriesKey,
    StepRecord,
    TaskInfo,
    TensorReport,
)
from moduleview.telemetry.revisions import Revisions
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.store_view import Envelope, Matrix

N_LOG_LINES = 10_000
N_REPORTS = 64
_RATE_WINDOW_S = 2.0


class SeriesStore:
    """The store of one window. GUI thread only; implements ``StoreView``."""

    def __init__(self) -> None:
        self._revisions = Revisions()
        self._log: deque[LogLine] = deque(maxlen=N_LOG_LINES)
        self._n_log_lines = 0
        self._n_dropped = 0
        self._open_failure: OpenFailed | None = None
        self._run = RunChanged(state=RunState.CLOSED)
        self._model: ModelSnapshot | None = None
        self._task: TaskInfo | None = None
        self._forget()

    # -- writing ---------------------------------------------------------------------------------------------------

    def apply(self, record: Record) -> None:
        """Take one record in."""
        match record:
            case StepRecord():
                self._append_step(record)
            case SeriesDeclared():
                self._declare(record)
            case ModelOpened() | ModelChanged():
                self._set_model(record)
            case RunChanged():
                self._run = record
                self._revisions.bump("run")
            case HooksChanged():
                self._confirm_hooks(record)
            case CoverageMeasured():
                self._set_coverage(record)
            case ModuleReport() | TensorReport():
                self._keep_report(record)
            case FindingsReported():
                self._structure_findings = record.findings
                self._revisions.bump("findings")
            case LogLine():
                self._log.append(record)
                self._n_log_lines += 1
                self._revisions.bump("log")
            case OpenFailed():
                self._open_failure = record
                self._revisions.bump("run")
            case _:
                assert_never(record)

    def request_hooks(self, command: SetHooks) -> None:
        """Show ticked hooks as requested until the training side confirms them."""
        for fqn in command.fqns:
            if command.enabled:
                self._requested[fqn, command.kind] = HookEntry(fqn, command.kind, HookStatus.REQUESTED)
            else:
                self._requested.pop((fqn, command.kind), None)
                self._unticked.add((fqn, command.kind))
        self._merge_hooks()

    def set_dropped(self, n_dropped: int) -> None:
        """Step records lost so far on the way here."""
        if n_dropped != self._n_dropped:
            self._n_dropped = n_dropped
            self._revisions.bump("run")

    def set_suspicions(self, findings: Sequence[Finding]) -> None:
        """What the detectors find now; replaces what they found before."""
        if tuple(findings) != self._detected:
            self._detected = tuple(findings)
            self._revisions.bump("findings")

    def forget_model(self) -> None:
        """The model was closed and none takes its place."""
        self._model = self._task = None
        self._run = RunChanged(state=RunState.CLOSED)
        self._forget()
        for name in ("model", "series", "run", "hooks", "findings"):
            self._revisions.bump(name)

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """Grows with every change."""
        return self._revisions.total

    @property
    def series_revision(self) -> int:
        """Grows with each step record and each declared series."""
        return self._revisions["series"]

    @property
    def model_revision(self) -> int:
        """Grows when the model, its structure, device or coverage changes."""
        return self._revisions["model"]

    @property
    def hooks_revision(self) -> int:
        """Grows when a hook's state changes."""
        return self._revisions["hooks"]

    @property
    def findings_revision(self) -> int:
        """Grows when the list of findings changes."""
        return self._revisions["findings"]

    @property
    def log_revision(self) -> int:
        """Grows with each line."""
        return self._revisions["log"]

    @property
    def report_revision(self) -> int:
        """Grows when a module or tensor report arrives."""
        return self._revisions["report"]

    @property
    def model(self) -> ModelSnapshot | None:
        """The newest picture of the model."""
        return self._model

    @property
    def task(self) -> TaskInfo | None:
        """What is open."""
        return self._task

    @property
    def run(self) -> RunChanged:
        """What the training thread is doing."""
        return self._run

    @property
    def open_failure(self) -> OpenFailed | None:
        """The last target that could not be opened."""
        return self._open_failure

    @property
    def coverage(self) -> NDArray[np.uint8]:
        """(n_modules,) of ``NodeCoverage``."""
        return self._coverage

    @property
    def hooks(self) -> Mapping[tuple[str, HookKind], HookEntry]:
        """Ticked hooks, requested ones included."""
        return MappingProxyType(self._hooks)

    @property
    def findings(self) -> Sequence[Finding]:
        """Structure checks first, then what the detectors found."""
        return (*self._structure_findings, *self._detected)

    @property
    def log(self) -> Sequence[LogLine]:
        """The last lines, oldest first."""
        return self._log

    @property
    def n_log_lines(self) -> int:
        """Lines ever logged."""
        return self._n_log_lines

    @property
    def n_dropped(self) -> int:
        """Step records lost between the threads."""
        return self._n_dropped

    @property
    def first_step(self) -> int | None:
        """Oldest step kept at full resolution."""
        return self._archive.raw.first_step

    @property
    def last_step(self) -> int | None:
        """Newest step."""
        return self._last_step

    @property
    def steps_per_s(self) -> float:
        """Over the last two seconds of training; NaN before two steps."""
        if len(self._times) < 2 or self._times[-1] <= self._times[0]:
            return float("nan")
        return (len(self._times) - 1) / (self._times[-1] - self._times[0])

    def keys(self, quantity: str) -> tuple[SeriesKey, ...]:
        """Keys of all series of a quantity, in the order they were declared."""
        return tuple(self._keys_of.get(quantity, ()))

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
        """The last ``n`` steps up to ``end_step``, for several series; unknown keys are columns that were not measured."""
        raw = self._archive.raw
        at = raw.positions(n) if end_step is None else raw.range(0, end_step)[-n:]
        columns = np.array([self._id_of.get(key, -1) for key in keys], dtype=np.int64)
        known = columns >= 0
        values = np.full((len(at), len(columns)), np.nan, dtype=np.float32)
        measured = np.zeros((len(at), len(columns)), dtype=np.bool_)
        if known.any() and len(at):
            values[:, known] = raw.arrays[0][at[:, None], columns[known]]
            measured[:, known] = raw.arrays[1][at[:, None], columns[known]]
        return Matrix(raw.steps[at], tuple(keys), values, measured)

    def envelope(self, key: SeriesKey, first_step: int, last_step: int, n_columns: int) -> Envelope:
        """The history between two steps, thinned to at most ``n_columns``."""
        series = self._id_of.get(key)
        if series is None:
            empty = np.zeros(0, dtype=np.float32)
            return Envelope(np.zeros(0, dtype=np.int64), empty, empty, np.zeros(0, dtype=np.bool_))
        return thin_to_columns(*self._archive.envelope_rows(series, first_step, last_step), n_columns)

    def module_report(self, fqn: str) -> ModuleReport | None:
        """The newest report of a module, if it was asked for."""
        report = self._reports.get(("module", fqn))
        return report if isinstance(report, ModuleReport) else None

    def tensor_report(self, fqn: str) -> TensorReport | None:
        """The newest report of a parameter or buffer, if it was asked for."""
        report = self._reports.get(("tensor", fqn))
        return report if isinstance(report, TensorReport) else None

    # -- inside ----------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        """Everything that belonged to the model before."""
        self._archive = Archive()
        self._id_of: dict[SeriesKey, int] = {}
        self._keys_of: dict[str, list[SeriesKey]] = {}
        self._last_step: int | None = None
        self._times: deque[float] = deque()
        self._coverage = np.zeros(0 if self._model is None else len(self._model), dtype=np.uint8)
        self._confirmed: dict[tuple[str, HookKind], HookEntry] = {}
        self._requested: dict[tuple[str, HookKind], HookEntry] = {}
        self._unticked: set[tuple[str, HookKind]] = set()
        self._hooks: dict[tuple[str, HookKind], HookEntry] = {}
        self._structure_findings: tuple[Finding, ...] = ()
        self._detected: tuple[Finding, ...] = ()
        self._reports: dict[tuple[str, str], ModuleReport | TensorReport] = {}

    def _set_model(self, record: ModelOpened | ModelChanged) -> None:
        self._model, self._task = record.snapshot, record.task
        if isinstance(record, ModelOpened):
            self._open_failure = None
            self._forget()
            for name in ("series", "hooks", "findings", "report"):
                self._revisions.bump(name)
        elif len(self._coverage) != len(record.snapshot):
            self._coverage = np.zeros(len(record.snapshot), dtype=np.uint8)
        self._revisions.bump("model")

    def _set_coverage(self, record: CoverageMeasured) -> None:
        if self._model is not None and record.generation == self._model.generation:
            self._coverage = record.coverage
            self._revisions.bump("model")

    def _declare(self, record: SeriesDeclared) -> None:
        for series, key in enumerate(record.keys, start=record.first):
            self._id_of[key] = series
            self._keys_of.setdefault(key.quantity, []).append(key)
        self._archive.add_series(len(record.keys))
        self._revisions.bump("series")

    def _append_step(self, record: StepRecord) -> None:
        if self._last_step is not None and record.step <= self._last_step:
            return  # never goes back within a run: a repeated step says nothing new
        self._archive.append(record.step, record.series, record.values)
        self._last_step = record.step
        self._times.append(record.time_s)
        while record.time_s - self._times[0] > _RATE_WINDOW_S and len(self._times) > 2:
            self._times.popleft()
        self._revisions.bump("series")

    def _confirm_hooks(self, record: HooksChanged) -> None:
        self._confirmed = {(entry.fqn, entry.kind): entry for entry in record.entries}
        self._unticked &= set(self._confirmed)
        for key in self._confirmed:
            self._requested.pop(key, None)
        self._merge_hooks()

    def _merge_hooks(self) -> None:
        self._hooks = {key: entry for key, entry in self._confirmed.items() if key not in self._unticked}
        self._hooks.update(self._requested)
        self._revisions.bump("hooks")

    def _keep_report(self, report: ModuleReport | TensorReport) -> None:
        key = ("module" if isinstance(report, ModuleReport) else "tensor", report.fqn)
        self._reports.pop(key, None)
        self._reports[key] = report
        while len(self._reports) > N_REPORTS:
            self._reports.pop(next(iter(self._reports)))
        self._revisions.bump("report")
