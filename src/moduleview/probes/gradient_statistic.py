"""What probes of one statistic of every gradient have in common."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable
from typing import ClassVar

from moduleview.probes.base import Measured, Moment, Probe, StepView
from moduleview.probes.statistic import Statistic


class GradientStatistic(Probe, ABC):
    """One statistic of each parameter's gradient, as the optimizer is about to use it; all share one read of memory."""

    statistic: ClassVar[Statistic]
    shared_read: ClassVar[str] = "gradients"
    moment: ClassVar[Moment] = Moment.GRADIENTS_READY

    def measure(self, step: StepView) -> Iterable[Measured]:
        """The statistic of all gradients."""
        return [Measured(reading.fqns, reading.values) for reading in step.gradients.statistic(self.statistic)]
