"""What the training side says: a closed union of frozen records, matched with ``match`` and ``assert_never``."""

from __future__ import annotations

from enum import StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.books import TopicRecord
from moduleview.telemetry.commands import SetTrainingData
from moduleview.telemetry.costs import CostsMeasured
from moduleview.telemetry.histograms import HistogramsMeasured
from moduleview.telemetry.hooks import FoundHook, HookEntry, HookForecast, HooksFound
from moduleview.telemetry.quantities import Scope
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.step_outcome import StepSkipped
from moduleview.telemetry.tensor_numbers import MagnitudeHistogram, TensorStatistics


class SeriesKey(msgspec.Struct, frozen=True, order=True):
    """The name of one series: a quantity of a tensor or module on a rank, against the step.

    Attributes:
        quantity: What was measured (``grad_norm``, ``loss``, ``forward.mean``).
        fqn: Of which module, parameter or buffer; "" for the whole model.
        rank: Of which process.
        part: Which of several values of one hook: call index and place in the output (``call 2 [1][0]``); "" for the
            only one, or the first.
    """

    quantity: str
    fqn: str = ""
    rank: int = 0
    part: str = ""


class RunState(StrEnum):
    """What the training thread is doing."""

    OPENING = "opening"  # the target's code runs
    READY = "ready"  # a model is open, no step was made
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"  # the next Run begins again at step 0 with a new model
    FINISHED = "finished"  # the batches ended
    FAILED = "failed"  # the user's code raised; Run tries again
    CLOSED = "closed"


class FailureReport(msgspec.Struct, frozen=True):
    """An exception in words: no exception object is kept, since that would keep its tensors alive.

    Attributes:
        title: One sentence: where it happened ("The forward pass raised ValueError").
        advice: One sentence: what to do next.
        traceback: Text of the traceback, cut to the user's own frames; "" where there is none to show.
        is_users: False for a bug of ours.
    """

    title: str
    advice: str
    traceback: str = ""
    is_users: bool = True

    @classmethod
    def of_message(cls, text: str, traceback: str = "") -> FailureReport:
        """A message of ours in its two parts: "what is wrong; what to do next.", or two sentences."""
        sentence, _, advice = text.partition("; " if "; " in text else ". ")
        return cls(f"{sentence.rstrip('.')}.", advice[:1].upper() + advice[1:], traceback)


class SeriesTraits(msgspec.Struct, frozen=True):
    """What a person has to know of a series to believe it.

    Attributes:
        scope: Over what its values are taken.
        is_sampled: They are estimates from a part of the elements.
    """

    scope: Scope = Scope.GLOBAL
    is_sampled: bool = False


class SeriesDeclared(msgspec.Struct, frozen=True, tag=True):
    """Gives the series ``first, first + 1, ...`` their keys; sent before the first StepRecord that uses them.

    Attributes:
        traits: As many as keys; none where all are global and exact.
    """

    first: int
    keys: tuple[SeriesKey, ...]
    traits: tuple[SeriesTraits, ...] = ()


class StepRecord(msgspec.Struct, frozen=True, eq=False, tag=True):
    """Everything that was measured in one optimizer step.

    Attributes:
        rank: Process.
        step: Counted from 0.
        time_s: Seconds since the run began, without pauses.
        series: (n,) int32, ids as declared.
        values: (n,) float32. NaN means measured and NaN; a series that is absent was not measured.
    """

    rank: int
    step: int
    time_s: float
    series: NDArray[np.int32]
    values: NDArray[np.float32]


class TaskSummary(msgspec.Struct, frozen=True):
    """What is open, apart from its modules.

    Attributes:
        title: Short name of the model ("CharTransformer").
        origin: Where it comes from, as a person would say it ("transformer.py").
        target: As given to ``moduleview TARGET``; "" when there is none.
        device: Where the model is now.
        devices: Where it could go.
        can_train: False for a bare model without data.
        cannot_train_reason: Then, a sentence on what is missing.
        optimizer: ``repr`` of the optimizer, or "".
        n_steps_planned: Steps until the batches end, or None where that is not known.
        random_data: What a model that came without data trains on, once it was given.
    """

    title: str
    origin: str
    target: str
    device: str
    devices: tuple[str, ...]
    can_train: bool
    cannot_train_reason: str = ""
    optimizer: str = ""
    n_steps_planned: int | None = None
    random_data: SetTrainingData | None = None


class ModelOpened(msgspec.Struct, frozen=True, eq=False, tag=True):
    """A new model is there: everything known of the one before is void."""

    snapshot: ModelSnapshot
    task: TaskSummary


class ModelChanged(msgspec.Struct, frozen=True, eq=False, tag=True):
    """The same run, a new picture of its structure (device, frozen parameters, materialised lazy modules)."""

    snapshot: ModelSnapshot
    task: TaskSummary


