"""The points of a line: read from the store, put together over parameters, thinned to pixels, smoothed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.records import RunState, SeriesKey
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


def column_width(first_step: int, last_step: int, n_columns: int) -> int:
    """Steps a point has to hold, a power of two, so that there are at most ``n_columns`` points."""
    width = 1
    while last_step - first_step + 1 > n_columns * width:
        width *= 2
    return width


def whole_columns(first_step: int, last_step: int, width: int) -> tuple[int, int]:
    """The first and the last step of the points that are complete; a point begins at a multiple of its width.

    Thus a point keeps its steps while the window moves, and nothing is drawn again until the next point begins, which
    is when the window moves too.
    """
    first = first_step // width * width
    return first, max(last_step // width * width - 1, first)


def steps_to_draw(store: StoreView, steps: tuple[float, float], width_px: float) -> tuple[int, int, int]:
    """First and last step to read for a plot, and how many of them a point has to hold.

    While steps arrive the newest point is drawn once it is complete, afterwards as it is: nothing stays unseen.

    Args:
        store: Where the steps are.
        steps: The left and the right edge of the plot.
        width_px: Between the two.
    """
    low, high = steps
    newest = -1 if store.last_step is None else store.last_step
    first = max(0, int(low + 0.5))
    width = column_width(first, max(int(high), first), max(64, int(width_px)))
    last = max(min(int(high), newest), first)
    if width == 1 or store.run.state is not RunState.RUNNING:
        return first // width * width, last, width
    return (*whole_columns(first, last, width), width)


def read_points(
    store: StoreView, lines: Sequence[tuple[SeriesKey, ...]], first_step: int, last_step: int, width: int
) -> list[CurvePoints]:
    """Points of several lines between two steps, inclusive, each of ``width`` steps.

    Args:
        store: Where from.
        lines: The keys of each line; of several keys the norm over them is drawn.
        first_step: Seven steps more are read, so that the smoothed line does not flicker at the left edge.
        last_step: At least ``first_step``.
        width: As ``steps_to_draw`` gives it.
    """
    oldest = store.first_step
    if width > 1 or oldest is None or first_step < oldest:
        n_columns = max(1, -(-(last_step - first_step + 1) // width))
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


def newest_values(
    store: StoreView, lines: Sequence[tuple[SeriesKey, ...]], all_keys: tuple[SeriesKey, ...]
) -> list[float | None]:
    """The newest value of each line, wherever the plot looks; None where nothing was measured.

    Args:
        store: Where from.
        lines: The keys of each line; of several keys it is the norm over them at the newest step.
        all_keys: Those of all lines, one after the other. Pass the same tuple again: the store remembers where it
            found them, and has room for few.
    """
    matrix, values, begin = store.matrix(all_keys, 1), list[float | None](), 0
    for keys in lines:
        here = slice(begin, begin + len(keys))
        begin += len(keys)
        if len(keys) > 1 and matrix.measured[:, here].any():
            values.append(float(_norm(matrix.values[:, here].astype(np.float64), matrix.measured[:, here])[0]))
            continue
        latest = [value for key in keys if (value := store.latest(key)) is not None]
        values.append(None if not latest else latest[0] if len(keys) == 1 else float(np.linalg.norm(latest)))
    return values


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
    if not len(values):
        return values
    finite = np.isfinite(values)
    window = np.ones(width)  # a running sum would lose what follows a spike
    sums = np.convolve(np.where(finite, values, 0.0), window)[: len(values)]
    counts = np.convolve(finite.astype(np.float64), window)[: len(values)]
    return np.where(finite, sums / np.maximum(counts, 1.0), np.nan)
