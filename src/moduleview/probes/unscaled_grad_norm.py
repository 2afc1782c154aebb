"""L2 norm of the gradient in the loss's own units, before clipping."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.station_probe import StationProbe
from moduleview.telemetry.quantities import UNSCALED_GRAD_NORM


class UnscaledGradNorm(StationProbe):
    """L2 norm of the gradient in the loss's own units, before clipping.

    How to read it: over ``grad_norm`` it is the factor by which clipping shortened. Clipping at each step means that
    the threshold, not the loss, decides how far a step goes.
    """

    quantity: ClassVar[str] = UNSCALED_GRAD_NORM
