"""Share of zeros in each parameter."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.statistic import Statistic
from moduleview.probes.weight_statistic import WeightStatistic
from moduleview.telemetry.quantities import WEIGHT_ZERO_SHARE


class WeightZeroShare(WeightStatistic):
    """Share of each parameter's elements that are exactly zero, 0..1.

    How to read it: what was pruned, or has not left an initial value of zero, as biases do at first; otherwise near 0.
    Growing under an L1 penalty or a proximal optimizer it is the sparsity that was asked for.
    """

    quantity: ClassVar[str] = WEIGHT_ZERO_SHARE
    unit: ClassVar[str] = "shares of 1"
    statistic: ClassVar[Statistic] = Statistic.ZERO_SHARE
    shared_read: ClassVar[str] = ""  # one of its own, and rarer
    every: int = 10
