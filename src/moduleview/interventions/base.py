"""What an intervention is: a change of the run that can be taken back and written down as Python."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import nn
from torch.optim import Optimizer

from moduleview.errors import ModuleViewError


class InterventionError(ModuleViewError):
    """A change that cannot be made as asked; nothing was changed."""


@dataclass(frozen=True, eq=False)
class LiveRun:
    """What an intervention may change. Training thread only.

    Attributes:
        model: The live model.
        optimizers: Those that are known; none where the task has its own step and names none.
    """

    model: nn.Module
    optimizers: tuple[Optimizer, ...] = ()


class Intervention(ABC):
    """Changes the run at a safe point. Training thread only.

    An object is applied once and undone at most once; what it needs for that it remembers itself.

    Attributes:
        title: What it does, as the menu and the journal say it.
    """

    title: ClassVar[str]

    @abstractmethod
    def apply(self, run: LiveRun) -> str:
        """Make the change.

        Returns:
            Python that does the same to variables called ``model`` and ``optimizer``, on one line.

        Raises:
            InterventionError: It cannot be made; nothing was changed.
        """

    @abstractmethod
    def undo(self, run: LiveRun) -> str:
        """Bring back what was there before, as far as it still exists.

        Returns:
            Python that does the same, on one line.
        """

    @abstractmethod
    def is_undone_by(self, other: Intervention) -> bool:
        """Whether ``other``, asked for now, means to take this one back."""

    @abstractmethod
    def __str__(self) -> str:
        """What was done to what, in a few words for the journal."""
