"""Thins series to the columns of a screen without losing a spike."""

from __future__ import annotations

import numpy as np

from moduleview.telemetry.store_view import History


def thin(history: History, first_step: int, width: int) -> History:
    """Put the rows together that begin in the same ``width`` steps from ``first_step`` on, keeping their extremes.

    A row that begins before ``first_step`` reaches into it: it begins there. A row ends where the next one begins.
    """
    ends = history.steps + history.n_steps
    steps = np.maximum(history.steps, first_step)
    groups = (steps - first_step) // width
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    low, high, bad, times = history.low, history.high, history.non_finite, history.times
    if len(starts) < len(groups):
        low, high = np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
        bad, ends = np.logical_or.reduceat(bad, starts), np.maximum.reduceat(ends, starts)
        steps, times = steps[starts], times[starts]
    n_steps = np.maximum(ends - steps, width)
    n_steps[:-1] = np.minimum(n_steps[:-1], np.diff(steps))
    return History(steps, n_steps, times, low, high, bad)
