"""What an intervention is: a change of the run that can be taken back and written down as Python."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import nn

from moduleview.errors import ModuleViewError


class InterventionError(ModuleViewError):
    """A change that cannot be made as asked; nothing was changed."""


class Intervention(ABC):
    """Changes the run at a safe point. Training thread only.

    An object is applied once and undone at most once; what it needs for that it remembers itself.

    Attributes:
        title: What it does, as the menu and the journal say it.
    """

    title: ClassVar[str]

    @abstractmethod
    def apply(self, model: nn.Module) -> str:
        """Make the change.

        Returns:
            Python that does the same to a variable called ``model``, on one line.

        Raises:
            InterventionError: It cannot be made; nothing was changed.
        """

    @abstractmethod
    def undo(self, model: nn.Module) -> str:
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
