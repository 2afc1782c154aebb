"""Shares to pixels: the colours of the distribution over time as bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from moduleview.gui.look.colormap import lookup_table
from moduleview.gui.look.tokens import Tokens
from moduleview.gui.plots.magnitude_shares import SPECIAL, ShareHistory

LOW_SHARE, HIGH_SHARE = 0.0003, 0.3
"""Of the first and the last colour: about one element of a sample, and more than a bin of a power of two ever holds."""
_USUAL = 0.9  # of all gaps between two histograms are no longer than the one that is called usual
N_NUMBERS = 2  # of the special bins, zero and subnormal hold numbers


@dataclass(frozen=True, eq=False)
class Columns:
    """Which histogram stands in which column of a picture.

    Attributes:
        first_step: Of the first column.
        width: Steps a column, not necessarily whole.
        rows: (columns,) int64, rows of a ``ShareHistory``; -1 where none was measured.
    """

    first_step: float
    width: float
    rows: NDArray[np.int64]


def columns_of(history: ShareHistory, steps: tuple[float, float], newest: int, most: int) -> Columns:
    """Columns for a stretch of steps; each shows the last histogram up to its last step.

    A histogram stands for the steps up to the next one, but for no more than twice as many as usually lie between two:
    where measuring paused, nothing is shown.

    Args:
        history: What is kept.
        steps: Left and right edge of the plot, in steps.
        newest: Newest step of the run; nothing is drawn after it.
        most: Pixels there are.
    """
    low, high = max(steps[0], -0.5), min(steps[1], newest + 0.5)
    n = max(1, min(most, round(high - low)))
    width = max(high - low, 1.0) / n
    ends = np.ceil(low + width * np.arange(1, n + 1) - 0.5 - 1e-9).astype(np.int64)
    rows = np.searchsorted(history.steps, ends, side="right") - 1
    reach = 2 * float(np.quantile(np.diff(history.steps), _USUAL)) if len(history.steps) > 1 else 1.0
    begins = np.floor(low + width * np.arange(n) + 0.5 + 1e-9)
    is_old = begins - history.steps[np.maximum(rows, 0)] >= reach
    return Columns(low, width, np.where(is_old, -1, rows))


def share_codes(shares: NDArray[np.float64]) -> NDArray[np.int16]:
    """Colours 0..255 of shares, -1 where there is nothing at all."""
    with np.errstate(divide="ignore"):
        decades = np.log10(shares)
    low, high = math.log10(LOW_SHARE), math.log10(HIGH_SHARE)
    position = (decades - low) * (255.0 / (high - low))
    codes = np.clip(position + 0.5, 0.0, 255.0).astype(np.int16)
    return np.where(shares > 0, codes, np.int16(-1))


def make_pictures(
    history: ShareHistory, columns: Columns, bins: tuple[int, int], map_name: str, tokens: Tokens
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The picture of the exponents, and the strip of the special bins above it.

    Returns:
        (bins, columns, 4) uint8, the smallest magnitude first; (4, columns, 4) uint8 in the order of ``SPECIAL``.
    """
    is_there = columns.rows >= 0
    shares = history.shares[np.maximum(columns.rows, 0)]
    shares[~is_there] = 0.0
    table = _table(map_name, tokens)
    codes = share_codes(shares)
    codes[~is_there] = 257
    main = table[codes[:, bins[0] : bins[1] + 1].T]
    strip = codes[:, list(SPECIAL)].T.copy()
    trouble = strip[N_NUMBERS:]
    trouble[(trouble >= 0) & is_there] = 256
    return main, table[strip]


def _table(map_name: str, tokens: Tokens) -> NDArray[np.uint8]:
    """(259, 4): the map's colours, Inf and NaN, not measured; the last, which -1 stands for, is empty."""
    table = np.full((259, 4), 255, dtype=np.uint8)
    table[:256, :3] = lookup_table(map_name)
    for row, name in ((256, tokens.non_finite), (257, tokens.not_measured), (258, tokens.panel)):
        color = QColor(name)
        table[row, :3] = (color.red(), color.green(), color.blue())
    return table
