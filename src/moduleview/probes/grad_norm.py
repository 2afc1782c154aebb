"""Gradient norm of each parameter."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.gradient_statistic import GradientStatistic
from moduleview.probes.statistic import Statistic
from moduleview.telemetry.quantities import GRAD_NORM


class GradNorm(GradientStatistic):
    """L2 norm of each parameter's gradient, as the optimizer is about to use it.

    How to read it: accumulated over all micro-batches of the step, unscaled (GradScaler), reduced over ranks where
    that is done, and after clipping. Orders of magnitude matter, not the digits: early layers far below late ones mean
    that the gradient vanishes on its way; growth step by step means that it explodes. Zero is measured and zero; a
    missing point was not measured: no gradient, or a step that mixed precision skipped. A parameter that is tied has
    one norm, at its first place; of one that is sharded over ranks it is the norm of this rank's part.
    """

    quantity: ClassVar[str] = GRAD_NORM
    statistic: ClassVar[Statistic] = Statistic.NORM
    is_first: ClassVar[bool] = True
