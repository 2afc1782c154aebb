"""The L2 norms of many tensors in few calls, whatever their types are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from operator import attrgetter

import torch

from moduleview.hooks.sampling import stored_values
from moduleview.hooks.wide_norm import is_safe, wide_norm

_BATCHED_DTYPES = frozenset({torch.float32, torch.bfloat16, torch.float16})
_PLAIN_TYPES = frozenset({torch.Tensor, torch.nn.Parameter})
_STRIDED = frozenset({torch.strided})
_META = frozenset({torch.device("meta")})
_DEVICE, _DTYPE, _LAYOUT = attrgetter("device"), attrgetter("dtype"), attrgetter("layout")


def l2_norms(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """L2 norm of each tensor, as float32 0-d tensors on the tensors' devices.

    Plain floating tensors go through one ``torch._foreach_norm`` a device and dtype, accumulated in float32: the norm
    of a half-precision gradient overflows otherwise. Sparse, complex, double and 8-bit ones take a route of their own.
    On the CPU norms beyond 1e-15 .. 1e18, whose squares float32 does not hold, are taken again in another scale. On
    other devices a norm below about 1e-22 reads 0 and one above 1e19 infinite: to know it would mean to wait.
    What has no norm (meta, lazy, quantised, sharded over ranks) is left out.
    """
    if _is_one_batch(tensors.values()):
        return _norms_of_batch(list(tensors), list(tensors.values()))
    batches: dict[tuple[torch.device, torch.dtype], dict[str, torch.Tensor]] = {}
    norms: dict[str, torch.Tensor] = {}
    for fqn, tensor in tensors.items():
        if _is_one_batch((tensor,)):
            batches.setdefault((tensor.device, tensor.dtype), {})[fqn] = tensor
        else:
            norms.update(_norms_one_by_one({fqn: tensor}))
    for batch in batches.values():
        norms.update(_norms_of_batch(list(batch), list(batch.values())))
    return norms


def _is_one_batch(tensors: Collection[torch.Tensor]) -> bool:
    """All plain, strided, of one device and one dtype: asked in C, once a tensor and step."""
    devices, dtypes = set(map(_DEVICE, tensors)), set(map(_DTYPE, tensors))
    return (
        len(devices) == len(dtypes) == 1
        and dtypes <= _BATCHED_DTYPES
        and devices.isdisjoint(_META)
        and set(map(_LAYOUT, tensors)) == _STRIDED
        and set(map(type, tensors)) <= _PLAIN_TYPES
    )


def _norms_of_batch(names: list[str], batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    try:
        norms = list(torch._foreach_norm(batch, 2, dtype=torch.float32))
    except RuntimeError:  # one of them is odder than it looks: nested
        return _norms_one_by_one(dict(zip(names, batch, strict=True)))
    if not norms[0].is_cpu:  # a look at a value would wait for the device
        return dict(zip(names, norms, strict=True))
    for index, norm in enumerate(map(torch.Tensor.item, norms)):  # of 76, half of what stacking them takes
        if not is_safe(norm):
            norms[index] = wide_norm(batch[index], norms[index])
    return dict(zip(names, norms, strict=True))


def _norms_one_by_one(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    found = {fqn: _norm_of_odd_one(tensor) for fqn, tensor in tensors.items()}
    return {fqn: norm for fqn, norm in found.items() if norm is not None}


def _norm_of_odd_one(tensor: torch.Tensor) -> torch.Tensor | None:
    """The norm by the safe route, or None where there is none."""
    if tensor.is_meta or tensor.is_quantized or tensor.is_nested or hasattr(tensor, "to_local"):
        return None  # DTensor.norm() is a collective: called on one rank alone it hangs
    try:
        values = stored_values(tensor)
        if values.is_complex():
            values = torch.view_as_real(values.resolve_conj())
        if values.dtype is not torch.float64:
            values = values.float()
        norm: torch.Tensor = torch.linalg.vector_norm(values)
        return (wide_norm(values, norm) if values.is_cpu else norm).float()
    except (RuntimeError, ValueError, NotImplementedError, TypeError):
        return None  # not applicable to this type: lazy, packed, a subclass without reductions
