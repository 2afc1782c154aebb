"""What the viewing side may ask of the training side; applied only at the safe point, on the training thread."""

from __future__ import annotations

from enum import Flag, auto

import msgspec

from moduleview.telemetry.changes_messages import ChangesCommand
from moduleview.telemetry.console_messages import ConsoleCommand
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.initialising_messages import InitialisingCommand
from moduleview.telemetry.internals_messages import InternalsCommand
from moduleview.telemetry.lab_messages import LabCommand
from moduleview.telemetry.user_hooks_messages import UserHooksCommand


class Capability(Flag):
    """What a source can do. A panel that needs more is greyed out with the reason."""

    NONE = 0
    CONTROL = auto()  # run, pause, step, stop, throttle, device
    HOOKS = auto()  # tick hooks
    REPORTS = auto()  # frozen reports of modules and tensors
    INTERVENE = auto()  # change the run
    SEEK = auto()  # move in time


class Run(msgspec.Struct, frozen=True, tag=True):
    """Train: ``n_steps`` more steps and pause, or until told otherwise when it is None."""

    n_steps: int | None = None


class RunUncompiled(msgspec.Struct, frozen=True, tag=True):
    """Make the next ``n_steps`` steps past what torch.compile has made, so that hooks in compiled modules fire.

    A run that stands still makes just these steps and pauses; one that runs goes on. The compiled code is kept, and
    runs again after them without a new compilation.
    """

    n_steps: int


class Pause(msgspec.Struct, frozen=True, tag=True):
    """Wait at the next safe point; Run goes on from there."""


class Stop(msgspec.Struct, frozen=True, tag=True):
    """End this run at the next safe point; the next Run makes the model anew and starts at step 0."""


class SetThrottle(msgspec.Struct, frozen=True, tag=True):
    """Train at most this many steps a second; None lifts the limit."""

    steps_per_s: float | None


class SetDevice(msgspec.Struct, frozen=True, tag=True):
    """Move model, optimizer state and batches to ``device`` ("cpu", "cuda:0", "mps")."""

    device: str


class SetHooks(msgspec.Struct, frozen=True, tag=True):
    """Tick or untick one kind of hook on many nodes at once.

    Attributes:
        fqns: Modules; parameters for ``PARAMETER_KINDS``; "" alone for ``OPTIMIZER_KINDS``.
    """

    fqns: tuple[str, ...]
    kind: HookKind
    enabled: bool


class CountHooks(msgspec.Struct, frozen=True, tag=True):
    """Somebody looks at everyone's hooks of one module, or no longer: count and time them until then.

    Attributes:
        fqn: The module; one at a time is counted, the last that was asked for.
    """

    fqn: str
    enabled: bool


class SetBudget(msgspec.Struct, frozen=True, tag=True):
    """Let measuring take at most this share of a step's time, 0..1; None measures as often as it was asked for."""

    share: float | None


class RequestModuleReport(msgspec.Struct, frozen=True, tag=True):
    """Ask for a ``ModuleReport`` of one module."""

    fqn: str


class RequestTensorReport(msgspec.Struct, frozen=True, tag=True):
    """Ask for a ``TensorReport`` of one parameter or buffer."""

    fqn: str


class SetTrainingData(msgspec.Struct, frozen=True, tag=True):
    """Give a bare model random batches and a loss, so that it can train.

    Attributes:
        input_shapes: One shape an argument of ``forward``, batch dimension included.
        dtype: torch's name of the inputs' type, "float32" or "int64".
        loss: Name of a loss in ``torch.nn.functional`` ("cross_entropy", "mse_loss"), or "mean" of the output.
        n_classes: Exclusive upper bound of random integer inputs and of class targets.
        learning_rate: Of the AdamW optimizer that is made.
    """

    input_shapes: tuple[tuple[int, ...], ...]
    dtype: str = "float32"
    loss: str = "mse_loss"
    n_classes: int = 10
    learning_rate: float = 1e-3


class Freeze(msgspec.Struct, frozen=True, tag=True):
    """Set ``requires_grad`` of a subtree or of one parameter; entered in the journal, undone by its opposite."""

    fqn: str
    frozen: bool


class InterruptCode(msgspec.Struct, frozen=True, tag=True):
    """End the code of a person's that runs now, a console's cell or a hook: done at once, not at the safe point.

    Attributes:
        cell: Only this cell; where it has not begun, it will not run. 0 for whatever runs.
    """

    cell: int = 0


class Close(msgspec.Struct, frozen=True, tag=True):
    """Take every hook off, let the model go, and end the training thread."""


TopicCommand = InternalsCommand | InitialisingCommand | ChangesCommand | UserHooksCommand | LabCommand | ConsoleCommand
"""What one of the engine's services answers."""

Command = (
    Run
    | RunUncompiled
    | Pause
    | Stop
    | SetThrottle
    | SetDevice
    | SetHooks
    | CountHooks
    | SetBudget
    | RequestModuleReport
    | RequestTensorReport
    | SetTrainingData
    | Freeze
    | TopicCommand
    | InterruptCode
    | Close
)
