"""The numbers of one tensor that a report shows."""

from __future__ import annotations

import torch

from moduleview.telemetry.tensor_numbers import TensorStatistics


def tensor_statistics(elements: torch.Tensor, weight: float) -> TensorStatistics:
    """Numbers over all elements: where one is not finite they say NaN or Inf, as torch does.

    Args:
        elements: (n,) on the host, n > 0, of a floating type.
        weight: How many elements of the tensor one of these stands for; norm and count of non-finite are scaled by it.
    """
    numbers = elements if elements.dtype is torch.float64 else elements.float()
    n = numbers.numel()
    n_bad = 0
    if not bool(torch.isfinite(numbers.sum())):  # one cheap pass in the common case; overflow only looks again
        n_bad = n - int(torch.isfinite(numbers).sum())
    low, high = (float(extreme) for extreme in torch.aminmax(numbers))
    mean = numbers.mean(dtype=torch.float64)
    norm = float(torch.linalg.vector_norm(numbers, dtype=torch.float64))
    spread = float(torch.linalg.vector_norm(numbers - mean.to(numbers.dtype), dtype=torch.float64))
    return TensorStatistics(
        norm=norm * weight**0.5,
        mean=float(mean),
        std=spread / n**0.5,
        min=low,
        max=high,
        zero_share=1.0 - int(torch.count_nonzero(numbers)) / n,
        non_finite=round(n_bad * weight),
    )
