"""What a structure check is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import nn
from torch.optim import Optimizer

from moduleview.telemetry.records import Finding


class StructureCheck(ABC):
    """Looks for one fault that the structure alone gives away. One file in this package; found by being there.

    What it reports is a fact: true, or not reported. It reads ``vars(module)`` and the registration tables only, for a
    property may compute, and changes nothing.

    Class attributes:
        id: Of the catalogue ("S1").
        name: Two or three words.
        explanation: Why it matters, for who reads the check.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    explanation: ClassVar[str]

    @abstractmethod
    def check(self, model: nn.Module, optimizer: Optimizer | None) -> list[Finding]:
        """All findings that hold now. Training thread only."""
