"""Histograms of magnitudes on the host: a table from the exponent's bits to the bin, and one count for all tensors."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from moduleview.introspect.float_format import FORMATS
from moduleview.probes.element_sample import ElementSample
from moduleview.telemetry.histograms import FIRST_EXPONENT, INF, N_BINS, N_EXPONENTS, NAN, SUBNORMAL, ZERO


def host_magnitudes(sample: ElementSample) -> torch.Tensor:
    """(n, 68) int64 counts, as ``HistogramsMeasured`` says."""
    form = FORMATS[sample.values.dtype]
    magnitudes = sample.values.view(form.bits).numpy() & form.magnitude_mask
    exponents = magnitudes >> form.mantissa_bits
    bins = _table(sample.values.dtype, sample.dtype, _exponent(sample.scale)).take(exponents)
    if bins.max() >= ZERO:
        bins[(exponents == 0) & (magnitudes != 0)] = SUBNORMAL
        bins[magnitudes > (form.n_exponents - 1) << form.mantissa_bits] = NAN
    n = len(sample.layout.fqns)
    bins += sample.layout.of_elements.numpy() * N_BINS
    counts = np.bincount(bins, minlength=n * N_BINS).reshape(n, N_BINS)
    return torch.from_numpy(counts)


@lru_cache(maxsize=32)
def _table(stored: torch.dtype, own: torch.dtype, scale_exponent: int) -> NDArray[np.int64]:
    """(patterns of the exponent's bits,) bin of each.

    Args:
        stored: Type that the bits are of.
        own: The tensor's type: it says what is subnormal.
        scale_exponent: Of the power of two that magnitudes are divided by.
    """
    form = FORMATS[stored]
    exponents = np.arange(form.n_exponents) - form.bias
    table = np.clip(exponents - scale_exponent - FIRST_EXPONENT, 0, N_EXPONENTS - 1)
    if own.is_floating_point:
        table[exponents < round(math.log2(torch.finfo(own).smallest_normal))] = SUBNORMAL
    table[0], table[-1] = ZERO, INF
    return table


def _exponent(scale: torch.Tensor | None) -> int:
    """Of the power of two that the scale is; mixed precision uses no others. One that is not is rounded down."""
    return 0 if scale is None else math.frexp(float(scale))[1] - 1
