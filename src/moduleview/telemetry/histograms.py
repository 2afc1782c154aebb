"""Histograms of magnitudes as they cross: one bin a power of two, and bins of their own for what has none."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

FIRST_EXPONENT = -48  # bin 0 also holds everything normal that is smaller
N_EXPONENTS = 64  # the last one, 2**15, also holds everything finite that is larger
ZERO, SUBNORMAL, INF, NAN = range(N_EXPONENTS, N_EXPONENTS + 4)
N_BINS = N_EXPONENTS + 4


class HistogramsMeasured(msgspec.Struct, frozen=True, eq=False, tag=True):
    """How the elements of many tensors are spread over the powers of two at one step.

    Attributes:
        rank: Process.
        step: Counted from 0.
        quantity: ``grad_magnitudes`` or ``weight_magnitudes``.
        fqns: n parameters.
        counts: (n, 68) uint16, elements of a sample of at most 4 096 a tensor. Column ``e < 64`` counts
            2**(e - 48) <= |x| < 2**(e - 47), its two ends what lies beyond them too; then zero, subnormal (in the
            tensor's own dtype), Inf and NaN.
    """

    rank: int
    step: int
    quantity: str
    fqns: tuple[str, ...]
    counts: NDArray[np.uint16]


class HistogramHistory(msgspec.Struct, frozen=True, eq=False):
    """The histograms of one tensor over the run, thinned so that memory is bounded.

    Attributes:
        steps: (m,) int64, growing; evenly thinned over the whole run, the newest always among them.
        counts: (m, 68) uint16, as in ``HistogramsMeasured``; a row of zeros was not measured.
    """

    steps: NDArray[np.int64]
    counts: NDArray[np.uint16]
