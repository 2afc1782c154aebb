"""The stations over the steps, a line each; the last line is the change of the weight over the weight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from moduleview.gui.plots.curve_points import CurvePoints, LinePoints, smoothed
from moduleview.gui.plots.station_reading import LANE, StationReader
from moduleview.telemetry.quantities import UPDATE_NORM, UPDATE_RATIO, WEIGHT_NORM
from moduleview.telemetry.store_view import StoreView


class StationLines:
    """Points of the lines, kept between two frames. GUI thread only.

    Of several parameters, update / weight is their change over their weights after the step instead of before it: that
    is off by the ratio itself, a thousandth, which no plot shows.

    Args:
        reader: Of the parameters.
        n_parameters: How many there are.
    """

    def __init__(self, reader: StationReader, n_parameters: int) -> None:
        self._is_single = n_parameters == 1
        quantities = LANE if self._is_single else (*LANE[:-1], UPDATE_NORM, WEIGHT_NORM)
        assert LANE[-1] == UPDATE_RATIO
        self._points = LinePoints([reader.keys(quantity) for quantity in quantities])

    @property
    def is_complete(self) -> bool:
        """Everything that was asked for is read; else it comes with the next frames."""
        return self._points.is_complete

    def read(self, store: StoreView, first_step: int, last_step: int, width: int) -> list[CurvePoints]:
        """A line for each of ``LANE``, between two steps."""
        lines = self._points.read(store, first_step, last_step, width)
        return lines if self._is_single else [*lines[:-2], _ratio(lines[-2], lines[-1])]


def _ratio(update: CurvePoints, weight: CurvePoints) -> CurvePoints:
    """One over the other at the steps that both have."""
    _, at, of = np.intersect1d(update.steps, weight.steps, assume_unique=True, return_indices=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, middle, high = (
            update.low[at] / weight.high[of],
            update.middle[at] / weight.middle[of],
            update.high[at] / weight.low[of],
        )
    bad = update.non_finite[at] | weight.non_finite[of] | np.isinf(high)
    low, middle, high = (np.where(np.isfinite(part), part, np.nan) for part in (low, middle, high))
    return replace(
        update,
        steps=update.steps[at],
        n_steps=update.n_steps[at],
        low=low,
        middle=middle,
        high=high,
        smooth=smoothed(middle),
        non_finite=bad,
    )
