"""Hooks of torch's own kinds that a person asked for on one module or parameter, and their handles."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from moduleview.hooks.forecast import Trial
from moduleview.hooks.leaves import bounded_leaves
from moduleview.hooks.silent_hook import SilentHook, is_in_backward
from moduleview.hooks.ticked import MAX_CALLS, StepSightings, Ticked, named_parts


class OwnHooks:
    """Puts FORWARD_PRE, BACKWARD_PRE and TENSOR hooks on, one for each ticked one, and takes only these off.

    Training thread only; torch calls BACKWARD_PRE and TENSOR hooks from autograd's threads on CUDA.
    """

    def __init__(self, sightings: StepSightings) -> None:
        self._sightings = sightings
        self._put_on: dict[Ticked, _PutOn] = {}

    def put_forward_pre_on(self, ticked: Ticked, module: nn.Module) -> None:
        """A forward-pre hook with keyword inputs."""
        hook = SilentHook(functools.partial(self._on_forward_pre, ticked))
        self._put_on[ticked] = _PutOn(module.register_forward_pre_hook(hook, with_kwargs=True))
        ticked.is_armed = True

    def put_trial_on(self, ticked: Ticked, module: nn.Module) -> None:
        """Look on for a step, before the full-backward-pre hook goes on."""
        trial = Trial()
        handle = module.register_forward_pre_hook(SilentHook(trial.see_inputs), with_kwargs=True)
        self._put_on[ticked] = _PutOn(handle, trial)
        ticked.is_on_trial = True

    def put_backward_pre_on(self, ticked: Ticked, module: nn.Module) -> None:
        """Torch's full-backward-pre hook; only after a trial."""
        hook = SilentHook(functools.partial(self._on_backward_pre, ticked))
        self._put_on[ticked] = _PutOn(module.register_full_backward_pre_hook(hook))
        ticked.is_armed = True

    def put_tensor_hook_on(self, ticked: Ticked, parameter: nn.Parameter) -> None:
        """A hook on the gradient that one backward pass brings."""
        hook = functools.partial(self._on_parameter_gradient, ticked)
        handle = parameter.register_hook(hook)  # type: ignore[no-untyped-call]
        self._put_on[ticked] = _PutOn(handle, parameter=parameter, identity=parameter._cdata)
        ticked.is_armed = True

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
        """Whether a tensor hook still sits on the tensor that the parameter is now."""
        put_on = self._put_on.get(ticked)
        return put_on is not None and put_on.is_on(parameter)

    # -- what torch calls ------------------------------------------------------------------------------------------

    def _on_forward_pre(self, ticked: Ticked, module: nn.Module, args: Any, kwargs: Any) -> None:  # noqa: ARG002  torch's
        if self._sightings.step < 0 or is_in_backward():
            return
        call = ticked.next_call()
        inputs = (args, kwargs) if kwargs else args
        self._sightings.note(ticked, named_parts(call, bounded_leaves(inputs)) if call < MAX_CALLS else ())

    def _on_backward_pre(self, ticked: Ticked, module: nn.Module, gradients: Any) -> None:  # noqa: ARG002  torch's own signature
        if self._sightings.step < 0:
            return
        parts = named_parts(ticked.waiting.pop(), bounded_leaves(gradients)) if ticked.waiting else ()
        self._sightings.note(ticked, parts)

    def _on_parameter_gradient(self, ticked: Ticked, gradient: torch.Tensor | None) -> None:
        if self._sightings.step < 0 or gradient is None or not ticked.is_armed:
            return
        call = ticked.next_call()
        self._sightings.note(ticked, named_parts(call, [("", gradient)]) if call < MAX_CALLS else ())


@dataclass(frozen=True, eq=False)
class _PutOn:
    """What torch was given for one ticked hook.

    Attributes:
        handle: To take it off again.
        trial: The trial that runs instead of the hook itself.
        parameter: That has the hook.
        identity: Of the tensor behind the parameter: ``swap_module_params`` puts another one there, and the Python
            object keeps a table of hooks that are dead.
    """

    handle: RemovableHandle
    trial: Trial | None = None
    parameter: nn.Parameter | None = None
    identity: int = 0

    def remove(self) -> None:
        self.handle.remove()
        if self.parameter is not None and not self.parameter._backward_hooks:
            self.parameter._backward_hooks = None  # an empty table would be a trace, and cost a call each backward

    def is_on(self, parameter: nn.Parameter) -> bool:
        return self.handle.id in (parameter._backward_hooks or {}) and parameter._cdata == self.identity
