"""What a model is wrapped in as a whole: torch.compile, DistributedDataParallel and their like."""

from __future__ import annotations

from torch import nn

from moduleview.introspect.module_attributes import attributes_of

_INNER = {
    "OptimizedModule": "_orig_mod",
    "DistributedDataParallel": "module",
    "DataParallel": "module",
    "FullyShardedDataParallel": "_fsdp_wrapped_module",
}


def wrapping_prefix(model: nn.Module) -> str:
    """What stands before a name inside the wrapped model: ``module.``, ``_orig_mod.module.``, or "" for a bare one."""
    prefix = ""
    for _ in range(len(_INNER)):
        name = _INNER.get(type(model).__name__)
        inner = (attributes_of(model).get("_modules") or {}).get(name) if name is not None else None
        if not isinstance(inner, nn.Module):
            break
        model, prefix = inner, f"{prefix}{name}."
    return prefix
