"""The same numbers where the tensors lie on a GPU: a few launches each, and nothing is waited for.

Written for CUDA; every call is one that the CPU has too, where the tests hold it against ``host_moments``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from moduleview.probes.plain_values import PlainValues
from moduleview.probes.statistic import Statistic

_WIDE = (torch.float32, torch.float64)


def device_moments(group: PlainValues, *, only_norm: bool) -> dict[str, torch.Tensor]:
    """Every ``Statistic`` of a group but the share of zeros, (n,) float32 each on its device.

    Squares are float32's: a norm below about 1e-22 reads 0 and one above 1e19 infinite, since to know it would mean to
    wait for the device.

    Args:
        group: Tensors of one device.
        only_norm: Only NORM and RMS are wanted.
    """
    flats = group.flats
    norms = _weighted(batched_norms(flats, 2.0), [weight**0.5 for weight in group.weights])
    rms = _weighted(norms.unbind(), [n**-0.5 for n in group.n_elements])
    if only_norm:
        return {Statistic.NORM: norms, Statistic.RMS: rms}
    stored = _stored_shares(group)
    sums = [flat.sum(dtype=torch.float32) for flat in flats]  # ``var_mean`` makes NaN of the mean where it is infinite
    means = torch._foreach_mul(sums, [1.0 / length for length in group.lengths])
    variances = [torch.var(flat if flat.dtype in _WIDE else flat.float(), correction=0) for flat in flats]
    between = [share * (1.0 - share) for share in stored]  # what zeros that are not stored add to the variance
    variance = _weighted(variances, stored) + _weighted(torch._foreach_mul(means, means), between)
    bad = [_count(flat - flat != 0, is_real) for flat, is_real in zip(flats, group.is_real, strict=True)]
    return {
        Statistic.NORM: norms,
        Statistic.RMS: rms,
        Statistic.MEAN: _weighted(means, stored),
        Statistic.STD: variance.sqrt(),
        Statistic.MAX: torch.stack(batched_norms(flats, float("inf"))),
        Statistic.NON_FINITE: _weighted(bad, list(group.weights)),  # a finite number less itself is 0
    }


def device_zero_shares(group: PlainValues) -> torch.Tensor:
    """(n,) float32 on the device, share of the elements that are zero, 0..1; also of those that are not stored."""
    zeros = [_count(flat == 0, is_real, both=True) for flat, is_real in zip(group.flats, group.is_real, strict=True)]
    sizes = zip(group.weights, group.n_elements, strict=True)
    shares = torch._foreach_mul(zeros, [weight / n for weight, n in sizes])
    return torch.stack(torch._foreach_add(shares, [1.0 - share for share in _stored_shares(group)]))


def batched_norms(flats: Sequence[torch.Tensor], order: float) -> list[torch.Tensor]:
    """L2 or infinity norms as float32 0-d tensors, one batched call a dtype.

    Summed in float32: the norm of a half-precision gradient overflows otherwise.
    """
    found: list[torch.Tensor | None] = [None] * len(flats)
    for dtype in {flat.dtype for flat in flats}:
        at = [index for index, flat in enumerate(flats) if flat.dtype is dtype]
        wide = torch.float64 if dtype is torch.float64 else torch.float32
        for index, norm in zip(at, torch._foreach_norm([flats[i] for i in at], order, dtype=wide), strict=True):
            found[index] = norm.float()
    return [norm for norm in found if norm is not None]


def _weighted(values: Sequence[torch.Tensor], factors: list[float]) -> torch.Tensor:
    """(n,) float32 of values times numbers of the host, which travel with the launch: a copy would be waited for."""
    return torch.stack([value.float() for value in torch._foreach_mul(list(values), factors)])


def _stored_shares(group: PlainValues) -> list[float]:
    """The share of each tensor's elements that its values stand for: 1 but for sparse ones."""
    stored = (
        flat.numel() if is_real else flat.numel() // 2 for flat, is_real in zip(group.flats, group.is_real, strict=True)
    )
    return [k * weight / n for k, weight, n in zip(stored, group.weights, group.n_elements, strict=True)]


def _count(chosen: torch.Tensor, is_real: bool, *, both: bool = False) -> torch.Tensor:
    """How many are chosen, a float32 0-d tensor; a complex number is if one of its parts is, or ``both`` are."""
    if not is_real:
        parts = chosen.view(-1, 2)
        chosen = parts.all(1) if both else parts.any(1)
    return chosen.sum(dtype=torch.float32)
