"""Hooks on the tensors that modules return, for the length of one step."""

from __future__ import annotations

import functools
import weakref

import torch
from torch.utils.hooks import RemovableHandle


class OutputHooks:
    """Puts them on, and takes all of them off at the step's end.

    Most outputs die with the step, but not all: a module may return a parameter, its own input, or a tensor that it
    keeps. Only weak references are held.
    """

    def __init__(self) -> None:
        self._handles: list[RemovableHandle] = []
        self._leaves: list[weakref.ref[torch.Tensor]] = []

    def put_on(self, tensor: torch.Tensor, hook: functools.partial[None]) -> None:
        """Call ``hook`` with the gradient at ``tensor``."""
        # torch.save of an output would else warn that the hook is lost, which with -W error ends the training
        hook.__torch_unserializable__ = True  # type: ignore[attr-defined]
        self._handles.append(tensor.register_hook(hook))  # type: ignore[no-untyped-call]
        if tensor.is_leaf:
            self._leaves.append(weakref.ref(tensor))

    def take_off(self) -> None:
        """Remove all of them."""
        for handle in self._handles:
            handle.remove()
        for reference in self._leaves:
            leaf = reference()
            if leaf is not None and not leaf._backward_hooks:
                leaf._backward_hooks = None  # an empty table would be a trace
        self._handles.clear()
        self._leaves.clear()
