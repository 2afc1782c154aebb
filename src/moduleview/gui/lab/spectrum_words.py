"""What a spectrum of singular values says in numbers. Pure numbers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def effective_rank(values: NDArray[np.float64]) -> float:
    """How many directions a matrix really uses: the exponential of the entropy of its normalised singular values.

    Roy and Vetterli, "The effective rank: a measure of effective dimensionality", EUSIPCO 2007. Between 1 and the
    number of values; NaN where all are 0.

    Args:
        values: (n,) singular values, not negative.
    """
    total = float(values.sum())
    if not (math.isfinite(total) and total > 0):
        return math.nan
    shares = values[values > 0] / total
    return float(np.exp(-(shares * np.log(shares)).sum()))
