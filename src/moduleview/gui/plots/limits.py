"""Limits of a scale that move seldom: a colour or a height that changes its meaning at every step tells nothing."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

PATIENCE_STEPS = 20
_LARGEST_SAMPLE = 8192  # values for a percentile; more of them cost time and change nothing
_OF_ZERO = -390.0  # no number has so low a decade: what is below stands for zero
_PARTS_OF_A_DECADE = (0.0, math.log10(2), math.log10(5))


class DecadeLimits:
    """Whole decades around the 1st and 99th percentile; they move when others were needed for 20 steps."""

    def __init__(self) -> None:
        self._limits: tuple[int, int] | None = None
        self._wanted_since: int | None = None

    def observe(self, decades: NDArray[np.float32], step: int) -> tuple[int, int] | None:
        """Look at what is shown.

        Args:
            decades: log10 of the values; those that are not finite are left out, and zeros: a layer that is dead would
                leave no colours to the others.
            step: The newest step.

        Returns:
            The limits in force, None until there was a value.
        """
        sample = decades.reshape(-1)
        sample = sample[:: max(1, len(sample) // _LARGEST_SAMPLE)]
        sample = sample[np.isfinite(sample) & (sample > _OF_ZERO)]
        if len(sample):
            low, high = np.percentile(sample, (1, 99)).tolist()
            self._consider((math.floor(low), max(math.ceil(high), math.floor(low) + 1)), step)
        return self._limits

    def _consider(self, wanted: tuple[int, int], step: int) -> None:
        if wanted == self._limits:
            self._wanted_since = None
        elif self._limits is None:
            self._limits = wanted
        elif self._wanted_since is None or step < self._wanted_since:
            self._wanted_since = step
        elif step - self._wanted_since >= PATIENCE_STEPS:
            self._limits, self._wanted_since = wanted, None


class AxisLimits:
    """The ends of a value axis: at 1, 2 or 5 times a power of ten, wider at once, narrower after 20 steps."""

    def __init__(self, *, is_log: bool) -> None:
        self._is_log = is_log
        self._limits: tuple[float, float] | None = None
        self._narrower_since: int | None = None

    @property
    def known(self) -> tuple[float, float] | None:
        """Those in force, None before the first values."""
        return self._limits

    def observe(self, low: float, high: float, step: int) -> tuple[float, float]:
        """Make room for ``low`` to ``high`` (decades on a logarithmic axis), shown at ``step``."""
        wanted = _outer_decade_parts(low, high) if self._is_log else _outer_multiples(low, high)
        if self._limits is None or low < self._limits[0] or high > self._limits[1]:
            self._limits, self._narrower_since = wanted, None
        elif wanted == self._limits:
            self._narrower_since = None
        elif self._narrower_since is None or step < self._narrower_since:
            self._narrower_since = step
        elif step - self._narrower_since >= PATIENCE_STEPS:
            self._limits, self._narrower_since = wanted, None
        return self._limits


def _outer_decade_parts(low: float, high: float) -> tuple[float, float]:
    low, high = low - 0.02, high + 0.02
    begins = [math.floor(low) + part for part in _PARTS_OF_A_DECADE]
    ends = [math.ceil(high) - 1 + part for part in (*_PARTS_OF_A_DECADE[1:], 1.0)]
    bottom = max(at for at in begins if at <= low)
    return bottom, max(min(at for at in ends if at >= high), bottom + 0.5)


def _outer_multiples(low: float, high: float) -> tuple[float, float]:
    span = high - low if high > low else abs(high) or 1.0
    width = 10.0 ** math.floor(math.log10(span)) / 2
    bottom = math.floor(low / width - 0.02) * width
    return bottom if low < 0 else max(bottom, 0.0), math.ceil(high / width + 0.02) * width
