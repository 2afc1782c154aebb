"""What can be said of all elements of a tensor at once."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray


class TensorStatistics(msgspec.Struct, frozen=True):
    """Numbers of one tensor, over all its elements: where one is not finite they are NaN or Inf, as torch gives them.

    Attributes:
        norm: L2.
        std: Population standard deviation.
        zero_share: 0..1.
        non_finite: Count of NaN and Inf.
    """

    norm: float
    mean: float
    std: float
    min: float
    max: float
    zero_share: float
    non_finite: int


class MagnitudeHistogram(msgspec.Struct, frozen=True, eq=False):
    """Shares of a tensor's elements by the power of two of their magnitude.

    Attributes:
        exponents: (k,) int32: bin ``i`` holds 2**e <= |x| < 2**(e + 1).
        shares: (k,) float64 in 0..1.
        zero, subnormal, inf, nan: Shares in 0..1 that have bins of their own.
    """

    exponents: NDArray[np.int32]
    shares: NDArray[np.float64]
    zero: float
    subnormal: float
    inf: float
    nan: float
