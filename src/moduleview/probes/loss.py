"""The loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch

from moduleview.probes.base import Moment, Probe, StepView
from moduleview.telemetry.quantities import LOSS


class Loss(Probe):
    """What the training step returned.

    How to read it: of one batch, so it is noisy; look at the trend over many steps. NaN or Inf in it comes too late to
    say where it began: the gradient map shows the layer.
    """

    quantity: ClassVar[str] = LOSS
    moment: ClassVar[Moment] = Moment.STEP_END

    def measure(self, step: StepView) -> Mapping[str, torch.Tensor]:
        """The loss where there is one and it is a single real number."""
        if step.loss is None:
            return {}
        if not isinstance(step.loss, torch.Tensor):
            return {"": torch.tensor(float(step.loss), dtype=torch.float32, device="cpu")}
        loss = step.loss.detach()
        if loss.numel() != 1 or loss.is_complex() or loss.is_meta:
            return {}
        return {"": loss.reshape(()).float()}
