"""The same numbers where the tensors lie on a GPU: a few launches each, and nothing is waited for.

Written for CUDA; every call is one that the CPU has too, where the tests hold it against ``host_moments``.
"""

from __future__ import annotations

import torch

from moduleview.probes.plain_values import PlainValues
from moduleview.probes.statistic import Statistic


def device_moments(group: PlainValues, *, only_norm: bool) -> dict[str, torch.Tensor]:
    """Every ``Statistic`` of a group, (n,) float32 each on its device; only the norms where nothing else is wanted.

    Sums are float32's: a norm below about 1e-22 reads 0 and one above 1e19 infinite, since to know it would mean to
    wait for the device. The deviation is exact where the mean is small beside it, as gradients have it.
    """
    flats = group.flats
    norms = _weighted(batched_norms(flats, 2.0), [weight**0.5 for weight in group.weights])
    if only_norm:
        return {Statistic.NORM: norms, Statistic.NON_FINITE: torch.zeros_like(norms)}
    sums = [flat.sum(dtype=torch.float32) for flat in flats]
    sizes = zip(group.weights, group.n_elements, strict=True)
    means = _weighted(sums, [weight / n for weight, n in sizes])
    rms = _weighted(list(norms.unbind()), [n**-0.5 for n in group.n_elements])
    bad = [torch.count_nonzero(flat - flat).float() for flat in flats]  # a finite number minus itself is 0
    return {
        Statistic.NORM: norms,
        Statistic.MEAN: means,
        Statistic.STD: (rms * rms - means * means).clamp_min(0.0).sqrt(),
        Statistic.MAX: torch.stack(batched_norms(flats, float("inf"))),
        Statistic.NON_FINITE: _weighted(bad, group.weights),
    }


def batched_norms(flats: list[torch.Tensor], order: float) -> list[torch.Tensor]:
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


def _weighted(values: list[torch.Tensor], factors: list[float]) -> torch.Tensor:
    """(n,) values times numbers of the host, which travel with the launch: a copy to the device would be waited for."""
    return torch.stack(torch._foreach_mul(values, factors))
