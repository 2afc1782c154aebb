"""Notices that the user's code put another module, parameter or buffer in place of one that was known."""

from __future__ import annotations

import operator
import time

from torch import nn


class StructureWatch:
    """Compares the model's tables with those it saw before, by identity. Training thread only.

    A look at a model of 100 modules takes about 50 us, so it is done after each step that is longer than 100 looks, and
    after every so many of the shorter ones. Holds the modules and parameters: an id that is let go is used again.

    Args:
        model: To look at.
        share: Of the training time that may go into looking, 0..1.
    """

    def __init__(self, model: nn.Module, share: float = 0.01) -> None:
        self._model = model
        self._share = share
        self._seen = _walk(model)
        self._next_look_s = 0.0

    def has_changed(self) -> bool:
        """Whether modules, parameters, their classes, types or ``requires_grad``, or the buffers' names are others."""
        begin_s = time.perf_counter()
        if begin_s < self._next_look_s:
            return False
        now = _walk(self._model)
        is_same = len(now) == len(self._seen) and all(map(operator.is_, now, self._seen))
        self._seen = now
        end_s = time.perf_counter()
        self._next_look_s = end_s + (end_s - begin_s) / self._share
        return not is_same

    def accept(self) -> None:
        """What is there now is known: the change was our own."""
        self._seen = _walk(self._model)


def _walk(model: nn.Module) -> list[object]:
    """Modules and parameters with what matters of them, in one order; the tables only, never an attribute."""
    found: list[object] = []
    stack: list[nn.Module] = [model]
    entered: set[int] = set()
    while stack:
        module = stack.pop()
        found.append(module)
        if id(module) in entered:
            continue
        entered.add(id(module))
        found.append(type(module))  # a lazy module changes its class when it materialises
        for param in module._parameters.values():
            found.append(param)
            if param is not None:
                found.append(param.requires_grad)
                found.append(param.dtype)  # ``.to()`` another one leaves the parameter itself in place
        for name, buffer in module._buffers.items():  # many are made anew each step; what they are stays
            found.append(name)
            found.append(None if buffer is None else buffer.dtype)
        stack.extend(child for child in module._modules.values() if child is not None)
    return found
