"""NaN and Inf in each parameter's gradient."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.gradient_statistic import GradientStatistic
from moduleview.probes.statistic import Statistic
from moduleview.telemetry.quantities import GRAD_NON_FINITE


class GradNonFinite(GradientStatistic):
    """Number of each gradient's elements that are NaN or infinite.

    How to read it: it must be 0: the optimizer writes them into the weights, from where they do not come out again. The
    layer nearest to the loss that has some is where to look first. Mixed precision leaves such a step out, and then
    nothing is measured.
    """

    quantity: ClassVar[str] = GRAD_NON_FINITE
    unit: ClassVar[str] = "elements"
    statistic: ClassVar[Statistic] = Statistic.NON_FINITE
