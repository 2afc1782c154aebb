"""What a person has ticked, and the handles of what was put on for it; unticking leaves no trace."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable

from moduleview.hooks.forecast import Trial, reason_a_parameter_cannot_fire, reason_it_cannot_fire
from moduleview.hooks.model_index import ModelIndex
from moduleview.hooks.observer import Observer, Watched
from moduleview.hooks.own_hooks import OwnHooks
from moduleview.hooks.silence import reason_it_was_silent
from moduleview.hooks.ticked import Sighting, StepSightings, Ticked
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
        self._sightings = StepSightings()
        self._own = OwnHooks(self._sightings)
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
            known = self._ticked.get(key)
            if command.enabled and known is not None and known.status is HookStatus.ACTIVE:
                continue
            if known is not None:
                self._own.take_off(self._ticked.pop(key))
            if command.enabled:
                self._ticked[key] = Ticked(fqn, command.kind)
                self._arm(self._ticked[key])
        self._rebuild_watch()

    def bind(self, index: ModelIndex) -> None:
        """The model changed: put every ticked hook on again where its name leads now."""
        self._index = index
        for ticked in self._ticked.values():
            self._own.take_off(ticked)
            if ticked.status is not HookStatus.FAILED:
                self._arm(ticked)
        self._rebuild_watch()

    def remove_all(self) -> None:
        """Take everything off and forget what was ticked."""
        for ticked in self._ticked.values():
            self._own.take_off(ticked)
        self._ticked.clear()
        self._sightings.end()
        self._rebuild_watch()
        self._observer.end_step()

    def has_lost_target(self) -> bool:
        """A ticked name leads elsewhere now, a parameter lost its hook, or thawed: ``bind`` again."""
        return any(self._is_lost(ticked) for ticked in self._ticked.values())

    # -- steps -----------------------------------------------------------------------------------------------------

    def begin_step(self, step: int, *, count_calls: bool) -> None:
        """A step begins; ``count_calls``: also count the calls of all modules in it."""
        self._sightings.begin(step)
        self._observer.begin_step(count_calls=count_calls)
        for ticked in self._ticked.values():
            ticked.begin_step()
        for trial in self._own.trials():
            trial.begin_step()

    def gradients_are_ready(self) -> None:
        """Before the optimizer: the moment to see whether a trial's outputs were changed in place."""
        for trial in self._own.trials():
            trial.judge_changes()

    def end_step(self) -> list[Sighting]:
        """A step ended: what was seen in it. Hooks that fired, failed or kept silent change their status."""
        seen = self._sightings.end()
        self._calls = self._observer.end_step()
        n_changed = sum(self._settle(ticked) for ticked in self._ticked.values())
        if n_changed:
            self._rebuild_watch()
        return seen

    def abandon_step(self) -> None:
        """The step will not end: what was seen in it is void, and a trial waits for the next one."""
        self._sightings.end()
        self._observer.end_step()
        for trial in self._own.trials():
            trial.begin_step()

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
            self._own.put_forward_pre_on(ticked, module)
        elif ticked.kind is HookKind.BACKWARD_PRE:
            self._own.put_trial_on(ticked, module)
        else:
            ticked.is_armed = True  # the observer sees it

    def _arm_parameter(self, ticked: Ticked) -> None:
        parameter = self._index.parameters.get(ticked.fqn)
        if parameter is None:
            ticked.cannot_fire("There is no parameter of that name now.")
        elif reason := reason_a_parameter_cannot_fire(parameter):
            ticked.cannot_fire(reason)
        else:
            self._own.put_tensor_hook_on(ticked, parameter)

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
        backward_pre = of_kind.get(HookKind.BACKWARD_PRE, ())
        trials = (self._own.trial_of(ticked) for ticked in backward_pre)
        return Watched(
            next(self._slots),
            weakref.ref(module),
            tuple(of_kind.get(HookKind.FORWARD, ())),
            tuple(of_kind.get(HookKind.BACKWARD, ())),
            tuple(ticked for ticked in backward_pre if ticked.is_armed),
            tuple(trial for trial in trials if trial is not None),
        )

    # -- after a step ----------------------------------------------------------------------------------------------

    def _settle(self, ticked: Ticked) -> bool:
        """Bring a hook's status up to date; True when what is put on changed."""
        trial = self._own.trial_of(ticked)
        if trial is not None:
            self._end_trial(ticked, trial)
            return True
        if ticked.status is HookStatus.FAILED:
            was_armed = ticked.is_armed
            self._own.take_off(ticked)
            return was_armed
        if ticked.is_armed and ticked.n_fires:
            ticked.status, ticked.reason = HookStatus.ACTIVE, ""
        elif ticked.is_armed:
            module = self._index.modules.get(ticked.fqn)
            watched = None if module is None else self._observer.watched(module)
            ticked.cannot_fire(reason_it_was_silent(ticked.kind, watched))
        return False

    def _end_trial(self, ticked: Ticked, trial: Trial) -> None:
        trial.judge_changes()
        self._own.take_off(ticked)
        if trial.verdict:
            ticked.cannot_fire(trial.verdict)
            return
        self._own.put_backward_pre_on(ticked, self._index.modules[ticked.fqn])
        ticked.status, ticked.reason = HookStatus.ACTIVE, ""

    def _is_lost(self, ticked: Ticked) -> bool:
        if ticked.kind is not HookKind.TENSOR:
            return ticked.is_armed and not self._index.still_has_module(ticked.fqn)
        parameter = self._index.parameters.get(ticked.fqn)
        if parameter is None or ticked.status is HookStatus.FAILED:
            return False
        if not self._index.still_has_parameter(ticked.fqn):
            return True
        can_fire = not reason_a_parameter_cannot_fire(parameter)
        return ticked.is_armed != can_fire or (ticked.is_armed and not self._own.is_on(ticked, parameter))


_OBSERVED = (HookKind.FORWARD_PRE, HookKind.FORWARD, HookKind.BACKWARD, HookKind.BACKWARD_PRE)
