"""What a service of the engine is, and what it is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from types import UnionType
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from moduleview.engine.console_place import ConsolePlace
from moduleview.engine.interruption import Interruptible
from moduleview.engine.series_tap import SeriesTap
from moduleview.engine.task import TrainingTask
from moduleview.hooks.hook_set import HookSet
from moduleview.interventions.base import LiveRun
from moduleview.interventions.journal import Journal
from moduleview.lab.shelf import Shelf
from moduleview.telemetry.commands import Command
from moduleview.telemetry.records import Record

C = TypeVar("C")


class LiveModel(Protocol):
    """The open model, as services may use it. Training thread only."""

    @property
    def run(self) -> LiveRun:
        """The model and its optimizers, as interventions take them."""

    def look_for_optimizers(self) -> None:
        """Let ``run`` have all that a person's own step uses now; takes some 30 ms where there is such a step."""

    @property
    def task(self) -> TrainingTask:
        """What trains."""

    @property
    def n_steps(self) -> int:
        """Steps done so far."""

    @property
    def last_batch(self) -> Any:
        """The batch of the last step, on the model's device; None before it, and for a task that takes none."""

    @property
    def hooks(self) -> HookSet:
        """What is ticked."""

    @property
    def journal(self) -> Journal:
        """Makes interventions and writes them down."""

    @property
    def interruptible(self) -> Interruptible:
        """Runs a person's own code so that it can be ended: one of theirs may never end."""

    @property
    def console(self) -> ConsolePlace:
        """The names of the console's cells."""

    @property
    def shelf(self) -> Shelf:
        """The lab's frozen copies."""

    @property
    def measured(self) -> SeriesTap:
        """What was measured in the step that ended."""

    def measure_always(self, quantities: Collection[str]) -> None:
        """Measure these in each step from now on, whatever the budget, and have them at its end; replaces the last."""

    def put(self, record: Record) -> None:
        """Say something to the viewing side; never waits, never raises."""

    def announce_change(self) -> None:
        """The model's structure, or what trains in it, was changed: say so, and check it again."""

    def ask_to_pause(self) -> None:
        """Pause the run at the end of this step, or now between two."""


class Service(ABC, Generic[C]):
    """Answers one topic's commands between two steps. One file in this package; found by being there.

    Training thread only. What ``answer`` raises is said to the person and the run goes on as it was; the other methods
    must not raise.

    Class attributes:
        commands: The union of what it answers.
    """

    commands: ClassVar[type | UnionType]

    def __init__(self, live: LiveModel) -> None:
        self.live = live

    @abstractmethod
    def answer(self, command: C) -> None:
        """Do what is asked.

        Raises:
            ModuleViewError: It cannot be done; nothing was changed.
        """

    def opened(self) -> None:
        """The model was announced: say what there is to say before anything is asked."""

    def model_changed(self) -> None:
        """The picture of the model is another one: names may lead elsewhere."""

    def begin_step(self, step: int) -> None:
        """A step is about to be made; its batch is there."""

    def end_step(self, step: int) -> None:
        """A step was made, and what was measured in it has been sent."""

    def takes_blame(self, error: BaseException, step: int) -> bool:  # noqa: ARG002
        """A step raised: whether something that a person wrote was the reason.

        It is off now and said to them; the step is given up, and training goes on.
        """
        return False

    @property
    def has_more_to_do(self) -> bool:
        """It has work that was cut in pieces; while the run stands still, ``go_on`` is called for each of them."""
        return False

    def go_on(self) -> None:
        """Do the next piece, at most about 50 ms of work: commands wait meanwhile."""

    def commands_to_repeat(self) -> Sequence[Command]:
        """The run begins anew with a new model: what to ask again of the service that takes this one's place."""
        return ()

    def release(self) -> None:
        """The model is let go: take off everything that was put on it."""
