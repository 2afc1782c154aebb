"""Hooks on the tensors that modules return, for the length of one step."""

from __future__ import annotations

import functools
import weakref
from typing import Any

import torch
from torch.utils.hooks import RemovableHandle

from moduleview.hooks.leaves import Leaves, bounded_leaves


class TensorHook(functools.partial[None]):
    """A function, and what it is given before the gradient.

    Without the attribute torch.save of an output warns that its hook is lost, which with -W error ends the training.
    """

    __torch_unserializable__ = True


class OutputHooks:
    """Puts them on, and takes all of them off at the step's end.

    Most outputs die with the step, but not all: a module may return a parameter, its own input, or a tensor that it
    keeps. Only weak references are held.
    """

    def __init__(self) -> None:
        self._handles: list[RemovableHandle] = []
        self._leaves: list[weakref.ref[torch.Tensor]] = []

    def put_on(self, tensor: torch.Tensor, hook: TensorHook) -> None:
        """Call ``hook`` with the gradient at ``tensor``."""
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


def gradient_target(tensor: torch.Tensor, leaves: Leaves, args: Any) -> torch.Tensor:
    """The tensor whose hook will see the gradient at an output: the output, or the base that it is a view of.

    Args:
        tensor: The output.
        leaves: All outputs of the module.
        args: Its inputs.
    """
    _ = tensor.grad_fn  # first: register_hook on a stale view is a segmentation fault (pytorch #196459)
    base = tensor._base if tensor._is_view() else None
    if base is None or base.is_leaf or not base.requires_grad or base.numel() != tensor.numel():
        return tensor
    if sum(leaf._base is base or leaf is base for _, leaf in leaves) > 1:
        return tensor
    inputs = bounded_leaves(args)
    # a view of an input: its base also gets the gradient of the input's other uses. Keyword inputs are not known here.
    if not inputs or any(leaf is base or leaf._base is base for _, leaf in inputs):
        return tensor
    _ = base.grad_fn
    return base
