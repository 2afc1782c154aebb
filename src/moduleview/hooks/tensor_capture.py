"""Takes one output of one call of a module, or its gradient, in one step; nothing is left on the model after it."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from moduleview.hooks.global_forward_hook import GlobalForwardHook
from moduleview.hooks.leaves import Leaves, bounded_leaves
from moduleview.hooks.output_hooks import OutputHooks, TensorHook, gradient_target
from moduleview.hooks.silent_hook import is_in_backward, is_transformed


class TensorCapture:
    """Put on before a step, taken off after it. Training thread only; never raises, changes nothing.

    Args:
        module: Whose output.
        part: Which of its outputs, by place: ``[1]['logits']``; "" for the first.
        call: Which of its calls in the step, from 0.
        wants_gradient: The output's gradient instead of its value.
        take: Makes a copy of what was found; it must not keep the tensor.

    Attributes:
        n_calls: How often the module was called.
        missing: Why there is nothing, where the call came: a sentence.
    """

    def __init__(
        self, module: nn.Module, part: str, call: int, *, wants_gradient: bool, take: Callable[[torch.Tensor], None]
    ) -> None:
        self._module = weakref.ref(module)
        self._part, self._call, self._wants_gradient = part, call, wants_gradient
        self._take = take
        self._hook = GlobalForwardHook(self._on_forward)
        self._on_outputs = OutputHooks()
        self._pid = os.getpid()
        self.n_calls = 0
        self.missing = ""

    def put_on(self) -> None:
        """Look at the step that begins now."""
        self.n_calls, self.missing = 0, ""
        self._hook.put_on()

    def take_off(self) -> None:
        """The step is over, or failed."""
        self._hook.take_off()
        self._on_outputs.take_off()

    def _on_forward(self, module: nn.Module, args: Any, output: Any) -> None:
        if torch.compiler.is_compiling() or module is not self._module():
            return
        if os.getpid() != self._pid or is_transformed():
            return
        is_recompute = is_in_backward()  # a checkpoint's: the reentrant one is where gradients come from
        call = self._call if is_recompute else self.n_calls
        self.n_calls += not is_recompute
        if call == self._call and not (is_recompute and not self._wants_gradient):
            try:
                self._look_at(bounded_leaves(output), args)
            except Exception as error:
                self.missing = f"It could not be taken: {error}"

    def _look_at(self, leaves: Leaves, args: Any) -> None:
        tensor = next((leaf for place, leaf in leaves if place == self._part), None)
        if tensor is None:
            places = ", ".join(place or "the first" for place, _ in leaves) or "no tensor"
            self.missing = f"Its output has no {self._part or 'tensor'}; it has {places}."
        elif not self._wants_gradient:
            self._take(tensor)
        elif not tensor.requires_grad:
            self.missing = "Its output needs no gradient: nothing before it trains, or gradients are switched off."
        else:
            self.missing = "No gradient came back to its output: the loss does not depend on it."
            target = gradient_target(tensor, leaves, args)
            seen = _same if target is tensor else partial(_seen_through, _Layout.of(tensor), _Layout.of(target))
            self._on_outputs.put_on(target, TensorHook(_give_to, partial(self._on_gradient, seen)))

    def _on_gradient(self, seen: Callable[[torch.Tensor], torch.Tensor], gradient: torch.Tensor | None) -> None:
        if gradient is not None and os.getpid() == self._pid:
            try:
                self._take(seen(gradient))
            except Exception as error:
                self.missing = f"It could not be taken: {error}"


@dataclass(frozen=True)
class _Layout:
    """Where the elements of a tensor are in its memory."""

    shape: torch.Size
    strides: tuple[int, ...]
    offset: int
    is_conj: bool
    is_neg: bool

    @classmethod
    def of(cls, tensor: torch.Tensor) -> _Layout:
        return cls(tensor.shape, tensor.stride(), int(tensor.storage_offset()), tensor.is_conj(), tensor.is_neg())


def _same(gradient: torch.Tensor) -> torch.Tensor:
    return gradient


@torch.no_grad()
def _seen_through(view: _Layout, base: _Layout, gradient: torch.Tensor) -> torch.Tensor:
    """The gradient of a view that has all elements of its base, from that of the base."""
    laid = gradient.new_empty_strided(base.shape, base.strides).copy_(gradient)
    seen = laid.as_strided(view.shape, view.strides, view.offset - base.offset)
    seen = seen.conj() if view.is_conj != base.is_conj else seen
    return -seen if view.is_neg != base.is_neg else seen


def _give_to(take: Callable[[torch.Tensor | None], None], gradient: torch.Tensor | None) -> None:
    take(gradient)
