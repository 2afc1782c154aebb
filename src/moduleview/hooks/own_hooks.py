"""Hooks of torch's own kinds that a person asked for on one module or parameter, and their handles."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from moduleview.hooks.forecast import Trial
from moduleview.hooks.leaves import bounded_leaves
from moduleview.hooks.put_on import PutOn, forget_kind
from moduleview.hooks.silent_hook import SilentHook, is_in_backward, is_observable
from moduleview.hooks.state_dict_hooks import put_load_state_dict_on, put_state_dict_on
from moduleview.hooks.ticked import MAX_CALLS, StepSightings, Ticked
from moduleview.telemetry.hooks import HookKind


class OwnHooks:
    """Puts on what was ticked on one module or parameter, one hook for each, and takes only these off.

    Training thread only; torch calls backward and parameter hooks from autograd's threads on CUDA.
    """

    def __init__(self, sightings: StepSightings) -> None:
        self._sightings = sightings
        self._put_on: dict[Ticked, PutOn] = {}
        self._pid = os.getpid()

    def put_on_module(self, ticked: Ticked, module: nn.Module) -> None:
        """The hook of a kind that needs no trial."""
        match ticked.kind:
            case HookKind.FORWARD_PRE:
                hook = self._silent(ticked, self._on_forward_pre)
                self._take(ticked, PutOn((module.register_forward_pre_hook(hook, with_kwargs=True),)))
            case HookKind.STATE_DICT:
                self._take(ticked, put_state_dict_on(ticked, module, self._sightings))
            case HookKind.LOAD_STATE_DICT:
                self._take(ticked, put_load_state_dict_on(ticked, module, self._sightings))
            case _:
                raise ValueError(ticked.kind)

    def put_trial_on(self, ticked: Ticked, module: nn.Module) -> None:
        """Look on for a step, before one of torch's full-backward hooks goes on."""
        trial = Trial()
        handle = module.register_forward_pre_hook(SilentHook(trial.see_inputs, trial.fail), with_kwargs=True)
        self._put_on[ticked] = PutOn((handle,), trial)
        ticked.is_on_trial = True

    def put_full_backward_on(self, ticked: Ticked, module: nn.Module) -> None:
        """Torch's full-backward or full-backward-pre hook; only after a trial."""
        if ticked.kind is HookKind.BACKWARD_PRE:
            hook = self._silent(ticked, self._on_gradients)
            self._take(ticked, PutOn((module.register_full_backward_pre_hook(hook),)))
            return
        was_full = module._is_full_backward_hook
        hook = self._silent(ticked, self._on_gradients)
        handle = module.register_full_backward_hook(hook)
        tidy = functools.partial(forget_kind, module) if was_full is None else None
        self._take(ticked, PutOn((handle,), tidy=tidy))

    def put_on_parameter(self, ticked: Ticked, parameter: nn.Parameter) -> None:
        """A hook on the gradient that one backward pass brings, or on what is accumulated after it."""
        if ticked.kind is HookKind.TENSOR:
            hook = functools.partial(self._on_parameter_gradient, ticked)
            handle = parameter.register_hook(hook)  # type: ignore[no-untyped-call]
            self._take(ticked, PutOn.on_parameter(handle, parameter, "_backward_hooks"))
            return
        accumulated = functools.partial(self._on_accumulated, ticked)
        handle = parameter.register_post_accumulate_grad_hook(accumulated)  # type: ignore[no-untyped-call]
        self._take(ticked, PutOn.on_parameter(handle, parameter, "_post_accumulate_grad_hooks"))

    def take_off(self, ticked: Ticked) -> None:
        """Remove what was put on for it."""
        put_on = self._put_on.pop(ticked, None)
        if put_on is not None:
            put_on.remove()
        ticked.is_armed = ticked.is_on_trial = False

    def trial_of(self, ticked: Ticked) -> Trial | None:
        """The trial that runs for it."""
        put_on = self._put_on.get(ticked)
        return None if put_on is None else put_on.trial

    def trials(self) -> Iterator[Trial]:
        """All trials that run."""
        return (put_on.trial for put_on in self._put_on.values() if put_on.trial is not None)

    def is_on(self, ticked: Ticked, parameter: nn.Parameter) -> bool:
        """Whether a parameter's hook still sits on the tensor that the parameter is now."""
        put_on = self._put_on.get(ticked)
        return put_on is not None and put_on.is_on(parameter)

    def _take(self, ticked: Ticked, put_on: PutOn) -> None:
        self._put_on[ticked] = put_on
        ticked.is_armed = True

    def _silent(self, ticked: Ticked, target: Callable[..., None]) -> SilentHook:
        return SilentHook(functools.partial(target, ticked), functools.partial(self._fail, ticked))

    def _fail(self, ticked: Ticked, error: Exception) -> None:
        ticked.fail(error, self._sightings.last_step)

    # -- what torch calls ------------------------------------------------------------------------------------------

    def _on_forward_pre(self, ticked: Ticked, module: nn.Module, args: Any, kwargs: Any) -> None:  # noqa: ARG002  torch's
        if self._sightings.step < 0 or is_in_backward():
            return
        call = ticked.next_call()
        inputs = (args, kwargs) if kwargs else args
        is_measured = call - ticked.n_outside < MAX_CALLS
        self._sightings.note(ticked, call, bounded_leaves(inputs) if is_measured else ())

    def _on_gradients(self, ticked: Ticked, module: nn.Module, gradients: Any, *_: Any) -> None:  # noqa: ARG002  torch's
        """At the outputs for a pre hook; at the inputs for a full-backward hook, which is also given the others."""
        if self._sightings.step < 0:
            return
        if ticked.waiting:
            self._sightings.note(ticked, ticked.waiting.pop(), bounded_leaves(gradients))
        else:
            self._sightings.note(ticked, 0, ())

    def _on_parameter_gradient(self, ticked: Ticked, gradient: torch.Tensor | None) -> None:
        if gradient is None or not self._is_awaited(ticked):
            return
        call = ticked.next_call()
        self._sightings.note(ticked, call, (("", gradient),) if call - ticked.n_outside < MAX_CALLS else ())

    def _on_accumulated(self, ticked: Ticked, parameter: torch.Tensor) -> None:
        """An optimizer that steps within backward has taken the gradient away before us: then only the call counts."""
        if not self._is_awaited(ticked):
            return
        call, gradient = ticked.next_call(), parameter.grad
        is_measured = call - ticked.n_outside < MAX_CALLS
        self._sightings.note(ticked, call, (("", gradient),) if is_measured and gradient is not None else ())

    def _is_awaited(self, ticked: Ticked) -> bool:
        """In a step of this process: a child that the user forks inherits hooks on tensors too."""
        return self._sightings.step >= 0 and ticked.is_armed and os.getpid() == self._pid and is_observable()
