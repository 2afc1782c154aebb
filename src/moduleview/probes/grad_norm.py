"""Gradient norm of each parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch

from moduleview.probes.base import Moment, Probe, StepView
from moduleview.probes.tensor_norms import l2_norms
from moduleview.telemetry.quantities import GRAD_NORM


class GradNorm(Probe):
    """L2 norm of each parameter's gradient, as the optimizer is about to use it.

    How to read it: accumulated over all micro-batches of the step, unscaled (GradScaler), reduced over ranks where
    that is done, and after clipping. Orders of magnitude matter, not the digits: early layers far below late ones mean
    that the gradient vanishes on its way; growth step by step means that it explodes. Zero is measured and zero; a
    missing point was not measured: no gradient, or a step that mixed precision skipped. A parameter that is tied has
    one norm, at its first place.
    """

    quantity: ClassVar[str] = GRAD_NORM
    moment: ClassVar[Moment] = Moment.GRADIENTS_READY

    def measure(self, step: StepView) -> Mapping[str, torch.Tensor]:
        """One batched read of all gradients."""
        norms = l2_norms({fqn: grad for fqn, p in step.parameters.items() if (grad := p.grad) is not None})
        if step.grad_scale is None:
            return norms
        return {fqn: norm / step.grad_scale.to(norm.device, non_blocking=True) for fqn, norm in norms.items()}
