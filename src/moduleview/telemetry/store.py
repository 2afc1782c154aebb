"""Everything known of the run being looked at; written by the session, read by panels through ``StoreView``."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.archive import Archive
from moduleview.telemetry.books import Books, TopicRecord
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.costs import CostsMeasured
from moduleview.telemetry.histograms import HistogramsMeasured
from moduleview.telemetry.hook_ledger import HookLedger
from moduleview.telemetry.hooks import HookEntry, HookKind, HooksFound
from moduleview.telemetry.measurements import Measurements
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
    StepRecord,
    TaskSummary,
    TensorReport,
)
from moduleview.telemetry.revisions import Revisions
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.step_outcome import StepSkipped

N_LOG_LINES = 10_000
N_REPORTS = 64


class SeriesStore(Measurements):
    """The store of one window or watch; its reading half is documented in ``StoreView``. One thread only.

    Args:
        make_archive: Makes what keeps a run's series.
    """

    def __init__(self, make_archive: Callable[[], Archive] = Archive) -> None:
        super().__init__(make_archive)
        self._revisions = Revisions()
        self.books = Books()
        self.log: deque[LogLine] = deque(maxlen=N_LOG_LINES)
        self.n_log_lines = 0
        self.n_dropped = 0
        self.open_failure: OpenFailed | None = None
        self.run = RunChanged(state=RunState.CLOSED)
        self.model: ModelSnapshot | None = None
        self.task: TaskSummary | None = None
        self._structure_findings: tuple[Finding, ...] = ()
        self._detected: tuple[Finding, ...] = ()
        self._reports: dict[tuple[str, str], ModuleReport | TensorReport] = {}
        self._forget_run()

    def apply(self, record: Record) -> None:
        """Take one record in."""
        match record:
            case StepRecord() | SeriesDeclared() | HistogramsMeasured() | StepSkipped() | CostsMeasured():
                self._revisions.bump(*self.take_in(record))
            case ModelOpened() | ModelChanged():
                self._set_model(record)
            case RunChanged():
                self.run = record
                self._revisions.bump("run")
            case HooksChanged():
                self._hooks.confirm(record.entries)
                self._revisions.bump("hooks")
            case CoverageMeasured():
                self._set_coverage(record)
            case HooksFound():
                self._renew_found_hooks(record)
            case ModuleReport() | TensorReport():
                self._keep_report(record)
            case FindingsReported():
                self._structure_findings, self._n_structure_checks = record.findings, record.n_checks
                self._revisions.bump("findings")
            case LogLine():
                self.log.append(record)
                self.n_log_lines += 1
                self._revisions.bump("log")
            case OpenFailed():
                self.open_failure = record
                self._revisions.bump("run")
            case _:
                self._enter(record)

    def request_hooks(self, command: SetHooks) -> None:
        """Show ticked hooks as requested until the training side confirms them."""
        self._hooks.request(command)
        self._revisions.bump("hooks")

    def set_dropped(self, n_dropped: int) -> None:
        """Step records lost so far on the way here."""
        if n_dropped != self.n_dropped:
            self.n_dropped = n_dropped
            self._revisions.bump("run")

    def set_detected(self, findings: Sequence[Finding]) -> None:
        """What the detectors find now; replaces what they found before."""
        if tuple(findings) != self._detected:
            self._detected = tuple(findings)
            self._revisions.bump("findings")

    def forget_model(self) -> None:
        """The model was closed and none takes its place."""
        self.model = self.task = None
        self.run = RunChanged(state=RunState.CLOSED)
        self._forget_run()
        self.books.changes.forget_runs()
        self._revisions.bump("model", "series", "run", "hooks", "findings", "report", "books")

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
    def answer_revision(self) -> int:
        """Grows when a report arrives of something that no report was kept of: somebody has just asked."""
        return self._revisions["answer"]

    @property
    def coverage(self) -> NDArray[np.uint8]:
        """(n_modules,) of ``NodeCoverage``."""
        return self._coverage

    @property
    def hooks(self) -> Mapping[tuple[str, HookKind], HookEntry]:
        """Ticked hooks, requested ones included."""
        return self._hooks.entries

    @property
    def findings(self) -> Sequence[Finding]:
        """Structure checks first, then what the detectors found."""
        return (*self._structure_findings, *self._detected)

    @property
    def n_structure_checks(self) -> int:
        """How many structure checks ran on this model."""
        return self._n_structure_checks

    @property
    def elapsed_s(self) -> float:
        """Seconds of training so far; the newest step knows better than the last change of state."""
        return max(self.run.elapsed_s, self._series.last_time_s)

    def module_report(self, fqn: str) -> ModuleReport | None:
        """The newest report of a module, if it was asked for."""
        report = self._reports.get(("module", fqn))
        return report if isinstance(report, ModuleReport) else None

    def tensor_report(self, fqn: str) -> TensorReport | None:
        """The newest report of a parameter or buffer, if it was asked for."""
        report = self._reports.get(("tensor", fqn))
        return report if isinstance(report, TensorReport) else None

    def _forget_run(self) -> None:
        self.forget_measurements()
        self._hooks = HookLedger()
        self._coverage = np.zeros(0 if self.model is None else len(self.model), dtype=np.uint8)
        self._structure_findings = self._detected = ()
        self._n_structure_checks = 0
        self._reports.clear()
        self.books.forget()

    def _enter(self, record: TopicRecord) -> None:
        self.books.take(record)
        self._revisions.bump("books")

    def _set_model(self, record: ModelOpened | ModelChanged) -> None:
        self.model, self.task = record.snapshot, record.task
        if isinstance(record, ModelOpened):
            self.open_failure = None
            self._forget_run()
            self._revisions.bump("series", "hooks", "findings", "report", "books")
        elif len(self._coverage) != len(record.snapshot):
            self._coverage = np.zeros(len(record.snapshot), dtype=np.uint8)
        self._revisions.bump("model")

    def _set_coverage(self, record: CoverageMeasured) -> None:
        if self.model is not None and record.generation == self.model.generation:
            self._coverage = record.coverage
            self._revisions.bump("model")

    def _renew_found_hooks(self, found: HooksFound) -> None:
        report = self.module_report(found.fqn)
        if report is not None:
            newer = msgspec.structs.replace(
                report, found_hooks=found.hooks, hook_forecasts=found.forecasts, is_compiled=found.is_compiled
            )
            self._reports[("module", found.fqn)] = newer
            self._revisions.bump("report")

    def _keep_report(self, report: ModuleReport | TensorReport) -> None:
        place = ("module" if isinstance(report, ModuleReport) else "tensor", report.fqn)
        is_answer = self._reports.pop(place, None) is None
        self._reports[place] = report
        while len(self._reports) > N_REPORTS:
            self._reports.pop(next(iter(self._reports)))
        self._revisions.bump("report", *(("answer",) if is_answer else ()))
