"""The loss."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import torch

from moduleview.probes.base import Measured, Probe, StepView
from moduleview.telemetry.quantities import LOSS


class Loss(Probe):
    """What the training step returned, or the sum of what its backward passes started from.

    How to read it: of one batch, so it is noisy; look at the trend over many steps. NaN or Inf in it comes too late to
    say where it began: the gradient map shows the layer.
    """

    quantity: ClassVar[str] = LOSS
    is_free: ClassVar[bool] = True

    def measure(self, step: StepView) -> Iterable[Measured]:
        """The loss where there is one and it is a single real number."""
        loss = step.loss
        if loss is None:
            return ()
        if not isinstance(loss, torch.Tensor):
            return (Measured(("",), torch.tensor([float(loss)], dtype=torch.float32, device="cpu")),)
        if loss.numel() != 1 or loss.is_complex() or loss.is_meta:
            return ()
        return (Measured(("",), loss.detach().reshape(1).float()),)
