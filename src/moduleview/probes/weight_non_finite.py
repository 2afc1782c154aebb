"""NaN and Inf in each parameter."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.statistic import Statistic
from moduleview.probes.weight_statistic import WeightStatistic
from moduleview.telemetry.quantities import WEIGHT_NON_FINITE


class WeightNonFinite(WeightStatistic):
    """Number of each parameter's elements that are NaN or infinite.

    How to read it: it must be 0. From the first one on every output that uses it is spoiled: go back to a checkpoint,
    and look at ``grad_non_finite`` and ``grad_max`` of the steps before.
    """

    quantity: ClassVar[str] = WEIGHT_NON_FINITE
    unit: ClassVar[str] = "elements"
    statistic: ClassVar[Statistic] = Statistic.NON_FINITE
    every: int = 10
