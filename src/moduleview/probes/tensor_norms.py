"""The L2 norms of many tensors in few calls, whatever their types are."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from moduleview.hooks.sampling import stored_values

_BATCHED_DTYPES = (torch.float32, torch.bfloat16, torch.float16)


def l2_norms(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """L2 norm of each tensor, as float32 0-d tensors on the tensors' devices.

    Plain floating tensors go through one ``torch._foreach_norm`` a device and dtype, accumulated in float32: the norm
    of a half-precision gradient overflows otherwise. Sparse, complex, double and 8-bit ones take a route of their own.
    What has no norm (meta, lazy, quantised, sharded over ranks) is left out.
    """
    batches: dict[tuple[torch.device, torch.dtype], tuple[list[str], list[torch.Tensor]]] = {}
    norms: dict[str, torch.Tensor] = {}
    for fqn, tensor in tensors.items():
        if _is_plain(tensor):
            names, batch = batches.setdefault((tensor.device, tensor.dtype), ([], []))
            names.append(fqn)
            batch.append(tensor)
        elif (norm := _norm_of_odd_one(tensor)) is not None:
            norms[fqn] = norm
    for names, batch in batches.values():
        norms.update(_norms_of_batch(names, batch))
    return norms


def _norms_of_batch(names: list[str], batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    try:
        return dict(zip(names, torch._foreach_norm(batch, 2, dtype=torch.float32), strict=True))
    except RuntimeError:  # one of them is odder than it looks
        found = {name: _norm_of_odd_one(tensor) for name, tensor in zip(names, batch, strict=True)}
        return {name: norm for name, norm in found.items() if norm is not None}


def _is_plain(tensor: torch.Tensor) -> bool:
    return (
        tensor.dtype in _BATCHED_DTYPES
        and tensor.layout is torch.strided
        and not tensor.is_meta
        and not tensor.is_nested
        and type(tensor) in (torch.Tensor, torch.nn.Parameter)
    )


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
        return norm.float()
    except (RuntimeError, ValueError, NotImplementedError, TypeError):
        return None  # not applicable to this type: lazy, packed, a subclass without reductions
