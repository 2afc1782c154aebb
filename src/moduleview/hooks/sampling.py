"""The elements of a tensor in one dimension, all of them or every so many."""

from __future__ import annotations

import math
from functools import lru_cache

import torch


def stored_values(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor itself; of a sparse one the values that it stores, each place once."""
    if tensor.is_sparse:
        return tensor.coalesce().values()
    return tensor if tensor.layout is torch.strided else tensor.values()


def flat_elements(tensor: torch.Tensor) -> torch.Tensor:
    """The elements of a strided tensor in one dimension, in any order, without a copy where the layout allows.

    An expanded dimension (stride 0, as in the gradient of a sum) repeats the same elements; one of each is given, so
    that each of them stands for ``tensor.numel() / result.numel()``.
    """
    if tensor.is_contiguous():
        return tensor.view(-1)
    for dim, stride in enumerate(tensor.stride()):
        if stride == 0 and tensor.shape[dim] > 1:
            tensor = tensor.narrow(dim, 0, 1)
    strides = tensor.stride()
    by_stride = sorted(range(tensor.dim()), key=lambda dim: -strides[dim])
    return tensor.permute(by_stride).reshape(-1)


@lru_cache(maxsize=4096)
def sample_stride(n: int, sample_size: int) -> int:
    """Smallest stride that leaves at most ``sample_size`` of ``n`` elements and shares no divisor with ``n``.

    With a stride that divides the number of channels the sample would meet some channels only.
    """
    stride = -(-n // sample_size)
    while math.gcd(stride, n) != 1:
        stride += 1
    return stride
