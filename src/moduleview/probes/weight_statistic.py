"""What probes of one statistic of every weight have in common."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable
from typing import ClassVar

from moduleview.probes.base import Measured, Moment, Probe, StepView
from moduleview.probes.statistic import Statistic


class WeightStatistic(Probe, ABC):
    """One statistic of each parameter after the optimizer's step; all share one read of memory."""

    statistic: ClassVar[Statistic]
    shared_read: ClassVar[str] = "weights"
    moment: ClassVar[Moment] = Moment.STEP_END

    def measure(self, step: StepView) -> Iterable[Measured]:
        """The statistic of all weights."""
        return [Measured(reading.fqns, reading.values) for reading in step.weights.statistic(self.statistic)]
