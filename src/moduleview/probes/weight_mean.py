"""Mean of each parameter."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.statistic import Statistic
from moduleview.probes.weight_statistic import WeightStatistic
from moduleview.telemetry.quantities import WEIGHT_MEAN


class WeightMean(WeightStatistic):
    """Mean of each parameter's elements.

    How to read it: near 0 for most matrices, near 1 for the scales of normalisation layers. A drift in one direction
    says that all elements of the layer move together.
    """

    quantity: ClassVar[str] = WEIGHT_MEAN
    statistic: ClassVar[Statistic] = Statistic.MEAN
    every: int = 10
