"""Standard deviation of each parameter's gradient."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.gradient_statistic import GradientStatistic
from moduleview.probes.statistic import Statistic
from moduleview.telemetry.quantities import GRAD_STD


class GradStd(GradientStatistic):
    """Standard deviation of each gradient's elements, over all of them (divided by n).

    How to read it: how far the elements differ. 0 means that all get the same gradient, and will stay alike; against
    that of other layers it shows where the gradient shrinks or grows on its way.
    """

    quantity: ClassVar[str] = GRAD_STD
    statistic: ClassVar[Statistic] = Statistic.STD
