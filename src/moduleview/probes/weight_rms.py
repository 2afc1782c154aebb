"""Root mean square of each parameter."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.statistic import Statistic
from moduleview.probes.weight_statistic import WeightStatistic
from moduleview.telemetry.quantities import WEIGHT_RMS


class WeightRms(WeightStatistic):
    """Root mean square of each parameter's elements: the L2 norm over the root of their number.

    How to read it: at the start it shows how the layer was initialised (1 / root of the inputs is usual for a matrix);
    afterwards it should drift, not jump.
    """

    quantity: ClassVar[str] = WEIGHT_RMS
    statistic: ClassVar[Statistic] = Statistic.RMS
    every: int = 10
