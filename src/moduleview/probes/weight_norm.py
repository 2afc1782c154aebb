"""Norm of each parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch.nn.parameter import is_lazy

from moduleview.probes.base import Moment, Probe, StepView
from moduleview.probes.tensor_norms import l2_norms
from moduleview.telemetry.quantities import WEIGHT_NORM


class WeightNorm(Probe):
    """L2 norm of each parameter after the optimizer's step.

    How to read it: it should drift, not jump. Steady growth under a constant learning rate asks for weight decay; a
    sudden jump marks the step in which training broke.
    """

    quantity: ClassVar[str] = WEIGHT_NORM
    moment: ClassVar[Moment] = Moment.STEP_END
    every: int = 10

    def measure(self, step: StepView) -> Mapping[str, torch.Tensor]:
        """One batched read of all parameters."""
        return l2_norms(
            {fqn: parameter.detach() for fqn, parameter in step.parameters.items() if not is_lazy(parameter)}
        )
