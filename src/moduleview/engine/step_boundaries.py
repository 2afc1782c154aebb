"""Where one training step of somebody else's loop ends and the next begins."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import nn
from torch.amp.grad_scaler import GradScaler
from torch.nn.parameter import is_lazy
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.utils.hooks import RemovableHandle

from moduleview.hooks.global_forward_hook import GlobalForwardHook
from moduleview.hooks.own_warnings import OwnWarnings
from moduleview.hooks.silent_hook import is_in_backward
from moduleview.hooks.taps import Taps


class BoundaryListener(Protocol):
    """What is told. On the thread that trains; must not raise."""

    def on_step_begins(self) -> None:
        """A training step has begun, if none was on its way."""

    def on_step_ended(self) -> None:
        """It is over: the weights are new, or mixed precision left them as they were."""

    def on_gradients_may_be_final(self) -> None:
        """Gradients are there, and nobody may say so later."""

    def on_other_stepped(self) -> None:
        """An optimizer stepped that holds nothing which is known, but perhaps what is new."""


class StepBoundaries:
    """Tells where each step of a loop begins and ends that knows nothing of us.

    A step begins with the first call of one of the model's modules where that matters (something is ticked) and grad
    mode is on, otherwise with the first backward pass. It ends when an optimizer that holds our parameters has stepped,
    and when a ``GradScaler`` left its step out. A loop that updates weights by hand has neither: there a step is over
    when the next backward begins and the weights are others than after the last one. An optimizer that steps within
    backward, as one a parameter does, ends the step with the end of backward. One whose ``step`` torch.compile has made
    its own calls no hooks: what it does counts as done by hand.
    """

    def __init__(self, listener: BoundaryListener) -> None:
        self._listener = listener
        self._taps = Taps(self)
        self._handles: list[RemovableHandle] = []
        self._forward_hook = GlobalForwardHook(self._on_forward, is_pre=True)
        self._wants_forward = False
        self._warnings = OwnWarnings("boundaries")
        self._modules: frozenset[int] = frozenset()
        self._parameters: Mapping[str, nn.Parameter] = {}
        self._ours: frozenset[int] = frozenset()
        self._of_optimizer: frozenset[int] | None = None
        self._left_to_others: list[weakref.ref[nn.Parameter]] | None = None
        self._thread: int | None = None
        self._has_optimizer = self._is_by_hand = self._is_over_after_backward = False
        self._versions: list[int] | None = None  # of the weights when the last backward ended
        self._stepped: Optimizer | None = None
        self._pid = os.getpid()

    def bind(self, model: nn.Module, parameters: Mapping[str, nn.Parameter], optimizer: Optimizer | None) -> None:
        """Look at this model; with ``optimizer`` only one that holds some of the same parameters ends a step.

        What is new in the model since the first time is nobody's: one that holds some of that ends a step as well.
        """
        self._modules = frozenset(map(id, model.modules()))
        self._parameters = parameters
        self._ours = frozenset(id(parameter) for parameter in parameters.values())
        self._of_optimizer = None if optimizer is None else self._wanted(frozenset(map(id, _held(optimizer))))

    def put_on_before(self) -> None:
        """Listen to what begins a step; before the recorder is attached, so that it hears of it within the step."""
        self._handles.append(register_optimizer_step_pre_hook(self._on_stepping))

    def put_on_after(self) -> None:
        """Listen to the rest; after the recorder, so that it has heard what belongs to the step that ends."""
        self._taps.put_on()
        self._handles.append(register_optimizer_step_post_hook(self._on_stepped))

    def watch_forward(self, *, is_wanted: bool) -> None:
        """Begin a step with the first call of a module, or (cheaper) with the first backward pass."""
        if is_wanted:
            self._wants_forward = True
            self._warnings.hush()
            self._forward_hook.put_on()
        elif self._wants_forward:
            self._wants_forward = False
            self._warnings.restore()
            self._forward_hook.take_off()

    def take_off(self) -> None:
        """Listen no more; a step by hand that is complete ends."""
        self._end_step_by_hand()
        self.watch_forward(is_wanted=False)
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._taps.take_off()

    # -- what is heard ---------------------------------------------------------------------------------------------

    def on_loss_scaling(self) -> None:
        """Mixed precision: backward will follow."""
        if self._is_own_thread():
            self._begin()

    def on_loss_scaled(self, scaler: GradScaler) -> None:
        """Says nothing about a step."""

    def on_backward_begins(self, roots: Any) -> None:  # noqa: ARG002  the recorder looks at them
        """Another pass of the same step, unless the weights have changed since the one before."""
        if self._is_own_thread():
            self._end_step_by_hand()
            self._begin()

    def on_backward_ended(self) -> None:
        """Gradients are there, or used already."""
        if not self._is_own_thread():
            return
        if self._is_over_after_backward:
            self._end()
        elif not self._has_optimizer:
            self._versions = self._read_versions()
            if self._of_optimizer is None or self._is_by_hand:  # else it will most likely say so itself
                self._listener.on_gradients_may_be_final()

    def on_unscaling(self, optimizer: Optimizer) -> None:
        """Says nothing about a step."""

    def on_scaler_stepped(self, scaler: GradScaler, optimizer: Optimizer) -> None:  # noqa: ARG002
        """An optimizer that did not step was left out."""
        if self._stepped is not optimizer and self._is_ours(optimizer):
            self._end()
        self._stepped = None

    def _on_forward(self, module: nn.Module, args: Any) -> None:  # noqa: ARG002
        if (
            not torch.compiler.is_compiling()
            and id(module) in self._modules
            and torch.is_grad_enabled()
            and self._is_own_thread()
            and os.getpid() == self._pid
            and not is_in_backward()
        ):
            self._begin()

    def _on_stepping(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:  # noqa: ARG002
        if not torch.compiler.is_compiling() and os.getpid() == self._pid and self._is_ours(optimizer):
            self._has_optimizer, self._versions = True, None
            self._begin()

    def _on_stepped(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:  # noqa: ARG002
        if torch.compiler.is_compiling() or os.getpid() != self._pid:
            return
        if self._is_ours(optimizer):
            self._stepped = optimizer
            if is_in_backward():
                self._is_over_after_backward = True
            else:
                self._end()
        elif self._is_own_thread() and not is_in_backward():
            self._listener.on_other_stepped()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._listener.on_step_begins()
        if self._forward_hook.is_on:
            self._forward_hook.take_off()  # until the step is over: each call of a module would pay for it

    def _tell_end(self) -> None:
        self._listener.on_step_ended()
        if self._wants_forward:
            self._forward_hook.put_on()

    def _end(self) -> None:
        self._thread = threading.get_ident()
        self._has_optimizer, self._is_over_after_backward, self._versions = True, False, None
        self._tell_end()

    def _end_step_by_hand(self) -> None:
        if self._versions is not None and self._versions != self._read_versions():
            self._versions, self._is_by_hand = None, True
            self._tell_end()

    def _is_ours(self, optimizer: Optimizer) -> bool:
        held = frozenset(map(id, _held(optimizer)))
        wanted = self._ours if self._of_optimizer is None else self._of_optimizer
        return not held.isdisjoint(wanted) and not held.isdisjoint(self._ours)

    def _wanted(self, held: frozenset[int]) -> frozenset[int]:
        if self._left_to_others is None:
            self._left_to_others = [weakref.ref(p) for p in self._parameters.values() if id(p) not in held]
        left = frozenset(id(p) for ref in self._left_to_others if (p := ref()) is not None)
        return held | (self._ours - left)

    def _is_own_thread(self) -> bool:
        """Another model may be trained in another thread, and its passes are not ours."""
        return self._thread in (None, threading.get_ident())

    def _read_versions(self) -> list[int]:
        return [p._version for p in self._parameters.values() if not is_lazy(p) and not p.is_inference()]


def _held(optimizer: Optimizer) -> list[nn.Parameter]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]
