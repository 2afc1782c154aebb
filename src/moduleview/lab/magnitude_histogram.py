"""How a tensor's elements are spread over the powers of two: read off the exponent bits, so that it costs 2 ns each."""

from __future__ import annotations

import numpy as np
import torch

from moduleview.introspect.float_format import FORMATS
from moduleview.telemetry.tensor_numbers import MagnitudeHistogram


def magnitude_histogram(elements: torch.Tensor) -> MagnitudeHistogram:
    """Shares of the elements by the power of two of their magnitude.

    Args:
        elements: (n,) on the host, n > 0, of type float64, float32, bfloat16 or float16. Subnormal is meant in that
            type: a float16 of 1e-6 is subnormal although float32 holds it well.
    """
    form = FORMATS[elements.dtype]
    bits = elements.contiguous().view(form.bits).numpy()
    exponents = (bits >> form.mantissa_bits) & (form.n_exponents - 1)
    counts = np.bincount(exponents, minlength=form.n_exponents)
    n_zero = int(np.count_nonzero(elements == 0))
    n_nan = int(torch.isnan(elements).sum()) if counts[-1] else 0
    n = len(bits)
    normal = counts[1:-1]
    found = np.flatnonzero(normal)
    first, last = (int(found[0]), int(found[-1])) if len(found) else (0, -1)
    return MagnitudeHistogram(
        exponents=np.arange(first, last + 1, dtype=np.int32) + np.int32(1 - form.bias),
        shares=normal[first : last + 1] / n,
        zero=n_zero / n,
        subnormal=(int(counts[0]) - n_zero) / n,
        inf=(int(counts[-1]) - n_nan) / n,
        nan=n_nan / n,
    )
