"""L2 norm of ``p.grad`` after the reduction over ranks, still scaled by mixed precision."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.station_probe import StationProbe
from moduleview.telemetry.quantities import REDUCED_GRAD_NORM


class ReducedGradNorm(StationProbe):
    """L2 norm of ``p.grad`` after the reduction over ranks, still scaled by mixed precision.

    How to read it: the same on every rank of DistributedDataParallel. If it is not, the ranks have parted.
    """

    quantity: ClassVar[str] = REDUCED_GRAD_NORM
