"""What modules are wrapped in: torch.compile, DistributedDataParallel and their like put a name between two others."""

from __future__ import annotations

from collections.abc import Iterable

from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot

_INNER = {
    "OptimizedModule": "_orig_mod",
    "DistributedDataParallel": "module",
    "DataParallel": "module",
    "FullyShardedDataParallel": "_fsdp_wrapped_module",
    "CheckpointWrapper": "_checkpoint_wrapped_module",
}


def names_without_wrappers(snapshot: ModelSnapshot) -> dict[str, str]:
    """FQNs of modules, parameters and buffers by the names that they would have if nothing were wrapped.

    Empty where nothing is. A wrapper and what it wraps would have one name: it leads to what is wrapped.
    """
    if _INNER.keys().isdisjoint(snapshot.type_names):
        return {}
    bare: list[str] = []
    for name, parent in zip(snapshot.names, snapshot.parent.tolist(), strict=True):
        if parent == NO_NODE:
            bare.append("")
        elif _INNER.get(snapshot.type_names[parent]) == name:
            bare.append(bare[parent])
        else:
            bare.append(_joined(bare[parent], name))
    tensors = snapshot.tensors
    of_tensors = (_joined(bare[node], name) for node, name in zip(tensors.module.tolist(), tensors.names, strict=True))
    return {**_paired(bare, snapshot.fqns), **_paired(of_tensors, snapshot.tensor_fqns)}


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _paired(bare: Iterable[str], fqns: Iterable[str]) -> dict[str, str]:
    return dict(zip(bare, fqns, strict=True))
