"""The frozen copies, and the tensors that the last pipeline gave: what the lab may look at.

The training thread puts copies here, the lab's thread reads them, the console does both. Each access is one operation
on a dict, which CPython does not interrupt; a tensor that is here is never changed, so nobody needs a lock.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from moduleview.lab.free_memory import total_memory
from moduleview.telemetry.lab_tensors import FrozenTensor, LabMemory

if TYPE_CHECKING:
    import torch  # the thread that makes the shelf has not imported it yet


@dataclass(frozen=True, eq=False)
class Frozen:
    """A copy on the shelf; ``about`` is None for a pipeline's result that nobody kept."""

    tensor: torch.Tensor
    about: FrozenTensor | None


class Shelf:
    """Holds frozen tensors by id. Any thread.

    Args:
        n_bytes_limit: Above it nothing more is taken; None for half of the machine's memory.
    """

    def __init__(self, n_bytes_limit: int | None = None) -> None:
        self.n_bytes_limit = total_memory() // 2 if n_bytes_limit is None else n_bytes_limit
        self._frozen: dict[int, Frozen] = {}
        self._ids = itertools.count(1)

    def new_id(self) -> int:
        """An id that was never given before."""
        return next(self._ids)

    def put(self, tensor: torch.Tensor, about: FrozenTensor) -> FrozenTensor:
        """Put a copy here under its id; a name that another has gets a number behind it."""
        taken = {frozen.about.name for frozen in self._all() if frozen.about is not None}
        name = about.name
        for n in itertools.count(2):
            if name not in taken:
                break
            name = f"{about.name} ({n})"
        about = msgspec.structs.replace(about, name=name)
        self._frozen[about.tensor_id] = Frozen(tensor, about)
        return about

    def put_result(self, tensor: torch.Tensor) -> int:
        """Put a pipeline's result here, and give its id."""
        tensor_id = self.new_id()
        self._frozen[tensor_id] = Frozen(tensor, None)
        return tensor_id

    def drop(self, tensor_ids: Iterable[int]) -> list[int]:
        """Let tensors go; gives the ids of those that were here."""
        return [tensor_id for tensor_id in tensor_ids if self._frozen.pop(tensor_id, None) is not None]

    def drop_results(self, tensor_ids: Iterable[int]) -> None:
        """Let results go, but for those that were kept meanwhile."""
        for tensor_id in tensor_ids:
            frozen = self._frozen.get(tensor_id)
            if frozen is not None and frozen.about is None:
                self._frozen.pop(tensor_id, None)

    def get(self, tensor_id: int) -> Frozen | None:
        """The tensor with this id, or None."""
        return self._frozen.get(tensor_id)

    def named(self, name: str) -> Frozen | None:
        """The copy of this name, or None."""
        return next((frozen for frozen in self._all() if frozen.about is not None and frozen.about.name == name), None)

    def copies(self) -> list[FrozenTensor]:
        """What is known of each copy, the oldest first."""
        return [frozen.about for frozen in self._all() if frozen.about is not None]

    def tensors(self) -> dict[str, torch.Tensor]:
        """All tensors as pipelines write them: ``t7``."""
        return {f"t{tensor_id}": frozen.tensor for tensor_id, frozen in list(self._frozen.items())}

    def memory(self) -> LabMemory:
        """What is held now; what several share counts once."""
        storages = {}
        for frozen in self._all():
            storage = frozen.tensor.untyped_storage()
            storages[storage._cdata] = storage.nbytes()
        return LabMemory(len(self.copies()), sum(storages.values()), self.n_bytes_limit)

    def _all(self) -> list[Frozen]:
        return list(self._frozen.values())
