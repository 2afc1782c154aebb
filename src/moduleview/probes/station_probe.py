"""What probes of one station of the gradient's way have in common."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable

from moduleview.probes.base import Measured, Probe, StepView


class StationProbe(Probe, ABC):
    """The norm of each gradient at one place on its way; ``station_norms`` takes it while the step runs."""

    def measure(self, step: StepView) -> Iterable[Measured]:
        """What was taken there in this step."""
        return step.stations.get(self.quantity, ())
