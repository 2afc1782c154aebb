"""The one global forward hook, and the set of modules that it looks for.

Nothing is put on a module: deepcopy, pickle, ``torch.save``, an EMA, ``jit.script`` and the transformer's fast path
find the model as its owner made it. The hook is there only while something is ticked.

Gradients at outputs come from a hook on the output tensor, not from a full-backward hook: that one costs ten times as
much and breaks in-place operations. A ``Linear`` with bias on a 3-D input returns a view, and after ``relu_`` on it a
hook on the view never fires; so the hook goes on the view's base, where that covers the same elements and belongs to
this module alone. It sees the gradient of the value before the in-place operation: the module's own output.
"""

from __future__ import annotations

import functools
import os
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from moduleview.hooks.forecast import Trial
from moduleview.hooks.global_forward_hook import GlobalForwardHook
from moduleview.hooks.leaves import bounded_leaves
from moduleview.hooks.output_hooks import OutputHooks
from moduleview.hooks.own_warnings import OwnWarnings
from moduleview.hooks.silent_hook import is_in_backward, is_observable
from moduleview.hooks.ticked import MAX_CALLS, StepSightings, Ticked, named_parts, part_name

_Leaves = list[tuple[str, torch.Tensor]]


@dataclass(eq=False)
class Watched:
    """A module that the observer looks for.

    Attributes:
        slot: Its number; a closure holds this, never a tensor or the module.
        module: Ids are reused, so an id alone proves nothing.
        forward, backward: Hooks that its outputs, and the gradients at them, are for.
        full_backward: Hooks of torch's own, which want to know the number of each call.
        trials: Collect what a forecast needs, in one step.
        waiting: Calls whose gradient is still to come, by place in the output; the last one comes first.
    """

    slot: int
    module: weakref.ref[nn.Module]
    forward: tuple[Ticked, ...] = ()
    backward: tuple[Ticked, ...] = ()
    full_backward: tuple[Ticked, ...] = ()
    trials: tuple[Trial, ...] = ()
    n_calls: int = 0
    output_needs_gradient: bool = False
    waiting: dict[str, list[int]] = field(default_factory=dict)

    def begin_step(self) -> None:
        """Forget the step before."""
        self.n_calls, self.output_needs_gradient = 0, False
        self.waiting.clear()


class Observer:
    """Sees what watched modules return, and the gradients that come back. Training thread only.

    The watch set is replaced between two steps and never changed, so a hook that runs cannot meet it half done.
    """

    def __init__(self, sightings: StepSightings) -> None:
        self._sightings = sightings
        self._watch: Mapping[int, Watched] = {}
        self._slots: Mapping[int, Watched] = {}
        self._calls: dict[int, int] | None = None
        self._is_in_step, self._is_measured = False, True
        self._global_hook = GlobalForwardHook(self._on_forward)
        self._warnings = OwnWarnings("observer")
        self._on_outputs = OutputHooks()
        self._pid = os.getpid()

    def watch(self, watched: Mapping[int, Watched]) -> None:
        """Look for these modules, by ``id``, from now on; gradients still under way for others are dropped."""
        self._watch = watched
        self._slots = {one.slot: one for one in watched.values()}
        self._install()

    def begin_step(self, *, count_calls: bool, is_measured: bool = True) -> None:
        """A step begins.

        Args:
            count_calls: Also count the calls of every module in it.
            is_measured: Look for the watched modules in it; else the hook is not even there.
        """
        self._calls = {} if count_calls else None
        self._is_in_step, self._is_measured = True, is_measured
        for watched in self._watch.values():
            watched.begin_step()
        self._install()

    def end_step(self) -> dict[int, int]:
        """A step ended: the calls by module id, where they were counted. No output keeps a hook of ours."""
        calls, self._calls, self._is_in_step = self._calls, None, False
        self._on_outputs.take_off()
        self._install()
        return calls or {}

    def watched(self, module: nn.Module) -> Watched | None:
        """What is known of a module that is being watched."""
        return self._watch.get(id(module))

    def _install(self) -> None:
        """The global hook is on exactly while there is something to look for."""
        if (self._watch and self._is_measured) or self._calls is not None:
            if not self._global_hook.is_on:
                self._warnings.hush()
            self._global_hook.put_on()
        elif self._global_hook.is_on:
            self._warnings.restore()  # in this order all of it can be done again where it was interrupted
            self._global_hook.take_off()

    def _on_forward(self, module: nn.Module, args: Any, output: Any) -> None:
        if torch.compiler.is_compiling():
            return
        watched = self._watch.get(id(module)) if self._is_measured else None
        if watched is None and self._calls is None:
            return
        if os.getpid() != self._pid or not self._is_in_step or not is_observable():
            return
        if self._calls is not None and not is_in_backward():
            self._calls[id(module)] = self._calls.get(id(module), 0) + 1
        if watched is None or watched.module() is not module:
            return
        try:
            self._see(watched, args, output)
        except Exception as error:
            for ticked in (*watched.forward, *watched.backward, *watched.full_backward):
                ticked.fail(error, self._sightings.step)

    def _see(self, watched: Watched, args: Any, output: Any) -> None:
        leaves = [("", output)] if type(output) is torch.Tensor else bounded_leaves(output)
        if is_in_backward():  # a checkpoint's recompute: this call was seen before
            self._hook_gradients(watched, leaves, args, None)
            return
        call = watched.n_calls
        watched.n_calls += 1
        for trial in watched.trials:
            trial.see_output(output, leaves)
        if call >= MAX_CALLS:
            for ticked in watched.forward:
                self._sightings.note(ticked, ())
            return
        for ticked in watched.forward:
            self._sightings.note(ticked, named_parts(call, leaves))
        for ticked in watched.full_backward:
            ticked.waiting.append(call)
        self._hook_gradients(watched, leaves, args, call)

    def _hook_gradients(self, watched: Watched, leaves: _Leaves, args: Any, call: int | None) -> None:
        """``call`` is None in a recompute: the reentrant one is where gradients come from, so hooks go on there too."""
        if not watched.backward:
            return
        for index, (place, tensor) in enumerate(leaves):
            place = place if index else ""
            if tensor.requires_grad:
                watched.output_needs_gradient = True
                hook = functools.partial(self._on_gradient, watched.slot, self._sightings.step, place, call)
                self._on_outputs.put_on(_gradient_target(tensor, leaves, args), hook)
            elif call is not None and not torch.is_grad_enabled():
                watched.waiting.setdefault(place, []).append(call)

    def _on_gradient(self, slot: int, step: int, place: str, call: int | None, gradient: torch.Tensor | None) -> None:
        watched = self._slots.get(slot)
        if watched is None or gradient is None or step != self._sightings.step or os.getpid() != self._pid:
            return  # a late gradient, of a step that is over or a hook that was unticked
        if call is None:
            waiting = watched.waiting.get(place)
            if not waiting:
                return
            call = waiting.pop()
        for ticked in watched.backward:
            self._sightings.note(ticked, ((part_name(call, place), gradient),))


def _gradient_target(tensor: torch.Tensor, leaves: _Leaves, args: Any) -> torch.Tensor:
    """The tensor whose hook will see the gradient at this output: the output, or the base that it is a view of."""
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
