"""Norm of each parameter."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.statistic import Statistic
from moduleview.probes.weight_statistic import WeightStatistic
from moduleview.telemetry.quantities import WEIGHT_NORM


class WeightNorm(WeightStatistic):
    """L2 norm of each parameter after the optimizer's step.

    How to read it: it should drift, not jump. Steady growth under a constant learning rate asks for weight decay; a
    sudden jump marks the step in which training broke.
    """

    quantity: ClassVar[str] = WEIGHT_NORM
    statistic: ClassVar[Statistic] = Statistic.NORM
    every: int = 10
