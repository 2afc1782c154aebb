"""Root mean square of each parameter's gradient."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.gradient_statistic import GradientStatistic
from moduleview.probes.statistic import Statistic
from moduleview.telemetry.quantities import GRAD_RMS


class GradRms(GradientStatistic):
    """Root mean square of each gradient's elements: the L2 norm over the root of their number.

    How to read it: as ``grad_norm``, but a large tensor's can be held against a small one's. Elements of a weight and
    of its bias that differ by decades learn at different speeds under SGD; Adam evens that out.
    """

    quantity: ClassVar[str] = GRAD_RMS
    statistic: ClassVar[Statistic] = Statistic.RMS
