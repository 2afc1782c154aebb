"""The scale of mixed precision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import torch

from moduleview.probes.base import Measured, Probe, StepView
from moduleview.telemetry.quantities import LOSS_SCALE


class LossScale(Probe):
    """What GradScaler multiplied the step's loss by, so that small gradients survive half precision.

    How to read it: it doubles after 2 000 steps without an overflow, and halves with each one, whose step is left out.
    A step left out now and then is how it finds its place; one that falls again and again, towards 1 and below, means
    that gradients overflow whatever the scale: look at ``grad_non_finite`` for where.
    """

    quantity: ClassVar[str] = LOSS_SCALE
    is_free: ClassVar[bool] = True

    def measure(self, step: StepView) -> Iterable[Measured]:
        """The scale, in steps that have one."""
        scale = step.loss_scale
        if scale is None:
            return ()
        if not isinstance(scale, torch.Tensor):
            return (Measured(("",), torch.tensor([scale], dtype=torch.float32, device="cpu")),)
        return (Measured(("",), scale.detach().reshape(1).float()),)