class OpenFailed(msgspec.Struct, frozen=True, tag=True):
    """The target could not be opened; what was open stays open.

    Attributes:
        is_about_target: Another name for it may help; what it makes, and the device it was to go to, are not at fault.
    """

    target: str
    failure: FailureReport
    is_about_target: bool = True


class RunChanged(msgspec.Struct, frozen=True, tag=True):
    """The training thread changed its state.

    Attributes:
        step: Steps done so far in this run.
        elapsed_s: Seconds of training, without pauses.
        failure: With FAILED, what happened; with FINISHED, why it ended; with any other state, why what was asked for
            last could not be done. Or None.
    """

    state: RunState
    step: int = 0
    elapsed_s: float = 0.0
    failure: FailureReport | None = None


class HooksChanged(msgspec.Struct, frozen=True, tag=True):
    """All hooks of ours that are ticked now; replaces the list before. What is absent is off."""

    entries: tuple[HookEntry, ...]


class CoverageMeasured(msgspec.Struct, frozen=True, eq=False, tag=True):
    """Which modules ran: (n_modules,) uint8 of ``NodeCoverage``, in the rows of the snapshot with this generation."""

    generation: int
    coverage: NDArray[np.uint8]


class ModuleReport(msgspec.Struct, frozen=True, tag=True):
    """What a person can read about one module; all of it text.

    Attributes:
        summary: ``repr`` with ``extra_repr``, cut at 20 000 characters.
        docstring: Of the class, dedented; this and the next three are "" where ``ClassDocumentation`` has them.
        signatures: Of ``__init__`` and ``forward``.
        source: Of the class.
        location: "file:line" of the class.
        found_hooks: Everyone's hooks on it.
        hook_forecasts: What hooks would meet that are not on it yet.
        is_compiled: Its hooks fire only where what is compiled is bypassed (``RunUncompiled``).
        extra_repr: What ``extra_repr()`` gives.
    """

    fqn: str
    type_name: str
    summary: str
    docstring: str
    signatures: str
    source: str
    location: str
    found_hooks: tuple[FoundHook, ...] = ()
    hook_forecasts: tuple[HookForecast, ...] = ()
    is_compiled: bool = False
    extra_repr: str = ""


class TensorReport(msgspec.Struct, frozen=True, eq=False, tag=True):
    """A tensor at one safe point, in numbers.

    Attributes:
        step: Steps done when it was taken.
        not_available: A sentence where the tensor has no values (meta, lazy); then the rest is None.
        gradient_missing: A sentence where it has no gradient now.
    """

    fqn: str
    step: int
    device: str
    value: TensorStatistics | None
    gradient: TensorStatistics | None
    value_histogram: MagnitudeHistogram | None
    gradient_histogram: MagnitudeHistogram | None
    not_available: str = ""
    gradient_missing: str = ""


class Severity(StrEnum):
    """How bad a finding is, the worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


class Tier(StrEnum):
    """A fact is true or it is not reported; a suspicion is statistical. They are never mixed on screen."""

    FACT = "fact"
    SUSPICION = "suspicion"


class Finding(msgspec.Struct, frozen=True):
    """Something that is wrong, or likely to be.

    Attributes:
        id: Of the catalogue ("S1", "V1").
        title: What it is in two or three words ("Vanishing gradients").
        fqn: Node it is about.
        step: When it was found; None for structure.
        rule: The rule in words.
        evidence: The numbers it rests on, a line each.
        advice: What to do about it.
        source: "file:line" where known.
        fix: Corrected Python to copy, a few lines; "" where there is none to show.
    """

    id: str
    tier: Tier
    severity: Severity
    title: str
    fqn: str
    rule: str
    evidence: tuple[str, ...]
    advice: str
    step: int | None = None
    rank: int = 0
    source: str = ""
    fix: str = ""


class FindingsReported(msgspec.Struct, frozen=True, tag=True):
    """What the structure checks found on this model; replaces what they found before.

    Attributes:
        n_checks: How many checks ran; 0 where that was not said.
    """

    findings: tuple[Finding, ...]
    n_checks: int = 0


class LogLine(msgspec.Struct, frozen=True, tag=True):
    """A line for the log panel.

    Attributes:
        time_s: Unix time.
        stream: "stdout", "stderr", "journal" (interventions) or "moduleview".
        text: Without the newline.
    """

    time_s: float
    stream: str
    text: str


Record = (
    SeriesDeclared
    | StepRecord
    | ModelOpened
    | ModelChanged
    | OpenFailed
    | RunChanged
    | HooksChanged
    | CoverageMeasured
    | HooksFound
    | ModuleReport
    | TensorReport
    | FindingsReported
    | LogLine
    | HistogramsMeasured
    | StepSkipped
    | CostsMeasured
    | TopicRecord
)
