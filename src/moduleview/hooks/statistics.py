"""What a hook notes of a tensor: five numbers, computed on the tensor's device and never waited for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn.parameter import is_lazy

from moduleview.hooks.sampling import flat_elements, sample_elements, stored_values
from moduleview.hooks.wide_norm import is_safe, wide_norm
from moduleview.telemetry.number_words import shape_words

SAMPLE_SIZE = 16_384  # elements; a standard deviation is then off by about 0.5 %

Statistics = tuple[torch.Tensor | None, ...]
"""As ``HOOK_STATISTICS``: float32 0-d tensors; None where one does not apply to the tensor's type."""

_HAS_AMINMAX = (torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.int32, torch.uint8)

NOT_APPLICABLE: Statistics = (None,) * 5


@dataclass(frozen=True)
class Seen:
    """Shape and type of the last tensor that a hook saw."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    is_sampled: bool

    def __str__(self) -> str:
        shape = shape_words(self.shape)
        return f"{shape} · {str(self.dtype).removeprefix('torch.')}" + (" · sampled" if self.is_sampled else "")


def statistics_of(tensor: torch.Tensor) -> Statistics:
    """Mean, standard deviation, largest magnitude, share of zeros and count of non-finite elements, in float32.

    Of a tensor of more than 16 384 elements, mean, standard deviation and share of zeros come from a sample of that
    many, spread over the whole; the largest magnitude is exact. The count of non-finite elements is then an estimate
    from the sample, but it is at least 1 when there is one. A NaN makes mean, deviation and maximum NaN.

    Complex, quantised, nested, sharded, meta, float4 and lazy tensors have no such numbers; a sparse one has those of
    the values it stores.
    """
    if is_lazy(tensor) or tensor.is_meta or tensor.is_nested or tensor.is_quantized or tensor.is_complex():
        return NOT_APPLICABLE
    if hasattr(tensor, "to_local"):
        return NOT_APPLICABLE
    values = stored_values(tensor.detach())
    flat = flat_elements(values)
    n = flat.numel()
    if n == 0:
        return NOT_APPLICABLE
    sample = sample_elements(flat, SAMPLE_SIZE) if n > SAMPLE_SIZE else flat
    try:
        return _reduce(flat, sample.float(), values.numel() // n)
    except NotImplementedError:  # two numbers to an element, as float4 has them, cannot become float32
        return NOT_APPLICABLE


def is_sampled(tensor: torch.Tensor) -> bool:
    """``statistics_of`` looks at a part of it only."""
    return tensor.layout is torch.strided and tensor.numel() > SAMPLE_SIZE


def _reduce(flat: torch.Tensor, sample: torch.Tensor, weight: int) -> Statistics:
    """``weight``: how many elements of the tensor one of ``flat`` stands for."""
    if sample.is_cpu:
        return _reduce_on_host(flat, sample, weight)
    n_sample = sample.numel()
    mean = sample.mean()
    centred = sample - mean
    std = torch.dot(centred, centred).sqrt() / math.sqrt(n_sample)
    zero_share = 1.0 - torch.count_nonzero(sample).float() / n_sample
    non_finite = torch.count_nonzero(sample - sample).float()  # a finite number minus itself is 0, all else is NaN
    if n_sample == flat.numel():
        return mean, std, sample.abs().max(), zero_share, non_finite * weight
    low, high = _extremes(flat)
    largest = torch.maximum(low.float().abs(), high.float().abs())
    some = torch.count_nonzero(largest - largest).float()
    return mean, std, largest, zero_share, torch.maximum(non_finite * (flat.numel() / n_sample), some) * weight


def _reduce_on_host(flat: torch.Tensor, sample: torch.Tensor, weight: int) -> Statistics:
    """The same where no device has to be waited for: Python's numbers cost a tenth of 0-d tensors."""
    n_sample = sample.numel()
    mean = float(average := sample.mean())
    centred = sample - average
    norm = torch.dot(centred, centred).sqrt()
    if not is_safe(float(norm)):
        norm = wide_norm(centred, norm)
    non_finite = 0.0
    if not math.isfinite(mean):
        non_finite = int(torch.count_nonzero(sample - sample)) * (flat.numel() / n_sample)
    low, high = _extremes(flat)
    largest = max(abs(float(low)), abs(float(high)))  # both are NaN where one element is
    if not math.isfinite(largest):
        non_finite = max(non_finite, 1.0)
    zero_share = 1.0 - int(torch.count_nonzero(sample)) / n_sample
    numbers = (mean, float(norm) / math.sqrt(n_sample), largest, zero_share, non_finite * weight)
    return torch.tensor(numbers, dtype=torch.float32, device="cpu").unbind()


def _extremes(flat: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Smallest and largest element, of all of them."""
    low, high = torch.aminmax(flat if flat.dtype in _HAS_AMINMAX else flat.float())
    return low, high
