"""The stations over the steps, a line each; the last line is the change of the weight over the weight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from moduleview.gui.plots.curve_points import CurvePoints, LinePoints, smoothed
from moduleview.gui.plots.station_reading import LANE, StationReader
from moduleview.gui.plots.step_window import StepWindow
from moduleview.telemetry.quantities import UPDATE_NORM, UPDATE_RATIO
from moduleview.telemetry.store_view import History, StoreView


class StationLines:
    """Points of the lines, kept between two frames. GUI thread only.

    Args:
        reader: Of the parameters.
        n_parameters: How many there are.
    """

    def __init__(self, reader: StationReader, n_parameters: int) -> None:
        assert LANE[-1] == UPDATE_RATIO
        self._is_single = n_parameters <= 1
        quantities = LANE if self._is_single else (*LANE[:-1], UPDATE_NORM)
        self._points = LinePoints([reader.keys(quantity) for quantity in quantities])
        self._weights = StepWindow((*reader.keys(UPDATE_NORM), *reader.keys(UPDATE_RATIO)), _weights_before)

    @property
    def is_complete(self) -> bool:
        """Everything that was asked for is read; else it comes with the next frames."""
        return self._points.is_complete and (self._is_single or self._weights.is_complete)

    def read(self, store: StoreView, first_step: int, last_step: int, width: int) -> list[CurvePoints]:
        """A line for each of ``LANE``, between two steps."""
        lines = self._points.read(store, first_step, last_step, width)
        if self._is_single:
            return lines
        self._weights.update(store, first_step, max(last_step, first_step), width)
        return [*lines[:-1], _ratio(lines[-1], self._weights.steps, self._weights.arrays[0])]


def _weights_before(history: History) -> tuple[NDArray[np.float64]]:
    """(m,) norm over all weights before each step: what moved by u at a ratio r was u / r.

    One that did not move in a step is taken as it was in others; of several steps the largest change counts.
    """
    n = history.high.shape[1] // 2
    update, ratio = history.high[:, :n].astype(np.float64), history.high[:, n:].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        before = np.where(ratio > 0, update / ratio, np.nan)
    largest = np.fmax.reduce(before, axis=0, initial=0.0)
    return (np.sqrt((np.where(np.isnan(before), largest, before) ** 2).sum(axis=1)),)


def _ratio(update: CurvePoints, steps: NDArray[np.int64], weights: NDArray[np.float64]) -> CurvePoints:
    """A change over the weights, at the steps that both have."""
    _, at, of = np.intersect1d(update.steps, steps, assume_unique=True, return_indices=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, middle, high = (part[at] / weights[of] for part in (update.low, update.middle, update.high))
    bad = update.non_finite[at] | np.isinf(high)
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
