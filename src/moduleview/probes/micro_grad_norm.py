"""L2 norm of the gradient that one backward pass brings, as autograd gives it."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.station_probe import StationProbe
from moduleview.telemetry.quantities import MICRO_GRAD_NORM


class MicroGradNorm(StationProbe):
    """L2 norm of the gradient that one backward pass brings, as autograd gives it: local, scaled by mixed precision.

    How to read it: where a step has several passes (gradient accumulation) each has its own, under "pass 1", "pass 2"
    and so on; far apart they say that the micro-batches are too small to agree.
    """

    quantity: ClassVar[str] = MICRO_GRAD_NORM
