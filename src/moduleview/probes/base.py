"""What a probe is: one quantity, measured at one moment of a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import ClassVar

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.optim.optimizer import Optimizer

from moduleview.probes.tensor_readings import TensorReadings


class Moment(StrEnum):
    """When in a step a probe measures."""

    GRADIENTS_READY = "gradients_ready"  # after backward and clipping, just before the optimizer changes the weights
    STEP_END = "step_end"  # after the optimizer


@dataclass(frozen=True, eq=False)
class Measured:
    """Values of one quantity in one step.

    Attributes:
        fqns: n names; "" is the whole model.
        values: (n,) float32 on the device where they were computed, or (n, 68) for a histogram.
        part: Which of several values of the same name (``group 0``).
        is_sampled: They are estimates from a part of the elements.
        quantity: Another one than the probe's own, which it measures in passing; "" for its own.
    """

    fqns: tuple[str, ...]
    values: torch.Tensor
    part: str = ""
    is_sampled: bool = False
    quantity: str = ""


@dataclass(frozen=True, eq=False)
class StepView:
    """What a probe may look at. Valid only during ``measure``; a probe keeps nothing of it but detached copies.

    Attributes:
        step: Number of the optimizer step, from 0.
        parameters: Parameters by FQN, each tensor at its first place only. At GRADIENTS_READY those that the optimizer
            holds which is about to step.
        loss: What was backpropagated, in the loss's own units, or None.
        loss_scale: Scale that mixed precision gave the loss, or None where it gave none.
        grad_scale: What a fused optimizer will divide the gradients by (0-d), or None where they are true already.
        optimizer: At GRADIENTS_READY the one that is about to step, else None.
        left_out: At STEP_END names of parameters whose optimizer mixed precision left out in this step.
        stations: At STEP_END what was measured of the gradients on their way, by quantity.
        wanted: Quantities that are measured in this step: what nobody wants is not computed.
    """

    step: int
    parameters: Mapping[str, nn.Parameter] = field(default_factory=dict)
    loss: torch.Tensor | float | None = None
    loss_scale: torch.Tensor | float | None = None
    grad_scale: torch.Tensor | None = None
    optimizer: Optimizer | None = None
    left_out: frozenset[str] = frozenset()
    stations: Mapping[str, Sequence[Measured]] = field(default_factory=dict)
    wanted: frozenset[str] = frozenset()

    @cached_property
    def gradients(self) -> TensorReadings:
        """Numbers of all gradients, in the loss's own units: read once, whoever asks."""
        gradients = {fqn: grad for fqn, p in self.parameters.items() if (grad := p.grad) is not None}
        return TensorReadings(gradients, self.wanted, self.grad_scale)

    @cached_property
    def weights(self) -> TensorReadings:
        """Numbers of all parameters."""
        return TensorReadings({fqn: p for fqn, p in self.parameters.items() if not is_lazy(p)}, self.wanted)


class Probe(ABC):
    """Measures one quantity. Training thread only, grad mode off.

    The class's docstring says how a person reads the number. Tuning values are fields with units.

    Attributes:
        quantity: Name of the series (``grad_norm``).
        unit: As shown behind a value; "" for a pure number.
        moment: When it measures.
        every: Measure each so many steps.
        shared_read: Name of what it reads together with others, which share the cost; "" for what it reads alone.
        is_histogram: ``measure`` gives (n, 68) counts instead of (n,) values.
        is_first: Everybody looks at it: where the budget is short, all others are sampled before it is.
        is_free: It costs next to nothing, and is measured in each step whatever the budget.
    """

    quantity: ClassVar[str]
    unit: ClassVar[str] = ""
    moment: ClassVar[Moment] = Moment.STEP_END
    shared_read: ClassVar[str] = ""
    is_histogram: ClassVar[bool] = False
    is_first: ClassVar[bool] = False
    is_free: ClassVar[bool] = False
    every: int = 1

    @abstractmethod
    def measure(self, step: StepView) -> Iterable[Measured]:
        """Values on the devices where they were computed, one ``Measured`` a device.

        Must not wait for a device: no ``.item()``, no copy to the host, no printing. What does not apply to a tensor is
        left out, never raised.
        """

    def before_update(self, step: StepView) -> None:  # noqa: B027  most probes need neither of these two
        """Gradients are ready, and the optimizer is about to change the weights that this step will measure."""

    def forget(self) -> None:  # noqa: B027
        """The model changed or watching ends: let go of whatever is kept from step to step."""
