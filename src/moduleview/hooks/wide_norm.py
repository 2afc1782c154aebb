"""L2 norms whose squares float32 does not hold: of gradients that vanish or explode."""

from __future__ import annotations

import math

import torch

SAFE = (1e-15, 1e18)  # between them the sum of squares neither vanishes nor overflows


def is_safe(norm: float) -> bool:
    """A norm that was summed in float32 can be believed; zero, infinite and NaN are looked at once more."""
    return SAFE[0] < norm < SAFE[1]


def wide_norm(tensor: torch.Tensor, norm: torch.Tensor) -> torch.Tensor:
    """The norm taken again in another scale, as a 0-d float32 tensor.

    Args:
        tensor: On the CPU, of a real floating type: its largest element is looked at, which elsewhere means to wait.
        norm: As it came out; given back where the tensor is empty, all zero or not finite.
    """
    if not tensor.numel():
        return norm
    low, high = torch.aminmax(tensor.detach())
    largest = torch.maximum(low.abs(), high.abs()).double()
    if not 0.0 < float(largest) < math.inf:
        return norm
    rescaled: torch.Tensor = torch.linalg.vector_norm((tensor / largest).float()).double() * largest
    return rescaled.float()
