"""Standard deviation of each parameter."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.statistic import Statistic
from moduleview.probes.weight_statistic import WeightStatistic
from moduleview.telemetry.quantities import WEIGHT_STD


class WeightStd(WeightStatistic):
    """Standard deviation of each parameter's elements, over all of them (divided by n).

    How to read it: falling towards 0 the elements become alike, and the layer collapses; growing without end it lacks
    weight decay.
    """

    quantity: ClassVar[str] = WEIGHT_STD
    statistic: ClassVar[Statistic] = Statistic.STD
    every: int = 10
