"""The points of a line: read from the store, put together over parameters, thinned to pixels, smoothed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.store_view import StoreView

SMOOTHED_STEPS = 8


@dataclass(frozen=True, eq=False)
class CurvePoints:
    """A line's points, (m,) each.

    Attributes:
        steps: float64, growing; the first of the steps of each point.
        low, high: float64, NaN for a gap; equal unless a point holds several steps.
        smooth: float64, mean of up to 8 points up to each, NaN in gaps.
        non_finite: bool, a NaN or Inf was measured.
    """

    steps: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    smooth: NDArray[np.float64]
    non_finite: NDArray[np.bool_]


def is_thinned(first_step: int, last_step: int, n_columns: int) -> bool:
    """A pixel would hold more than one step."""
    return last_step - first_step + 1 > n_columns


def read_points(
    store: StoreView, lines: Sequence[tuple[SeriesKey, ...]], first_step: int, last_step: int, n_columns: int
) -> list[CurvePoints]:
    """Points of several lines between two steps, inclusive, at most ``n_columns`` a line.

    Args:
        store: Where from.
        lines: The keys of each line; of several keys the norm over them is drawn.
        first_step: Seven steps more are read, so that the smoothed line does not flicker at the left edge.
        last_step: At least ``first_step``.
        n_columns: Pixels.
    """
    oldest = store.first_step
    if is_thinned(first_step, last_step, n_columns) or oldest is None or first_step < oldest:
        return [_archived(store, keys, first_step, last_step, n_columns) for keys in lines]
    first_step = max(0, first_step - SMOOTHED_STEPS + 1)
    matrix = store.matrix([key for keys in lines for key in keys], last_step - first_step + 1, end_step=last_step)
    inside = matrix.steps >= first_step
    steps = matrix.steps[inside].astype(np.float64)
    values, measured = matrix.values[inside].astype(np.float64), matrix.measured[inside]
    points, begin = [], 0
    for keys in lines:
        part, was_measured = values[:, begin : begin + len(keys)], measured[:, begin : begin + len(keys)]
        begin += len(keys)
        there = was_measured.any(axis=1)
        line = part[there, 0] if len(keys) == 1 else _norm(part[there], was_measured[there])
        points.append(_points(steps[there], line, line, ~np.isfinite(line)))
    return points


def _archived(
    store: StoreView, keys: tuple[SeriesKey, ...], first_step: int, last_step: int, n_columns: int
) -> CurvePoints:
    """From the min/max archive. The norm over minima and maxima encloses the true norm: no spike is lost."""
    parts = [store.envelope(key, first_step, last_step, n_columns) for key in keys]
    n = max((len(part.steps) for part in parts), default=0)
    parts = [part for part in parts if len(part.steps) == n]
    if not n or not parts:
        nothing = np.zeros(0)
        return CurvePoints(nothing, nothing, nothing, nothing, np.zeros(0, dtype=np.bool_))
    low = np.stack([part.low for part in parts], axis=1).astype(np.float64)
    high = np.stack([part.high for part in parts], axis=1).astype(np.float64)
    non_finite = np.logical_or.reduce([part.non_finite for part in parts])
    there = np.logical_or(non_finite, ~np.isnan(high).all(axis=1))
    if len(parts) == 1:
        low, high = low[:, 0], high[:, 0]
    else:
        low, high = _norm(low, ~np.isnan(low)), _norm(high, ~np.isnan(high))
        low[np.isnan(high)] = np.nan
    steps = parts[0].steps.astype(np.float64)
    return _points(steps[there], low[there], high[there], non_finite[there])


def _norm(values: NDArray[np.float64], measured: NDArray[np.bool_]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        norm: NDArray[np.float64] = np.sqrt((np.where(measured, values, 0.0) ** 2).sum(axis=1))
    norm[~measured.any(axis=1)] = np.nan
    return norm


def _points(
    steps: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], non_finite: NDArray[np.bool_]
) -> CurvePoints:
    low, high = (np.where(np.isfinite(edge), edge, np.nan) for edge in (low, high))
    return CurvePoints(steps, low, high, smoothed((low + high) / 2), non_finite)


def smoothed(values: NDArray[np.float64], width: int = SMOOTHED_STEPS) -> NDArray[np.float64]:
    """Mean of each value and up to ``width - 1`` before it, NaN left out; NaN where the value itself is NaN."""
    finite = np.isfinite(values)
    padded = np.concatenate([np.zeros(width - 1), np.where(finite, values, 0.0)])
    counted = np.concatenate([np.zeros(width - 1), finite.astype(np.float64)])
    if not len(values):
        return values
    sums = np.lib.stride_tricks.sliding_window_view(padded, width).sum(axis=1)
    counts = np.lib.stride_tricks.sliding_window_view(counted, width).sum(axis=1)
    return np.where(finite, sums / np.maximum(counts, 1.0), np.nan)
