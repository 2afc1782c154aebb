"""Histograms of one or several tensors as shares of their elements. Pure numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moduleview.gui.look.number_format import gradient
from moduleview.telemetry.histograms import (
    FIRST_EXPONENT,
    INF,
    N_BINS,
    N_EXPONENTS,
    NAN,
    SUBNORMAL,
    ZERO,
    HistogramHistory,
)

DECADES_A_BIN = math.log10(2.0)
SPECIAL = (ZERO, SUBNORMAL, INF, NAN)
"""Bins left of the axis, in their order on the screen."""
FEWEST_BINS = 24


@dataclass(frozen=True, eq=False)
class ShareHistory:
    """How the elements are spread, step by step.

    Attributes:
        steps: (m,) int64, growing.
        shares: (m, 68) float64 in 0..1; each row adds up to 1.
        n_sampled: (m,) int64, elements that were looked at.
        n_tensors: (m,) int64, tensors that were measured; others are not in the shares.
        n_elements: (m,) int64, elements of these tensors.
    """

    steps: NDArray[np.int64]
    shares: NDArray[np.float64]
    n_sampled: NDArray[np.int64]
    n_tensors: NDArray[np.int64]
    n_elements: NDArray[np.int64]

    def row_at(self, step: int | None) -> int | None:
        """The newest row up to a step, None where there is none; ``None`` asks for the newest."""
        if not len(self.steps):
            return None
        row = len(self.steps) - 1 if step is None else int(np.searchsorted(self.steps, step, side="right")) - 1
        return row if row >= 0 else None

    def earlier_than(self, row: int, n_steps: int) -> int | None:
        """The newest row at least so many steps before another; the first where the run is younger than that."""
        before = self.row_at(int(self.steps[row]) - n_steps)
        return before if before is not None else (0 if row else None)


def combine(histories: Sequence[HistogramHistory], numels: Sequence[int]) -> ShareHistory:
    """The shares of several tensors together, each tensor by the number of its elements.

    Args:
        histories: One a tensor; they need not have the same steps.
        numels: Elements of each tensor; its sample may be smaller.
    """
    steps = np.unique(np.concatenate([history.steps for history in histories] or [np.zeros(0, dtype=np.int64)]))
    shares, n_elements = np.zeros((len(steps), N_BINS)), np.zeros(len(steps), dtype=np.int64)
    n_sampled, n_tensors = np.zeros_like(n_elements), np.zeros_like(n_elements)
    for history, numel in zip(histories, numels, strict=True):
        sampled = history.counts.sum(axis=1, dtype=np.int64)
        there = sampled > 0
        at = np.searchsorted(steps, history.steps[there])
        shares[at] += history.counts[there] * (numel / sampled[there])[:, None]
        n_elements[at] += numel
        n_tensors[at] += 1
        n_sampled[at] += sampled[there]
    kept = n_elements > 0
    parts = (part[kept] for part in (n_sampled, n_tensors, n_elements))
    return ShareHistory(steps[kept], shares[kept] / n_elements[kept][:, None], *parts)


def occupied(shares: NDArray[np.float64]) -> tuple[int, int] | None:
    """The first and the last exponent bin that holds anything, of (..., 68); None where none does."""
    filled = np.flatnonzero((shares.reshape(-1, N_BINS)[:, :N_EXPONENTS] > 0).any(axis=0))
    return (int(filled[0]), int(filled[-1])) if len(filled) else None


def widened(ends: tuple[int, int]) -> tuple[int, int]:
    """At least 24 bins around some, inside of what there is."""
    missing = max(FEWEST_BINS - (ends[1] - ends[0] + 1), 0)
    low = min(max(ends[0] - missing // 2, 0), N_EXPONENTS - FEWEST_BINS) if missing else ends[0]
    return low, max(ends[1], low + FEWEST_BINS - 1)


def edge_decade(number: float) -> float:
    """log10 of the magnitude at the lower edge of a bin."""
    return (number + FIRST_EXPONENT) * DECADES_A_BIN


def bin_at(decade: float) -> int:
    """The bin that a log10 of a magnitude lies in."""
    return math.floor(decade / DECADES_A_BIN + 1e-9) - FIRST_EXPONENT


def bin_name(number: int) -> str:
    """``4.9e-4 … 9.8e-4 (2^-11)``: what a bin holds; the first and the last have what lies beyond them too."""
    exponent = number + FIRST_EXPONENT
    low, high = (gradient(math.ldexp(1.0, at)) for at in (exponent, exponent + 1))
    if number == 0:
        return f"< {high} (2^{exponent + 1})"
    return f"≥ {low} (2^{exponent})" if number == N_EXPONENTS - 1 else f"{low} … {high} (2^{exponent})"


def median_decade(shares: NDArray[np.float64]) -> float | None:
    """log10 of the magnitude below which half of the non-zero, finite elements lie, of (68,); None without any."""
    inside = shares[:N_EXPONENTS]
    total = float(inside.sum())
    if total <= 0:
        return None
    sums = np.cumsum(inside)
    number = int(np.searchsorted(sums, total / 2))
    before = float(sums[number]) - float(inside[number])
    return edge_decade(number + (total / 2 - before) / float(inside[number]))
