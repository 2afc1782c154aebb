"""The little line of a gradient cell: the last 240 steps on a log scale, a point for each pixel column."""

from __future__ import annotations

import numpy as np

from moduleview.gui.models.gradient_rows import GradientHistory

LEAST_DECADES = 0.8  # so that noise stays flat
Run = list[tuple[int, int]]


def sparkline_runs(history: GradientHistory, width: int, height: int) -> list[Run]:
    """Connected points, x from 0 to ``width - 1``, y down from 0 to ``height - 1``; a gap where nothing is finite.

    Where several steps fall into one column, the largest stands for them: a spike is never hidden.
    """
    usable = history.measured & np.isfinite(history.values) & (history.values > 0)
    n = len(usable)
    if n < 2 or width < 2 or not usable.any():
        return []
    levels = np.full(n, np.nan)
    levels[usable] = np.log10(history.values[usable])
    if n > width:
        levels = np.fmax.reduceat(levels, np.arange(width) * n // width)
    columns = np.arange(len(levels)) * (width - 1) // (len(levels) - 1)
    low, high = np.nanmin(levels), np.nanmax(levels)
    spare = max(LEAST_DECADES - (high - low), 0.0) / 2
    low, high = low - spare, high + spare
    finite = np.isfinite(levels)
    shares = np.where(finite, (high - levels) / (high - low), 0.0)
    rows = np.rint(shares * (height - 1)).astype(np.int64)
    return _runs(columns.tolist(), rows.tolist(), finite.tolist())


def _runs(columns: list[int], rows: list[int], finite: list[bool]) -> list[Run]:
    runs: list[Run] = []
    current: Run = []
    for column, row, is_finite in zip(columns, rows, finite, strict=True):
        if is_finite:
            current.append((column, row))
        elif current:
            runs.append(current)
            current = []
    return [*runs, current] if current else runs
