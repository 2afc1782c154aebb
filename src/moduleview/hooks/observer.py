"""The one global forward hook, and the set of modules that it looks for.

Nothing is put on a module: deepcopy, pickle, ``torch.save``, an EMA, ``jit.script`` and the transformer's fast path
find the model as its owner made it. The hook is there only while something is ticked.

Gradients at outputs come from a hook on the output tensor, not from a full-backward hook: that one costs ten times as
much and breaks in-place operations. A ``Linear`` with bias on a 3-D input returns a view, and after ``relu_`` on it a
hook on the view never fires; so the hook goes on the view's base, where that covers the same elements and belongs to
this module alone. It sees the gradient of the value before the in-place operation: the module's own output.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from moduleview.hooks.global_forward_hook import GlobalForwardHook
from moduleview.hooks.leaves import Leaves, bounded_leaves
from moduleview.hooks.outer_calls import OuterCalls, Start
from moduleview.hooks.output_hooks import OutputHooks, TensorHook, gradient_target
from moduleview.hooks.own_warnings import OwnWarnings
from moduleview.hooks.silent_hook import is_in_backward, is_transformed
from moduleview.hooks.ticked import MAX_CALLS, StepSightings
from moduleview.hooks.watched import Watched


class Observer:
    """Sees what watched modules return, and the gradients that come back. Training thread only.

    The watch set is replaced between two steps and never changed, so a hook that runs cannot meet it half done.

    Args:
        sightings: Takes what is seen.

    Attributes:
        is_told: Whoever makes the steps says when each begins. Else that has to be found out.
    """

    def __init__(self, sightings: StepSightings) -> None:
        self._sightings = sightings
        self.is_told = True
        self._watch: Mapping[int, Watched] = {}
        self._slots: Mapping[int, Watched] = {}
        self._calls: dict[int, int] | None = None
        self._counted_outside: Mapping[int, int] = {}
        self._is_in_step, self._is_measured = False, True
        self._global_hook = GlobalForwardHook(self._on_forward)
        self._warnings = OwnWarnings("observer")
        self._on_outputs = OutputHooks()
        self._outer_calls = OuterCalls(self._now, self._begin_with, self._on_outputs)
        self._pid = os.getpid()

    def bind(self, modules: Iterable[nn.Module]) -> None:
        """These are all modules of the model."""
        self._outer_calls.bind(modules)

    def watch(self, watched: Mapping[int, Watched]) -> None:
        """Look for these modules, by ``id``, from now on; gradients still under way for others are dropped."""
        self._watch = watched
        self._slots = {one.slot: one for one in watched.values()}
        self._outer_calls.look(is_wanted=bool(watched) and not self.is_told)
        self._install()

    def begin_step(self, *, count_calls: bool, is_measured: bool = True) -> None:
        """A step begins.

        Args:
            count_calls: Also count the calls of every module in it.
            is_measured: Look for the watched modules in it; else the hook is not even there.
        """
        self._calls, self._counted_outside = {} if count_calls else None, {}
        self._is_in_step, self._is_measured = True, is_measured
        for watched in self._watch.values():
            watched.begin_step()
        self._outer_calls.begin_step(is_measured=is_measured)
        self._install()

    def start_over(self) -> bool:
        """Gradients were thrown away: forget what was seen with them. True where something was."""
        return not self.is_told and self._outer_calls.start_over()

    def leave_out_others(self) -> None:
        """The step is about to end: forget what was seen before it, where that only shows now."""
        self._outer_calls.leave_out_others()

    def end_step(self) -> dict[int, int]:
        """A step ended: the calls by module id, where they were counted. No output keeps a hook of ours."""
        calls, self._calls, self._is_in_step = self._calls, None, False
        self._outer_calls.end_step()
        self._on_outputs.take_off()
        self._install()
        outside = self._counted_outside
        return {key: n for key, n_all in (calls or {}).items() if (n := n_all - outside.get(key, 0))}

    def watched(self, module: nn.Module | None) -> Watched | None:
        """What is known of a module that is being watched."""
        return self._watch.get(id(module))

    def _now(self) -> Start:
        n_calls = tuple(watched.n_begun for watched in self._watch.values())
        return Start(len(self._sightings.seen), n_calls, dict(self._calls or {}))

    def _begin_with(self, start: Start) -> None:
        self._counted_outside = start.counted
        self._sightings.forget(start.n_seen)
        for watched, n_calls in zip(self._watch.values(), start.n_calls, strict=True):
            watched.leave_out(*n_calls)

    def _install(self) -> None:
        """The global hook is on exactly while there is something to look for."""
        if (self._watch and self._is_measured) or self._calls is not None:
            if not self._global_hook.is_on:
                self._warnings.hush()
            self._global_hook.put_on()
        elif self._global_hook.is_on:
            self._warnings.restore()  # in this order all of it can be done again where it was interrupted
            self._global_hook.take_off()

    # After a large operation a call in Python costs a microsecond and more: what runs for each module makes few of them

    def _on_forward(self, module: nn.Module, args: Any, output: Any) -> None:
        if torch.compiler.is_compiling():
            return
        watched = self._watch.get(id(module)) if self._is_measured else None
        if watched is not None or self._calls is not None:
            self._look_at(watched, module, args, output)
        if id(module) == self._outer_calls.outermost:
            self._outer_calls.end_call(output, args)

    def _look_at(self, watched: Watched | None, module: nn.Module, args: Any, output: Any) -> None:
        if not self._is_in_step or os.getpid() != self._pid or is_transformed():
            return
        is_recompute = is_in_backward()  # a checkpoint's
        if self._calls is not None and not is_recompute:
            self._calls[id(module)] = self._calls.get(id(module), 0) + 1
        if watched is None or watched.module() is not module:
            return
        try:
            self._see(watched, args, output, is_recompute)
        except Exception as error:
            for trial in watched.trials:
                trial.fail(error)
            for ticked in (*watched.forward, *watched.backward, *watched.full_backward):
                ticked.fail(error, self._sightings.step)

    def _see(self, watched: Watched, args: Any, output: Any, is_recompute: bool) -> None:
        leaves = [("", output)] if type(output) is torch.Tensor else bounded_leaves(output)
        if is_recompute:  # this call was seen before
            self._hook_gradients(watched, leaves, args, None)
            return
        call = watched.n_calls
        watched.n_calls += 1
        for trial in watched.trials:
            trial.see_output(output, leaves)
        if call - watched.n_outside >= MAX_CALLS:
            for ticked in watched.forward:
                self._sightings.note(ticked, call, ())
            return
        for ticked in watched.forward:
            self._sightings.note(ticked, call, leaves)
        for ticked in watched.full_backward:
            ticked.waiting.append(call)
        self._hook_gradients(watched, leaves, args, call)

    def _hook_gradients(self, watched: Watched, leaves: Leaves, args: Any, call: int | None) -> None:
        """``call`` is None in a recompute: the reentrant one is where gradients come from, so hooks go on there too."""
        if not watched.backward:
            return
        for place, tensor in leaves:
            if tensor.requires_grad:
                watched.output_needs_gradient = True
                hook = TensorHook(self._on_gradient, watched.slot, self._sightings.step, place, call)
                self._on_outputs.put_on(gradient_target(tensor, leaves, args), hook)
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
        if call < watched.n_outside:
            return
        for ticked in watched.backward:
            self._sightings.note(ticked, call, ((place, gradient),))
