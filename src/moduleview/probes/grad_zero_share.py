"""Share of zeros in each parameter's gradient."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.gradient_statistic import GradientStatistic
from moduleview.probes.statistic import Statistic
from moduleview.telemetry.quantities import GRAD_ZERO_SHARE


class GradZeroShare(GradientStatistic):
    """Share of each gradient's elements that are exactly zero, 0..1.

    How to read it: zero elements learn nothing in this step. Rows of an embedding whose token was not in the batch are
    zero as they should; elsewhere a share near 1 means dead units (ReLU), a mask, or float16 gradients that underflow.
    What a sparse gradient does not store counts as zero.
    """

    quantity: ClassVar[str] = GRAD_ZERO_SHARE
    unit: ClassVar[str] = "shares of 1"
    statistic: ClassVar[Statistic] = Statistic.ZERO_SHARE
    shared_read: ClassVar[str] = ""  # one of its own, and rarer
    every: int = 10
