"""Largest element of each parameter."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.statistic import Statistic
from moduleview.probes.weight_statistic import WeightStatistic
from moduleview.telemetry.quantities import WEIGHT_MAX


class WeightMax(WeightStatistic):
    """Largest magnitude among each parameter's elements.

    How to read it: against ``weight_rms``. A maximum that runs away from it is an outlier, which costs precision when
    the model is used in half precision or quantised.
    """

    quantity: ClassVar[str] = WEIGHT_MAX
    statistic: ClassVar[Statistic] = Statistic.MAX
    every: int = 10
