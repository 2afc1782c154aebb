"""``lab`` in the console: the frozen copies by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from moduleview.lab.copying import plain
from moduleview.lab.estimate import refuse_size
from moduleview.lab.expression import ExpressionError
from moduleview.lab.frozen import describe_frozen
from moduleview.lab.readable import why_not_copied
from moduleview.lab.shelf import Shelf
from moduleview.telemetry.lab_messages import LabRecord
from moduleview.telemetry.lab_tensors import TensorKind, TensorTaken


class Lab:
    """``lab["blocks.0.weight@120"]`` is a clone of that copy, so that nothing done here changes it.

    Args:
        shelf: The copies.
        put: Is told of a tensor that is put here.
    """

    def __init__(self, shelf: Shelf, put: Callable[[LabRecord], None]) -> None:
        self._shelf = shelf
        self._put = put

    def __getitem__(self, name: str | int) -> torch.Tensor:
        """A clone of the copy with this name or number (7 for ``t7``); of an expanded one with its strides."""
        frozen = self._shelf.get(name) if isinstance(name, int) else self._shelf.named(name)
        if frozen is None and isinstance(name, str) and name[:1] == "t" and name[1:].isdecimal():
            frozen = self._shelf.get(int(name[1:]))
        if frozen is None:
            known = ", ".join(map(repr, list(self)[:10])) or "none; take one in the Tensor lab"
            raise KeyError(f"The lab has no tensor {name!r}. It has {known}.")
        return frozen.tensor.detach().clone()

    def put(self, tensor: torch.Tensor, name: str = "") -> str:
        """Freeze a copy of a tensor under a name; gives the name.

        Raises:
            ExpressionError: It is not one block of numbers; the sentence says what to do.
            TooMuchError: It is too large.
        """
        if not isinstance(tensor, torch.Tensor):
            raise ExpressionError(f"lab.put takes a tensor, and this is {type(tensor).__name__}.")
        if reason := why_not_copied(tensor):
            raise ExpressionError(reason)
        refuse_size(tensor.numel() * tensor.element_size())
        copy = plain(tensor).clone().cpu()
        tensor_id = self._shelf.new_id()
        about = describe_frozen(
            copy, tensor_id, name or f"console {tensor_id}", TensorKind.CONSOLE, origin="# put here in the console"
        )
        about = self._shelf.put(copy, about)
        self._put(TensorTaken(0, about))
        self._put(self._shelf.memory())
        return about.name

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    def __iter__(self) -> Iterator[str]:
        return iter([about.name for about in self._shelf.copies()])

    def __len__(self) -> int:
        return len(self._shelf.copies())

    def __repr__(self) -> str:
        lines = [f"  lab[{about.name!r}]  {list(about.shape)} {about.dtype}" for about in self._shelf.copies()[:50]]
        n_left = len(self) - len(lines)
        more = [f"  and {n_left} more"] if n_left else []
        return "\n".join((f"The lab has {len(self)} tensor{'' if len(self) == 1 else 's'}", *lines, *more))
