"""What an intervention is: a change of the run that can be taken back and written down as Python."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from torch import nn
from torch.optim import Optimizer

from moduleview.errors import ModuleViewError
from moduleview.interventions.alarm_watch import AlarmWatch
from moduleview.interventions.gradient_changes import GradientChanges


class InterventionError(ModuleViewError):
    """A change that cannot be made as asked; nothing was changed."""


@dataclass(frozen=True, eq=False)
class LiveRun:
    """What an intervention may change. Training thread only.

    Attributes:
        model: The live model.
        optimizers: All that hold a part of it, in an order that stays.
        names: What a person's own step calls optimizers and schedulers, by ``id``.
        gradients: What is done to gradients in each step. The journal gives its own.
        alarms: What is said to cross a threshold. The journal gives its own.
    """

    model: nn.Module
    optimizers: tuple[Optimizer, ...] = ()
    gradients: GradientChanges = field(default_factory=GradientChanges)
    alarms: AlarmWatch = field(default_factory=AlarmWatch)
    names: Mapping[int, str] = field(default_factory=dict)


class Intervention(ABC):
    """Changes the run at a safe point. Training thread only.

    An object is applied, and then undone or not; what was undone may be applied again. What it needs for that it
    remembers itself.

    Attributes:
        title: What it does, as the menu and the journal say it.
        changes_model: The picture of the model is another one afterwards: modules, tensors, what is trained.
        fqn: What it is about; "" for the whole model, or for something else.
        number: Of its entry in the journal, 0 before: for variables in Python that no other entry uses.
    """

    title: ClassVar[str]
    changes_model: ClassVar[bool] = True
    fqn: str = ""
    number: int = 0

    @abstractmethod
    def apply(self, run: LiveRun) -> str:
        """Make the change.

        Returns:
            Python that does the same to variables called ``model`` and ``optimizer``.

        Raises:
            InterventionError: It cannot be made; nothing was changed.
        """

    @abstractmethod
    def undo(self, run: LiveRun) -> str:
        """Bring back what was there before, as far as it still exists.

        Returns:
            Python that does the same, after that of ``apply``.
        """

    def pass_on(self, later: Intervention) -> None:  # noqa: B027  most have nothing in common
        """This one is about to be undone, and ``later``, made after it, stands.

        Where both hold the same thing, ``later`` takes over what was there before this one, and this one lets go of it:
        what stands is never made twice, which would throw away what training did since.
        """

    @property
    def note(self) -> str:
        """What a person has to know of it while it stands, one sentence; "" for nothing."""
        return ""

    @abstractmethod
    def is_undone_by(self, other: Intervention) -> bool:
        """Whether ``other``, asked for now, means to take this one back."""

    @abstractmethod
    def __str__(self) -> str:
        """What was done to what, in a few words for the journal."""
