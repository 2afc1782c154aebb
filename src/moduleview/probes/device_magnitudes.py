"""The same histograms where the tensors lie on a GPU: a dozen launches for all of them, and nothing is waited for."""

from __future__ import annotations

import math

import torch

from moduleview.introspect.float_format import FORMATS
from moduleview.probes.element_sample import ElementSample
from moduleview.telemetry.histograms import FIRST_EXPONENT, INF, N_BINS, N_EXPONENTS, NAN, SUBNORMAL, ZERO


def device_magnitudes(sample: ElementSample) -> torch.Tensor:
    """(n, 68) int32 counts on the device, as ``HistogramsMeasured`` says."""
    form = FORMATS[sample.values.dtype]
    magnitudes = sample.values.view(form.bits) & form.magnitude_mask
    exponents = (magnitudes >> form.mantissa_bits).long()
    places = exponents - (form.bias + FIRST_EXPONENT)
    if sample.scale is not None:
        places = places - (torch.frexp(sample.scale.detach().float()).exponent.to(places.device, non_blocking=True) - 1)
    bins = places.clamp(0, N_EXPONENTS - 1)
    bins = bins.masked_fill(exponents < _first_normal(sample), SUBNORMAL)
    bins = bins.masked_fill(magnitudes == 0, ZERO)
    bins = bins.masked_fill(exponents == form.n_exponents - 1, INF)
    bins = bins.masked_fill(magnitudes > (form.n_exponents - 1) << form.mantissa_bits, NAN)
    counts = torch.zeros(len(sample.layout.fqns) * N_BINS, dtype=torch.int32, device=bins.device)
    counts.scatter_add_(0, sample.layout.of_elements * N_BINS + bins, torch.ones_like(bins, dtype=torch.int32))
    return counts.view(-1, N_BINS)


def _first_normal(sample: ElementSample) -> int:
    """The exponent's bits of the smallest normal number of the tensors' own type."""
    form = FORMATS[sample.values.dtype]
    if not sample.dtype.is_floating_point:
        return 1
    return max(1, round(math.log2(torch.finfo(sample.dtype).smallest_normal)) + form.bias)
