"""L2 norm of the accumulated gradient of this rank alone, in the loss's own units (unscaled)."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.station_probe import StationProbe
from moduleview.telemetry.quantities import LOCAL_GRAD_NORM


class LocalGradNorm(StationProbe):
    """L2 norm of the accumulated gradient of this rank alone, in the loss's own units (unscaled).

    How to read it: beside ``grad_norm`` it says what the reduction over ranks and clipping did. Ranks that differ much
    have batches that differ much; on one rank without clipping both are the same.
    """

    quantity: ClassVar[str] = LOCAL_GRAD_NORM
