"""The elements of a tensor in one dimension, all of them or every so many."""

from __future__ import annotations

import math
from functools import lru_cache

import torch

BLOCK = 16
SAMPLE_SIZE = 4_096  # elements; a standard deviation is then off by about 1 %
GRID = (SAMPLE_SIZE // BLOCK, BLOCK)


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


def sample_elements(flat: torch.Tensor, n_elements: int) -> torch.Tensor:
    """About ``n_elements`` of a one-dimensional tensor that has more, contiguous and spread over the whole of it.

    They come in blocks of 16 neighbours, a cache line of float32: single elements would cost as much memory traffic as
    sixteen times as many.
    """
    n_blocks = n_elements // BLOCK
    rows = flat.as_strided((n_blocks, BLOCK), (block_stride(flat.numel(), n_blocks) * flat.stride(0), flat.stride(0)))
    return rows.reshape(-1)


def sampled_blocks(flat: torch.Tensor, turn: int) -> torch.Tensor:
    """(256, 16) view of 4 096 elements of a contiguous or one-dimensional tensor that has more, spread over all of it.

    Each turn begins elsewhere, so that after somewhat more turns than there are samples in the tensor each element was
    seen.
    """
    step = 1 if flat.is_contiguous() else flat.stride(0)  # the stride of a dimension of size 1 means nothing
    strides, offset = sample_plan(flat.numel(), turn, step)
    return flat.as_strided(GRID, strides, flat.storage_offset() + offset)


@lru_cache(maxsize=4096)
def sample_plan(n: int, turn: int, step: int) -> tuple[tuple[int, int], int]:
    """Strides of a grid of ``GRID`` elements that are ``step`` apart, of ``n``, and the elements before its first."""
    stride, n_offsets, last = _plan(n)
    return (stride * step, step), min(turn % n_offsets * BLOCK, last) * step


@lru_cache(maxsize=4096)
def _plan(n: int) -> tuple[int, int, int]:
    """Elements from one block to the next; how many turns there are; where the last of them begins."""
    n_blocks = SAMPLE_SIZE // BLOCK
    stride = max(block_stride(n, n_blocks), BLOCK)
    last = n - (n_blocks - 1) * stride - BLOCK
    return stride, -(-last // BLOCK) + 1, last


@lru_cache(maxsize=4096)
def block_stride(n: int, n_blocks: int) -> int:
    """Elements from one block to the next: as many as there is room for, and no divisor in common with ``n``.

    With a stride that divides the number of channels the sample would meet some channels only.
    """
    stride = n // n_blocks
    while math.gcd(stride, n) != 1:
        stride -= 1
    return stride
