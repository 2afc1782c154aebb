"""Mean of each parameter's gradient."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.gradient_statistic import GradientStatistic
from moduleview.probes.statistic import Statistic
from moduleview.telemetry.quantities import GRAD_MEAN


class GradMean(GradientStatistic):
    """Mean of each gradient's elements.

    How to read it: against ``grad_std``. Far smaller is usual. One of about the same size means that all elements are
    pushed one way: a bias that is missing, or inputs that are not centred.
    """

    quantity: ClassVar[str] = GRAD_MEAN
    statistic: ClassVar[Statistic] = Statistic.MEAN
