"""Largest element of each parameter's gradient."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.gradient_statistic import GradientStatistic
from moduleview.probes.statistic import Statistic
from moduleview.telemetry.quantities import GRAD_MAX


class GradMax(GradientStatistic):
    """Largest magnitude among each gradient's elements.

    How to read it: against ``grad_rms``. Three to ten times it is usual; a hundred times means that a few elements make
    the step, as a rare token or an outlier in the batch does. float16 ends at 65 504: a scaled gradient that comes near
    overflows next.
    """

    quantity: ClassVar[str] = GRAD_MAX
    statistic: ClassVar[Statistic] = Statistic.MAX
