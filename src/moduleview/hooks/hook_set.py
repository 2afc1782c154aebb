"""What a person has ticked, and the handles of what was put on for it; unticking leaves no trace."""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.utils.hooks import RemovableHandle

from moduleview.hooks.forecast import Trial, reason_it_cannot_fire
from moduleview.hooks.leaves import bounded_leaves
from moduleview.hooks.model_index import ModelIndex
from moduleview.hooks.observer import Observer, Watched
from moduleview.hooks.silence import reason_it_was_silent
from moduleview.hooks.silent_hook import SilentHook, is_in_backward
from moduleview.hooks.ticked import MAX_CALLS, Sighting, StepSightings, Ticked, named_parts
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.hooks import HookEntry, HookKind, HookStatus

_Key = tuple[str, HookKind]


class HookSet:
    """All hooks of ours on one model. Training thread only; changes between two steps only.

    FORWARD and BACKWARD are seen by the observer's one global hook. FORWARD_PRE, BACKWARD_PRE and TENSOR are torch's
    own, on the module or parameter, where a person asked for that very kind; BACKWARD_PRE only after a trial step.
    """

    def __init__(self, index: ModelIndex) -> None:
        self._index = index
        self._ticked: dict[_Key, Ticked] = {}
        self._put_on: dict[_Key, _PutOn] = {}
        self._sightings = StepSightings()
        self._observer = Observer(self._sightings)
        self._calls: dict[int, int] = {}
        self._slots = itertools.count()
        self._told: dict[_Key, tuple[HookStatus | None, str]] = {}
        self._told_fires = 0

    # -- ticking ---------------------------------------------------------------------------------------------------

    def set(self, command: SetHooks) -> None:
        """Tick or untick one kind on many nodes; ticking again tries again what failed."""
        for fqn in command.fqns:
            key = (fqn, command.kind)
            if not command.enabled:
                self._take_off(key)
                self._ticked.pop(key, None)
            elif key not in self._ticked or self._ticked[key].status is not HookStatus.ACTIVE:
                self._take_off(key)
                self._ticked[key] = Ticked(fqn, command.kind)
                self._arm(self._ticked[key])
        self._rebuild_watch()

    def bind(self, index: ModelIndex) -> None:
        """The model changed: put every ticked hook on again where its name leads now."""
        for key in list(self._put_on):
            self._take_off(key)
        self._index = index
        for ticked in self._ticked.values():
            if ticked.status is not HookStatus.FAILED:
                self._arm(ticked)
        self._rebuild_watch()

    def remove_all(self) -> None:
        """Take everything off and forget what was ticked."""
        for key in list(self._put_on):
            self._take_off(key)
        self._ticked.clear()
        self._sightings.end()
        self._rebuild_watch()
        self._observer.end_step()

    def has_lost_target(self) -> bool:
        """A ticked name leads elsewhere now, a parameter lost its hook, or thawed: ``bind`` again."""
        return any(self._is_lost(key, ticked) for key, ticked in self._ticked.items())

    # -- steps -----------------------------------------------------------------------------------------------------

    def begin_step(self, step: int, *, count_calls: bool) -> None:
        """A step begins; ``count_calls``: also count the calls of all modules in it."""
        self._sightings.begin(step)
        self._observer.begin_step(count_calls=count_calls)
        for ticked in self._ticked.values():
            ticked.calls_in_step = 0

    def gradients_are_ready(self) -> None:
        """Before the optimizer: the moment to see whether a trial's outputs were changed in place."""
        for put_on in self._put_on.values():
            if put_on.trial is not None:
                put_on.trial.judge_changes()

    def end_step(self) -> list[Sighting]:
        """A step ended: what was seen in it. Hooks that fired, failed or kept silent change their status."""
        seen = self._sightings.end()
        self._calls = self._observer.end_step()
        is_changed = False
        for key, ticked in self._ticked.items():
            is_changed |= self._settle(key, ticked)
        if is_changed:
            self._rebuild_watch()
        return seen

    def abandon_step(self) -> None:
        """The step will not end: what was seen in it is void, and a trial waits for the next one."""
        self._sightings.end()
        self._observer.end_step()

    def take_calls(self) -> dict[int, int]:
        """Calls of each module in the step that ended, by ``id``, where they were counted."""
        calls, self._calls = self._calls, {}
        return calls

    @property
    def spent_s(self) -> float:
        """Seconds that hooks measured in this step."""
        return self._sightings.spent_s

    # -- telling ---------------------------------------------------------------------------------------------------

    @property
    def has_new_status(self) -> bool:
        """A status changed since ``entries`` was last asked for."""
        return self._told != {key: (ticked.status, ticked.reason) for key, ticked in self._ticked.items()}

    @property
    def has_new_counts(self) -> bool:
        """A hook fired since ``entries`` was last asked for."""
        return self._told_fires != sum(ticked.n_fires for ticked in self._ticked.values())

    def entries(self) -> tuple[HookEntry, ...]:
        """All hooks that are decided; one that waits for its trial step is still only requested, and absent."""
        self._told = {key: (ticked.status, ticked.reason) for key, ticked in self._ticked.items()}
        self._told_fires = sum(ticked.n_fires for ticked in self._ticked.values())
        return tuple(ticked.entry() for ticked in self._ticked.values() if ticked.status is not None)

    # -- putting on and taking off ---------------------------------------------------------------------------------

    def _arm(self, ticked: Ticked) -> None:
        """Put a hook on, or say why not; a trial leaves the status as it was until the trial is over."""
        ticked.is_armed = False
        try:
            if ticked.kind is HookKind.TENSOR:
                self._arm_parameter(ticked)
            else:
                self._arm_module(ticked)
        except Exception as error:  # a module or tensor that refuses what torch's own accept
            ticked.fail(error, self._sightings.step)
        if ticked.is_armed:
            ticked.status, ticked.reason = HookStatus.ACTIVE, ""

    def _arm_module(self, ticked: Ticked) -> None:
        module = self._index.modules.get(ticked.fqn)
        if module is None:
            ticked.cannot_fire("There is no module of that name now.")
            return
        if reason := reason_it_cannot_fire(self._index, ticked.fqn, ticked.kind):
            ticked.cannot_fire(reason)
            return
        if ticked.kind is HookKind.FORWARD_PRE:
            self._put_pre_hook_on(ticked, module)
        elif ticked.kind is HookKind.BACKWARD_PRE:
            trial = Trial()
            handle = module.register_forward_pre_hook(SilentHook(trial.see_inputs), with_kwargs=True)
            self._put_on[ticked.fqn, ticked.kind] = _PutOn(handle, trial)
            ticked.is_on_trial = True
            return
        ticked.is_armed = True

    def _arm_parameter(self, ticked: Ticked) -> None:
        parameter = self._index.parameters.get(ticked.fqn)
        if parameter is None:
            ticked.cannot_fire("There is no parameter of that name now.")
        elif is_lazy(parameter):
            ticked.cannot_fire("It is lazy: it waits for its first input, and the hook goes on after that.")
        elif not parameter.requires_grad:
            ticked.cannot_fire("It is frozen: requires_grad is False, so it gets no gradient.")
        else:
            hook = functools.partial(self._on_parameter_gradient, ticked)
            handle = parameter.register_hook(hook)  # type: ignore[no-untyped-call]
            self._put_on[ticked.fqn, ticked.kind] = _PutOn(handle, parameter=parameter, identity=parameter._cdata)
            ticked.is_armed = True

    def _put_pre_hook_on(self, ticked: Ticked, module: nn.Module) -> None:
        hook = SilentHook(functools.partial(self._on_forward_pre, ticked))
        handle = module.register_forward_pre_hook(hook, with_kwargs=True)
        self._put_on[ticked.fqn, ticked.kind] = _PutOn(handle)

    def _take_off(self, key: _Key) -> None:
        put_on = self._put_on.pop(key, None)
        if put_on is not None:
            put_on.remove()
        if key in self._ticked:
            self._ticked[key].is_armed = self._ticked[key].is_on_trial = False

    def _rebuild_watch(self) -> None:
        by_module: dict[int, list[Ticked]] = {}
        for ticked in self._ticked.values():
            if (ticked.is_armed or ticked.is_on_trial) and ticked.kind in _OBSERVED:
                by_module.setdefault(id(self._index.modules[ticked.fqn]), []).append(ticked)
        self._observer.watch({module_id: self._watched(group) for module_id, group in by_module.items()})

    def _watched(self, group: Iterable[Ticked]) -> Watched:
        of_kind: dict[HookKind, list[Ticked]] = {}
        for ticked in group:
            of_kind.setdefault(ticked.kind, []).append(ticked)
        module = self._index.modules[next(iter(of_kind.values()))[0].fqn]
        on_trial = [self._put_on[t.fqn, t.kind].trial for t in of_kind.get(HookKind.BACKWARD_PRE, ()) if not t.is_armed]
        return Watched(
            next(self._slots),
            weakref.ref(module),
            tuple(of_kind.get(HookKind.FORWARD, ())),
            tuple(of_kind.get(HookKind.BACKWARD, ())),
            tuple(t for t in of_kind.get(HookKind.BACKWARD_PRE, ()) if t.is_armed),
            on_trial[0] if on_trial else None,
        )

    # -- after a step ----------------------------------------------------------------------------------------------

    def _settle(self, key: _Key, ticked: Ticked) -> bool:
        """Bring a hook's status up to date; True when what is put on changed."""
        put_on = self._put_on.get(key)
        if put_on is not None and put_on.trial is not None:
            self._end_trial(key, ticked, put_on.trial)
            return True
        if ticked.status is HookStatus.FAILED:
            was_armed = ticked.is_armed
            self._take_off(key)
            return was_armed
        if ticked.is_armed and ticked.n_fires:
            ticked.status, ticked.reason = HookStatus.ACTIVE, ""
        elif ticked.is_armed:
            watched = (
                None if ticked.kind is HookKind.TENSOR else self._observer.watched(self._index.modules[ticked.fqn])
            )
            ticked.cannot_fire(reason_it_was_silent(ticked.kind, watched))
        return False

    def _end_trial(self, key: _Key, ticked: Ticked, trial: Trial) -> None:
        trial.judge_changes()
        self._take_off(key)
        if trial.verdict:
            ticked.cannot_fire(trial.verdict)
            return
        module = self._index.modules[ticked.fqn]
        hook = SilentHook(functools.partial(self._on_backward_pre, ticked))
        self._put_on[key] = _PutOn(module.register_full_backward_pre_hook(hook))
        ticked.status, ticked.reason, ticked.is_armed = HookStatus.ACTIVE, "", True

    def _is_lost(self, key: _Key, ticked: Ticked) -> bool:
        if ticked.kind is not HookKind.TENSOR:
            return ticked.is_armed and not self._index.still_has_module(ticked.fqn)
        parameter = self._index.parameters.get(ticked.fqn)
        if parameter is None:
            return False
        can_fire = parameter.requires_grad and not is_lazy(parameter)
        if not self._index.still_has_parameter(ticked.fqn) or ticked.is_armed != can_fire:
            return ticked.status is not HookStatus.FAILED
        return ticked.is_armed and not self._put_on[key].is_on(parameter)

    # -- what torch calls ------------------------------------------------------------------------------------------

    def _on_forward_pre(self, ticked: Ticked, module: nn.Module, args: Any, kwargs: Any) -> None:  # noqa: ARG002
        if self._sightings.step < 0 or is_in_backward():
            return
        call = ticked.calls_in_step
        ticked.calls_in_step += 1
        inputs = (args, kwargs) if kwargs else args
        parts = named_parts(call, bounded_leaves(inputs)) if call < MAX_CALLS else []
        self._sightings.note(ticked, parts)

    def _on_backward_pre(self, ticked: Ticked, module: nn.Module, gradients: Any) -> None:
        watched = self._observer.watched(module)
        if self._sightings.step < 0 or watched is None:
            return
        waiting = watched.waiting.get("backward_pre")
        if not waiting:
            self._sightings.note(ticked, ())
            return
        self._sightings.note(ticked, named_parts(waiting.pop(), bounded_leaves(gradients)))

    def _on_parameter_gradient(self, ticked: Ticked, gradient: torch.Tensor | None) -> None:
        if self._sightings.step < 0 or gradient is None or not ticked.is_armed:
            return
        call = ticked.calls_in_step
        ticked.calls_in_step += 1
        self._sightings.note(ticked, named_parts(call, [("", gradient)]) if call < MAX_CALLS else [])


_OBSERVED = (HookKind.FORWARD_PRE, HookKind.FORWARD, HookKind.BACKWARD, HookKind.BACKWARD_PRE)


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
