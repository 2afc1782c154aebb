"""L2 norm of ``p.grad`` of this rank after the last backward pass of the step."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.station_probe import StationProbe
from moduleview.telemetry.quantities import ACCUMULATED_GRAD_NORM


class AccumulatedGradNorm(StationProbe):
    """L2 norm of ``p.grad`` of this rank after the last backward pass of the step: local, scaled by mixed precision.

    How to read it: against the micro-batches it says whether their gradients add up or cancel. Where there are several
    passes "pass 0", "pass 1" and so on say how it grew.
    """

    quantity: ClassVar[str] = ACCUMULATED_GRAD_NORM
