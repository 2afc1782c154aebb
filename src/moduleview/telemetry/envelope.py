"""Thins a series to the columns of a screen without losing a spike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.store_view import Envelope


def thin_to_columns(
    steps: NDArray[np.int64],
    low: NDArray[np.float32],
    high: NDArray[np.float32],
    non_finite: NDArray[np.bool_],
    n_columns: int,
) -> Envelope:
    """Group neighbouring rows so that at most ``n_columns`` are left, keeping the extremes of each group.

    Args:
        steps: (m,) growing.
        low: (m,) smallest finite value of each row, NaN for none.
        high: (m,) largest finite value of each row, NaN for none.
        non_finite: (m,) a NaN or Inf was measured in the row.
        n_columns: At least 1.
    """
    if len(steps) <= n_columns:
        return Envelope(steps, low, high, non_finite)
    starts = np.arange(n_columns) * len(steps) // n_columns
    return Envelope(
        steps[starts],
        np.fmin.reduceat(low, starts),
        np.fmax.reduceat(high, starts),
        np.logical_or.reduceat(non_finite, starts),
    )
