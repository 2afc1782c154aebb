"""Tensors of a module that are computed from others: parametrizations, weight_norm and spectral_norm, pruning masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import ParametrizationList
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from moduleview.introspect.bounded_repr import tensor_words
from moduleview.introspect.module_attributes import attributes_of
from moduleview.telemetry.internals_messages import Recomputed

_MASK_SAMPLE = 4_000_000  # elements; more are not counted one by one


def recomputed_in(module: nn.Module) -> tuple[Recomputed, ...]:
    """What a module computes each time that it is read or called. Training thread only; computes none of it."""
    own = attributes_of(module)
    with torch._C.DisableTorchFunction(), torch.no_grad():
        return (*_parametrized(own), *_by_hooks(own), *_pruned(own))


def names_written_before_calls(own: Mapping[str, Mapping[str, object]]) -> frozenset[str]:
    """Attributes that a forward-pre hook of torch's writes: pruned weights, the older weight_norm and spectral_norm."""
    names = set()
    for hook in (own.get("_forward_pre_hooks") or {}).values():
        if isinstance(hook, WeightNorm | SpectralNorm):
            names.add(hook.name)
        elif isinstance(hook, BasePruningMethod):
            names.add(str(getattr(hook, "_tensor_name", "")))
    return frozenset(names)


def _parametrized(own: Mapping[str, Mapping[str, object]]) -> Iterator[Recomputed]:
    children = own.get("_modules") or {}
    lists = children["parametrizations"] if "parametrizations" in children else None  # noqa: SIM401  a ScriptModule's
    if not isinstance(lists, nn.Module):
        return
    for name, chain in (attributes_of(lists).get("_modules") or {}).items():
        if isinstance(chain, ParametrizationList):
            inside = attributes_of(chain)
            tensors = {**(inside.get("_parameters") or {}), **(inside.get("_buffers") or {})}
            originals = tuple(
                _told(f"parametrizations.{name}.{key}", value)
                for key, value in tensors.items()
                if key.startswith("original") and isinstance(value, Tensor)
            )
            steps = tuple(type(step).__name__ for step in (inside.get("_modules") or {}).values())
            yield Recomputed(name, "torch.nn.utils.parametrize", originals, steps)


def _by_hooks(own: Mapping[str, Mapping[str, object]]) -> Iterator[Recomputed]:
    """The older weight_norm and spectral_norm: a forward-pre hook writes the tensor before each call."""
    for hook in (own.get("_forward_pre_hooks") or {}).values():
        if isinstance(hook, WeightNorm):
            names = [f"{hook.name}_g", f"{hook.name}_v"]
            yield Recomputed(hook.name, "torch.nn.utils.weight_norm (deprecated)", _originals(own, names))
        elif isinstance(hook, SpectralNorm):
            names = [f"{hook.name}{ending}" for ending in ("_orig", "_u", "_v")]
            yield Recomputed(hook.name, "torch.nn.utils.spectral_norm (deprecated)", _originals(own, names))


def _pruned(own: Mapping[str, Mapping[str, object]]) -> Iterator[Recomputed]:
    for hook in (own.get("_forward_pre_hooks") or {}).values():
        name = getattr(hook, "_tensor_name", None) if isinstance(hook, BasePruningMethod) else None
        if not isinstance(name, str):
            continue
        mask = (own.get("_buffers") or {}).get(f"{name}_mask")
        share, is_estimate = _kept_share(mask) if isinstance(mask, Tensor) else (None, False)
        methods = list(getattr(hook, "_pruning_methods", None) or (hook,))
        yield Recomputed(
            name,
            "torch.nn.utils.prune",
            _originals(own, [f"{name}_orig", f"{name}_mask"]),
            tuple(type(method).__name__ for method in methods),
            share,
            is_estimate,
        )


def _originals(own: Mapping[str, Mapping[str, object]], names: list[str]) -> tuple[str, ...]:
    tensors = {**(own.get("_parameters") or {}), **(own.get("_buffers") or {})}
    found = ((name, tensors.get(name)) for name in names)
    return tuple(_told(name, tensor) for name, tensor in found if isinstance(tensor, Tensor))


def _told(name: str, tensor: Tensor) -> str:
    kind = "parameter" if isinstance(tensor, nn.Parameter) else "buffer"
    return f"{name}: {kind}, {tensor_words(tensor)}"


def _kept_share(mask: Tensor) -> tuple[float | None, bool]:
    """Share of the mask that is not 0, and whether it is of a sample of it."""
    try:
        n_elements = mask.numel()
        if not n_elements or mask.is_meta:
            return None, False
        every = -(-n_elements // _MASK_SAMPLE)
        sample = mask.reshape(-1)[::every]
        return int(torch.count_nonzero(sample)) / sample.numel(), every > 1
    except Exception:  # a sparse or nested mask
        return None, False
