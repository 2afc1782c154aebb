"""Steps to seconds of training and back, for an axis that shows time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from moduleview.telemetry.store_view import StoreView

_CLOCK_POINTS = 1024


class RunTime:
    """A line through the steps whose time is known, straight between them and beyond them.

    Args:
        steps: (m,) growing.
        times: (m,) seconds at the end of each, not falling.
    """

    def __init__(self, steps: ArrayLike, times: ArrayLike) -> None:
        self._steps = np.asarray(steps, dtype=np.float64)
        self._times = np.asarray(times, dtype=np.float64)
        if not len(self._steps):
            self._steps = self._times = np.zeros(1)
        span_s, n_steps = self._times[-1] - self._times[0], self._steps[-1] - self._steps[0]
        self._pace_s = float(span_s / n_steps) if span_s > 0 else 1.0  # of a step: beyond the ends

    def of(self, steps: ArrayLike) -> NDArray[np.float64]:
        """Seconds of training at the end of each step."""
        return self._carried(np.asarray(steps, dtype=np.float64), self._steps, self._times, self._pace_s)

    def step_at(self, time_s: float) -> float:
        """The step, with a fraction, at a time."""
        return float(self._carried(np.asarray(time_s), self._times, self._steps, 1 / self._pace_s))

    @staticmethod
    def _carried(
        at: NDArray[np.float64], known: NDArray[np.float64], values: NDArray[np.float64], slope: float
    ) -> NDArray[np.float64]:
        inside = np.interp(at, known, values)
        found: NDArray[np.float64] = (
            inside + np.minimum(at - known[0], 0.0) * slope + np.maximum(at - known[-1], 0.0) * slope
        )
        return found


def read_run_time(store: StoreView, steps: tuple[float, float]) -> RunTime:
    """Of the steps between two, and some around them."""
    low, high = steps
    width = max(int(high - low) // _CLOCK_POINTS, 1)
    margin = int(high - low) + 1
    return RunTime(*store.clock(max(int(low) - margin, 0), int(high) + margin, width))
