"""What a hook notes of a tensor: five numbers, from a sample where it is large, and never waited for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from moduleview.hooks.sampling import SAMPLE_SIZE
from moduleview.hooks.wide_norm import SAFE
from moduleview.telemetry.number_words import shape_words


@dataclass(frozen=True)
class Seen:
    """Shape and type of the last tensor that a hook saw."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    is_sampled: bool

    @classmethod
    def of(cls, tensor: torch.Tensor, *, is_sampled: bool) -> Seen:
        """What to say of a tensor; a nested one has no shape that could be asked for."""
        return cls(() if tensor.is_nested else tensor.shape, tensor.dtype, is_sampled)

    def __str__(self) -> str:
        shape = f"{shape_words(self.shape)} · {str(self.dtype).removeprefix('torch.')}"
        return f"{shape} · sample of {SAMPLE_SIZE} in {math.prod(self.shape)}" if self.is_sampled else shape


def row_statistics(rows: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Mean, standard deviation, largest magnitude, share of zeros and count of non-finite elements of each row.

    A NaN makes mean, deviation and maximum NaN.

    Args:
        rows: (k, n) float32; changed in place.
        weights: (k,) how many elements of its tensor one of a row's stands for; the count is multiplied by it.

    Returns:
        (k, 5) float32 on the same device, in the order of ``HOOK_STATISTICS``. No device is waited for.
    """
    return _on_host(rows, weights) if rows.is_cpu else _on_device(rows, weights)


def _on_device(rows: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    n = rows.shape[1]
    zero_share = (rows == 0).sum(1) / n
    largest = torch.maximum(rows.amax(1), -rows.amin(1))
    non_finite = (rows - rows != 0).sum(1) * weights  # a finite number minus itself is 0, all else is NaN
    mean = rows.mean(1)
    rows.sub_(mean.unsqueeze(1))
    wide = torch.float32 if rows.device.type == "mps" else torch.float64  # squares of what vanishes or explodes
    std = (torch.linalg.vector_norm(rows, dim=1, dtype=wide) / math.sqrt(n)).float()
    return torch.stack((mean, std, largest, zero_share, non_finite), dim=1)


def _on_host(rows: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The same where looking costs nothing: what is rare is done only where it is needed."""
    n = rows.shape[1]
    zero_share = np.count_nonzero(rows.numpy() == 0, axis=1) / n  # a fifth of torch's time
    largest = torch.maximum(rows.amax(1), -rows.amin(1))
    mean = rows.mean(1)
    non_finite = torch.zeros(len(rows))
    bad = ~torch.isfinite(mean)
    if bad.any():
        non_finite[bad] = (~torch.isfinite(rows[bad])).sum(1) * weights[bad]
        mean[bad] = rows[bad].double().mean(1).float()  # the sum was too large, perhaps
    rows.sub_(mean.unsqueeze(1))
    norm = torch.linalg.vector_norm(rows, dim=1)
    unsafe = ~((norm > SAFE[0]) & (norm < SAFE[1]))
    if unsafe.any():
        norm[unsafe] = torch.linalg.vector_norm(rows[unsafe], dim=1, dtype=torch.float64).float()
    return torch.stack((mean, norm / math.sqrt(n), largest, torch.from_numpy(zero_share).float(), non_finite), dim=1)
