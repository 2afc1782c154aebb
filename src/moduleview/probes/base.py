"""What a probe is: one quantity, measured at one moment of a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

import torch
from torch import nn


class Moment(StrEnum):
    """When in a step a probe measures."""

    GRADIENTS_READY = "gradients_ready"  # after backward and clipping, just before the optimizer changes the weights
    STEP_END = "step_end"  # after the optimizer


@dataclass(frozen=True, eq=False)
class StepView:
    """What a probe may look at. Valid only during ``measure``; a probe keeps nothing of it.

    Attributes:
        step: Number of the optimizer step, from 0.
        parameters: Parameters by FQN, each tensor at its first place only. At GRADIENTS_READY those that the optimizer
            holds which is about to step.
        loss: What the step returned, or None.
        grad_scale: What a fused optimizer will divide the gradients by (0-d), or None where they are true already.
    """

    step: int
    parameters: Mapping[str, nn.Parameter] = field(default_factory=dict)
    loss: torch.Tensor | float | None = None
    grad_scale: torch.Tensor | None = None


class Probe(ABC):
    """Measures one quantity. Training thread only, grad mode off.

    The class's docstring says how a person reads the number. Tuning values are fields with units.

    Attributes:
        quantity: Name of the series (``grad_norm``).
        unit: As shown behind a value; "" for a pure number.
        moment: When it measures.
        every: Measure each so many steps.
    """

    quantity: ClassVar[str]
    unit: ClassVar[str] = ""
    moment: ClassVar[Moment] = Moment.STEP_END
    every: int = 1

    @abstractmethod
    def measure(self, step: StepView) -> Mapping[str, torch.Tensor]:
        """Values as 0-d tensors on the device where they were computed, by FQN ("" is the whole model).

        Must not wait for a device: no ``.item()``, no copy to the host, no printing. What does not apply to a tensor is
        left out, never raised.
        """
