"""What an operation gave, in words: its tensors with their shapes, or a plain value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from moduleview.lab.dtypes import dtype_name
from moduleview.telemetry.lab_pipelines import ResultPart

MAX_PARTS = 64


@dataclass(frozen=True, eq=False)
class Part:
    """One tensor of a result, and its label: "" for the only one."""

    label: str
    tensor: torch.Tensor


def parts_of(value: Any) -> list[Part]:
    """The tensors in a result: itself, or those of a tuple, by number or by the name torch gives them."""
    if isinstance(value, torch.Tensor):
        return [Part("", value)]
    if isinstance(value, tuple | list):
        names = _field_names(value)
        return [
            Part(names.get(place, f"[{place}]"), tensor)
            for place, tensor in enumerate(value[:MAX_PARTS])
            if isinstance(tensor, torch.Tensor)
        ]
    return []


def result_part(part: Part, tensor_id: int, x: Any) -> ResultPart:
    """What is said of one tensor of a result."""
    tensor = part.tensor
    return ResultPart(
        label=part.label,
        tensor_id=tensor_id,
        shape=tuple(tensor.shape),
        dtype=dtype_name(tensor.dtype),
        strides=tensor.stride(),
        n_bytes=tensor.numel() * tensor.element_size(),
        is_view=_shares_memory(tensor, x),
        is_contiguous=tensor.is_contiguous(),
        text=value_text(tensor.item()) if tensor.numel() == 1 else "",
    )


def value_text(value: Any) -> str:
    """A plain result as Python writes it, at most 200 characters."""
    return repr(value)[:200]


def _shares_memory(tensor: torch.Tensor, x: Any) -> bool | None:
    sources = [part.tensor for part in parts_of(x)]
    if not sources:
        return None
    own = tensor.untyped_storage()._cdata
    return any(source.untyped_storage()._cdata == own for source in sources)


def _field_names(value: Any) -> dict[int, str]:
    """Of torch's own tuples with names: {0: "values", 1: "indices"}."""
    if not type(value).__module__.startswith("torch.return_types"):
        return {}
    names: dict[int, str] = {}
    for name in dir(type(value)):
        if name.startswith("_") or name.startswith("n_") or name in ("count", "index"):
            continue
        tensor = getattr(value, name)
        names |= {place: name for place, part in enumerate(value) if part is tensor}
    return names
