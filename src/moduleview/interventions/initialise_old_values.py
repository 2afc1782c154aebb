"""The values that stood in parameters and buffers before they were changed, so that they can be brought back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from moduleview.interventions.base import InterventionError
from moduleview.introspect.module_attributes import attributes_of

MOST_KEPT_BYTES = 4 * 2**30
"""Memory that one change may take for the old values."""


@dataclass(eq=False)
class _Old:
    """One place of one tensor.

    Attributes:
        table: The module's own, so that a tensor that was put in place of this one is replaced again.
        values: A copy; None where there are none to keep (lazy, meta).
    """

    table: dict[str, torch.Tensor | None]
    name: str
    tensor: torch.Tensor
    values: torch.Tensor | None
    requires_grad: bool


class OldValues:
    """A copy of values, where the tensors lie. Training thread only.

    Args:
        places: Modules and names in their tables, each tensor at as many places as it has.
        free_bytes: That they may take.

    Raises:
        InterventionError: They would take more; nothing was copied.
    """

    def __init__(self, places: Iterable[tuple[nn.Module, str]], free_bytes: int = MOST_KEPT_BYTES) -> None:
        found = list(_looked_up(places))
        self.n_bytes = bytes_of(tensor for _, _, tensor in found)
        if refusal := why_too_many(self.n_bytes, free_bytes):
            raise InterventionError(refusal)
        copies: dict[int, torch.Tensor | None] = {}
        for _, _, tensor in found:
            if id(tensor) not in copies:
                copies[id(tensor)] = _copy_of(tensor)
        self._old = [
            _Old(table, name, tensor, copies[id(tensor)], tensor.requires_grad) for table, name, tensor in found
        ]

    def put_back(self) -> None:
        """Bring the values back to the bit, and the tensors to their places."""
        with torch.no_grad():
            for old in self._old:
                if old.table.get(old.name) is not old.tensor:
                    old.table[old.name] = old.tensor
                if old.values is not None:
                    _write(old.tensor, old.values)
                if old.tensor.requires_grad != old.requires_grad:
                    old.tensor.requires_grad_(old.requires_grad)

    def put_back_one(self, tensor: torch.Tensor) -> None:
        """Bring back the values of one tensor."""
        with torch.no_grad():
            for old in self._old:
                if old.tensor is tensor and old.values is not None:
                    _write(tensor, old.values)
                    return

    def take_over(self, earlier: OldValues) -> None:
        """Of tensors in both, keep the earlier values from now on; the other lets go of them."""
        theirs = {id(old.tensor): old for old in earlier._old}
        self._old = [theirs.get(id(old.tensor), old) for old in self._old]
        mine = {id(old.tensor) for old in self._old}
        earlier._old = [old for old in earlier._old if id(old.tensor) not in mine]

    def forget_unchanged(self) -> None:
        """Keep copies of those only that are other values now."""
        self._old = [old for old in self._old if not _is_as_before(old)]
        self.n_bytes = bytes_of(old.tensor for old in self._old)

    @property
    def tensors(self) -> list[torch.Tensor]:
        """Those that there are old values of, each once."""
        return list({id(old.tensor): old.tensor for old in self._old}.values())


def bytes_of(tensors: Iterable[torch.Tensor]) -> int:
    """Of their values, each tensor once."""
    unique = {id(tensor): tensor for tensor in tensors}
    return sum(tensor.numel() * tensor.element_size() for tensor in unique.values() if _has_values(tensor))


def why_too_many(n_bytes: int, free_bytes: int = MOST_KEPT_BYTES) -> str:
    """A sentence where so many bytes are not kept, "" where they are."""
    if n_bytes <= free_bytes:
        return ""
    size, most = size_words(n_bytes), size_words(MOST_KEPT_BYTES)
    start = f"To take this back, {size} of old values would have to be kept; at most {most} are"
    if free_bytes == MOST_KEPT_BYTES:
        return f"{start}. Choose a smaller subtree."
    return (
        f"{start}, and earlier changes keep {size_words(MOST_KEPT_BYTES - free_bytes)} already: take one of them back."
    )


def size_words(n_bytes: int) -> str:
    """``3.2 MiB``."""
    return f"{n_bytes / 2**30:.1f} GiB" if n_bytes >= 2**29 else f"{n_bytes / 2**20:.1f} MiB"


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Equal to the bit, NaN included."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if one.layout is not torch.strided or one.is_quantized:
        return one is other
    if not (one.is_floating_point() or one.is_complex()):
        return torch.equal(one, other)
    bits, others = (tensor.detach().reshape(-1).view(torch.uint8) for tensor in (one, other))
    return torch.equal(bits, others)


def _looked_up(
    places: Iterable[tuple[nn.Module, str]],
) -> Iterator[tuple[dict[str, torch.Tensor | None], str, torch.Tensor]]:
    for module, name in places:
        attributes = attributes_of(module)
        for table in (attributes.get("_parameters") or {}, attributes.get("_buffers") or {}):
            tensor = table.get(name)
            if isinstance(tensor, torch.Tensor):
                yield table, name, tensor


def _has_values(tensor: torch.Tensor) -> bool:
    return not is_lazy(tensor) and not tensor.is_meta and tensor.layout is torch.strided


def _copy_of(tensor: torch.Tensor) -> torch.Tensor | None:
    return tensor.detach().clone() if _has_values(tensor) else None


def _write(tensor: torch.Tensor, values: torch.Tensor) -> None:
    if is_lazy(tensor) or tensor.shape == values.shape:
        tensor.copy_(values)
    else:
        tensor.data = values.clone()


def _is_as_before(old: _Old) -> bool:
    is_there = old.table.get(old.name) is old.tensor and old.tensor.requires_grad == old.requires_grad
    return is_there and (old.values is None or same_bits(old.tensor, old.values))
