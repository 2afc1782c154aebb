"""Finds where a tensor that a gradient could have come back through was detached: between which two modules."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

from moduleview.hooks.leaves import Leaves


class DetachedTensors:
    """Knows outputs by their memory, which a detached tensor shares; held weakly, so that none lives longer.

    As long as a weak reference is there no other memory gets the same number.

    Args:
        fqns: Names of the modules, by ``id``.
    """

    def __init__(self, fqns: Mapping[int, str]) -> None:
        self._fqns = fqns
        self._outputs: dict[int, tuple[StorageWeakRef, int]] = {}
        self._cuts: list[tuple[int, str, str]] = []  # number of the call, who returned it, who took it
        self._last_calls: dict[int, int] = {}
        self._n_calls = 0

    def see_inputs(self, identity: int, leaves: Leaves) -> None:
        """A module is called with these, gradients on."""
        self._n_calls += 1
        for _, tensor in leaves:
            if tensor.requires_grad:
                continue
            key = _memory(tensor)
            known = self._outputs.get(key.cdata) if key is not None else None
            if known is not None:
                self._cuts.append((self._n_calls, self._fqns[known[1]], self._fqns[identity]))

    def see_outputs(self, identity: int, leaves: Leaves) -> None:
        """A module returned these, and some require a gradient."""
        self._last_calls[identity] = self._n_calls
        for _, tensor in leaves:
            key = _memory(tensor) if tensor.requires_grad else None
            if key is not None:
                self._outputs.setdefault(key.cdata, (key, identity))

    def first_after(self, identity: int) -> tuple[str, str] | None:
        """The first tensor that was detached after the last call of a module: who returned it, and who took it."""
        called = self._last_calls.get(identity)
        if called is None:
            return None
        return next(((begin, end) for n, begin, end in self._cuts if n > called), None)

    def let_go(self) -> None:
        """The step is over."""
        self._outputs.clear()
        self._cuts.clear()
        self._last_calls.clear()
        self._n_calls = 0


def _memory(tensor: Tensor) -> StorageWeakRef | None:
    try:
        return StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call]
    except Exception:  # sparse, fake, a wrapper around others
        return None
