"""The points of a line: read from the store, put together over parameters, thinned to pixels, smoothed."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moduleview.gui.plots.step_window import StepWindow
from moduleview.telemetry.records import RunState, SeriesKey
from moduleview.telemetry.store_view import History, StoreView

SMOOTHED_STEPS = 8


@dataclass(frozen=True, eq=False)
class CurvePoints:
    """A line's points, (m,) each.

    Attributes:
        steps: float64, growing; the first of the steps of each point.
        n_steps: int64, how many it may hold.
        low, high: float64, NaN for a gap; equal unless a point holds several steps, or a line several series.
        middle: float64, between the two: of several series their median.
        smooth: float64, mean of up to 8 middles up to each, NaN in gaps; where a point holds several steps their
            median, since a single spike among 256 steps would lift the mean over 2 048.
        non_finite: bool, a NaN or Inf was measured.
        is_group: The middles are medians of several series, and a line of their own.
    """

    steps: NDArray[np.float64]
    n_steps: NDArray[np.int64]
    low: NDArray[np.float64]
    middle: NDArray[np.float64]
    high: NDArray[np.float64]
    smooth: NDArray[np.float64]
    non_finite: NDArray[np.bool_]
    is_group: bool = False


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


class LinePoints:
    """The points of several lines, kept between two frames. GUI thread only.

    Args:
        lines: The keys of each line.
        groups: Numbers of the lines that are the median of their keys, with a band from the lowest to the highest; any
            other one is the norm over its keys.
    """

    def __init__(self, lines: Sequence[tuple[SeriesKey, ...]], groups: Set[int] = frozenset()) -> None:
        self._sizes = [len(keys) for keys in lines]
        self._groups = sorted(groups)
        self._window = StepWindow(tuple(key for keys in lines for key in keys), self._combine)

    @property
    def is_complete(self) -> bool:
        """Everything that was asked for is read; else it comes with the next frames."""
        return self._window.is_complete

    def read(self, store: StoreView, first_step: int, last_step: int, width: int) -> list[CurvePoints]:
        """Points between two steps, inclusive, each of ``width`` steps, or of more where they are kept coarser.

        Seven points more are read at the left, so that the smoothed line does not flicker there.
        """
        window = self._window
        early = max(first_step - (SMOOTHED_STEPS - 1) * width, 0)
        window.update(store, early, max(last_step, first_step), width)
        return [self._points(line) for line in range(len(self._sizes))]

    def _combine(self, history: History) -> tuple[NDArray[np.float64], ...]:
        starts = np.cumsum([0, *self._sizes[:-1]])
        bad = np.logical_or.reduceat(history.non_finite, starts, axis=1)
        low, high = history.low.astype(np.float64), history.high.astype(np.float64)
        lows, highs = low[:, starts], high[:, starts]
        if len(starts) < low.shape[1]:
            lows, highs = (_norms(edge, starts, np.array(self._sizes)) for edge in (low, high))
            gap = bad & (history.n_steps == 1)[:, None]  # a norm without a part of it is none
            lows[gap] = highs[gap] = np.nan
        middles = (lows + highs) / 2
        for line in self._groups:
            here = slice(int(starts[line]), int(starts[line]) + self._sizes[line])
            lows[:, line], highs[:, line] = np.fmin.reduce(low[:, here], 1), np.fmax.reduce(high[:, here], 1)
            middles[:, line] = _median((low[:, here] + high[:, here]) / 2)
        return lows, middles, highs, bad

    def _points(self, line: int) -> CurvePoints:
        low, middle, high, bad = (array[:, line] for array in self._window.arrays)
        there = ~np.isnan(high) | bad
        steps, n_steps = self._window.steps[there].astype(np.float64), self._window.n_steps[there]
        middle, is_group = middle[there], line in self._groups
        smooth = running_median(middle) if (n_steps > 1).any() else smoothed(middle)
        return CurvePoints(steps, n_steps, low[there], middle, high[there], smooth, bad[there], is_group)


def newest_values(
    store: StoreView,
    lines: Sequence[tuple[SeriesKey, ...]],
    all_keys: tuple[SeriesKey, ...],
    groups: Set[int] = frozenset(),
) -> list[float | None]:
    """The newest value of each line, wherever the plot looks; None where nothing was measured.

    Args:
        store: Where from.
        lines: The keys of each line; of several keys it is the norm over them at the newest step.
        all_keys: Those of all lines, one after the other. Pass the same tuple again: the store remembers where it
            found them, and has room for few.
        groups: Numbers of the lines that are the median of their keys.
    """
    matrix, (latest, is_known) = store.matrix(all_keys, 1), store.latest_of(all_keys)
    values, begin = list[float | None](), 0
    for number, keys in enumerate(lines):
        here = slice(begin, begin + len(keys))
        begin += len(keys)
        part, measured = matrix.values[:, here], matrix.measured[:, here]
        newest = part[measured] if len(keys) > 1 and measured.any() else latest[here][is_known[here]]
        values.append(_together(newest.astype(np.float64), is_group=number in groups))
    return values


def _together(values: NDArray[np.float64], *, is_group: bool) -> float | None:
    if len(values) < 2:
        return float(values[0]) if len(values) else None
    if not is_group:
        return float(np.linalg.norm(values))
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")


def _norms(edges: NDArray[np.float64], starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """(m, lines): the norm over each line's keys, of those that were measured; of one key its value."""
    there = ~np.isnan(edges)
    with np.errstate(over="ignore"):
        norms = np.sqrt(np.add.reduceat(np.where(there, edges, 0.0) ** 2, starts, axis=1))
    norms[~np.logical_or.reduceat(there, starts, axis=1)] = np.nan
    alone = sizes == 1
    norms[:, alone] = edges[:, starts[alone]]
    return np.where(np.isfinite(norms), norms, np.nan)


def _median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,): of each row, NaN left out; NaN where there is nothing else. As ``nanmedian``, but ten times as fast."""
    ordered = np.sort(values, axis=1)  # NaN comes last
    n_there = (~np.isnan(ordered)).sum(axis=1)
    rows = np.arange(len(ordered))
    middles: NDArray[np.float64] = (ordered[rows, np.maximum(n_there - 1, 0) // 2] + ordered[rows, n_there // 2]) / 2
    return middles


def smoothed(values: NDArray[np.float64], width: int = SMOOTHED_STEPS) -> NDArray[np.float64]:
    """Mean of each value and up to ``width - 1`` before it, NaN left out; NaN where the value itself is NaN."""
    if not len(values):
        return values
    finite = np.isfinite(values)
    window = np.ones(width)  # a running sum would lose what follows a spike
    sums = np.convolve(np.where(finite, values, 0.0), window)[: len(values)]
    counts = np.convolve(finite.astype(np.float64), window)[: len(values)]
    return np.where(finite, sums / np.maximum(counts, 1.0), np.nan)


def running_median(values: NDArray[np.float64], width: int = SMOOTHED_STEPS) -> NDArray[np.float64]:
    """Median of each value and up to ``width - 1`` before it, NaN left out; NaN where the value itself is NaN."""
    if not len(values):
        return values
    finite = np.isfinite(values)
    kept = np.where(finite, values, np.nan)
    rows = np.lib.stride_tricks.sliding_window_view(np.concatenate([np.full(width - 1, np.nan), kept]), width)
    return np.where(finite, _median(rows), np.nan)
