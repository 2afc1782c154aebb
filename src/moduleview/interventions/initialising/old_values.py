"""The values that stood in a model's tensors before they were changed, so that they can be brought back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import nn

from moduleview.interventions.base import InterventionError
from moduleview.interventions.initialising.old_tensor import OldTensor, Place, has_values
from moduleview.introspect.module_attributes import attributes_of

MOST_KEPT_BYTES = 4 * 2**30
"""Memory that one change may take for the old values."""


class OldValues:
    """A copy of values, where the tensors lie. Training thread only.

    Args:
        places: Modules and names in their tables, each tensor at as many places as it has.
        free_bytes: That they may take.
        keeps_gradients: Of gradients too, for code that may do anything.

    Raises:
        InterventionError: They would take more; nothing was copied.
    """

    def __init__(
        self,
        places: Iterable[tuple[nn.Module, str]],
        free_bytes: int = MOST_KEPT_BYTES,
        *,
        keeps_gradients: bool = False,
    ) -> None:
        tensors: dict[int, torch.Tensor] = {}
        found: dict[int, list[Place]] = {}
        for table, name, tensor in _looked_up(places):
            tensors[id(tensor)] = tensor
            found.setdefault(id(tensor), []).append((table, name))
        if refusal := why_too_many(bytes_of(tensors.values()), free_bytes):
            raise InterventionError(refusal)
        self._old = [OldTensor(one, found[key], keeps_gradient=keeps_gradients) for key, one in tensors.items()]

    def put_back(self) -> None:
        """Bring the values back to the bit."""
        with torch.no_grad():
            for old in self._old:
                old.put_back()

    def put_back_one(self, tensor: torch.Tensor) -> None:
        """Bring back the values of one tensor."""
        with torch.no_grad():
            for old in self._old:
                if old.tensor is tensor:
                    old.put_back()

    def take_over(self, earlier: OldValues) -> None:
        """Of tensors in both, keep the earlier values from now on; the other lets go of them."""
        theirs = {id(old.tensor): old for old in earlier._old}
        for mine in self._old:
            if id(mine.tensor) in theirs:
                mine.take_over(theirs[id(mine.tensor)])

    def forget_unchanged(self) -> None:
        """Keep copies of those only that are other values now."""
        for old in self._old:
            old.note_change()
        self._old = [old for old in self._old if old.is_changed]

    @property
    def n_bytes(self) -> int:
        """That the copies take."""
        return sum(old.n_bytes for old in self._old)

    @property
    def tensors(self) -> list[torch.Tensor]:
        """Those that have other values now, or stand somewhere no longer."""
        return [old.tensor for old in self._old if old.has_other_values]


def bytes_of(tensors: Iterable[torch.Tensor]) -> int:
    """Of their values, each tensor once."""
    unique = {id(tensor): tensor for tensor in tensors}
    return sum(tensor.numel() * tensor.element_size() for tensor in unique.values() if has_values(tensor))


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


def _looked_up(
    places: Iterable[tuple[nn.Module, str]],
) -> Iterator[tuple[dict[str, torch.Tensor | None], str, torch.Tensor]]:
    for module, name in places:
        attributes = attributes_of(module)
        for table in (attributes.get("_parameters") or {}, attributes.get("_buffers") or {}, attributes):
            tensor = table.get(name)
            if isinstance(tensor, torch.Tensor):
                yield table, name, tensor
