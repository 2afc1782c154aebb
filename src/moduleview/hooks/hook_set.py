"""What a person has ticked, and the handles of what was put on for it; unticking leaves no trace."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from moduleview.hooks.arming import Arming
from moduleview.hooks.close_look import is_any_bad
from moduleview.hooks.forecast import Trial, fires_uncompiled
from moduleview.hooks.look_ahead import LookAhead
from moduleview.hooks.model_index import ModelIndex
from moduleview.hooks.observer import Observer
from moduleview.hooks.silence import reason_it_was_silent
from moduleview.hooks.ticked import Sighting, StepSightings, Ticked
from moduleview.hooks.watched import SEEN_BY_OBSERVER, watch_set
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.hooks import PARAMETER_KINDS, HookEntry, HookForecast, HookKind, HookStatus

_Key = tuple[str, HookKind]


class HookSet:
    """All hooks of ours on one model. Training thread only; changes between two steps only.

    FORWARD and BACKWARD are seen by the observer's one global hook. All others are torch's own, on the module, the
    parameter or all optimizers, where a person asked for that very kind; BACKWARD_PRE and FULL_BACKWARD only after a
    trial step.

    Attributes:
        every: Hooks look at one step in so many, as whoever calls ``begin_step`` decides; it is told with each entry.
    """

    def __init__(self, index: ModelIndex) -> None:
        self._index = index
        self._ticked: dict[_Key, Ticked] = {}
        self._sightings = StepSightings()
        self._arming = Arming(index, self._sightings)
        self._own = self._arming.own
        self._ahead = LookAhead(index)
        self._observer = Observer(self._sightings)
        self._observer.bind(index.modules.values())
        self._is_measured = True
        self._is_watch_old = False
        self._has_new = False  # what was just ticked is looked at in the next step, however rare measuring is
        self.every = 1
        self._calls: dict[int, int] = {}
        self._slots = itertools.count()
        self._n_told = self._told_fires = 0

    # -- ticking ---------------------------------------------------------------------------------------------------

    def set(self, command: SetHooks) -> None:
        """Tick or untick one kind on many nodes; ticking again tries again what failed."""
        had_some = bool(self._ticked)
        for fqn in command.fqns:
            key = (fqn, command.kind)
            known = self._ticked.get(key)
            if command.enabled and known is not None and known.status is HookStatus.ACTIVE:
                continue
            if known is not None:
                self._arming.take_off(self._ticked.pop(key))
            if command.enabled:
                self._ticked[key] = Ticked(fqn, command.kind)
                self._arming.arm(self._ticked[key])
                self._has_new = True
        if had_some and self._ticked:
            self._is_watch_old = True  # till the next step: who ticks a thousand one by one would wait for each
        else:
            self._rebuild_watch()

    def bind(self, index: ModelIndex) -> None:
        """The model changed: put every ticked hook on again where its name leads now."""
        index.runs_uncompiled = self._index.runs_uncompiled
        self._index = index
        self._arming.bind(index)
        self._observer.bind(index.modules.values())
        self._ahead.bind(index)
        self._put_on_again(self._ticked.values())

    def run_uncompiled(self, is_on: bool) -> None:
        """Whoever makes the steps bypasses what is compiled from the next one on, or no longer; each is measured."""
        if is_on != self._index.runs_uncompiled:
            self._index.runs_uncompiled = is_on
            self._ahead.bind(self._index)
            on_calls = (ticked for ticked in self._ticked.values() if ticked.kind in SEEN_BY_OBSERVER)
            self._put_on_again(ticked for ticked in on_calls if ticked.fqn in self._index.compiled)

    def attach(self, *, is_told: bool = True) -> None:
        """Training begins: put on what cannot be put on within a step.

        Args:
            is_told: Whoever makes the steps says when each begins. Else that is found out as far as it can be.
        """
        self._observer.is_told = is_told
        self._arming.on_optimizers.attach()

    def remove_all(self) -> None:
        """Take everything off and forget what was ticked; ``attach`` begins anew."""
        self._arming.on_optimizers.detach()
        for ticked in self._ticked.values():
            self._arming.take_off(ticked)
        self._ticked.clear()
        self._ahead.stop()
        self._sightings.end()
        self._rebuild_watch()
        self._observer.end_step()

    def look_at(self, fqn: str | None) -> None:
        """Somebody reads the hooks of a module: look on for a step, for ``forecasts``; None when they are done."""
        self._ahead.look_at(fqn)
        self._rebuild_watch()

    def forecasts(self, fqn: str) -> tuple[HookForecast, ...]:
        """What hooks that are not ticked would meet; those that need a step to be known, once it was looked at."""
        return self._ahead.forecasts(fqn)

    def fires_uncompiled(self, fqn: str) -> bool:
        """Hooks on this module fire only where what is compiled is bypassed."""
        return fires_uncompiled(self._index, fqn)

    def has_lost_target(self) -> bool:
        """A ticked name leads elsewhere now, a parameter lost its hook, or thawed: ``bind`` again."""
        return any(self._arming.is_lost(ticked) for ticked in self._ticked.values())

    # -- steps -----------------------------------------------------------------------------------------------------

    @property
    def is_awaited(self) -> bool:
        """The next step must not be passed by: a trial runs, something was just ticked, or it is uncompiled."""
        return self._has_new or self._index.runs_uncompiled or bool(self._trials())

    def begin_step(self, step: int, *, count_calls: bool, is_measured: bool = True) -> None:
        """A step begins.

        Args:
            step: Its number.
            count_calls: Also count the calls of all modules in it.
            is_measured: False to pass the step by: then no hook of the observer's is there, and others return at once.
                A step in which a trial runs, or the first after something was ticked, is never passed by.
        """
        if self._is_watch_old:
            self._rebuild_watch()
        trials = self._trials()
        self._is_measured = is_measured or self.is_awaited
        self._has_new = False
        if self._is_measured:
            self._sightings.begin(step)
        else:
            self._sightings.pass_by(step)
        for ticked in self._ticked.values():
            ticked.begin_step()
        self._observer.begin_step(count_calls=count_calls, is_measured=self._is_measured)
        for trial in trials:
            trial.begin_step()

    def gradients_are_ready(self) -> None:
        """Before the optimizer: the moment to see whether a trial's outputs were changed in place."""
        for trial in self._trials():
            trial.judge_changes()

    def pass_begins(self, losses: Sequence[Any]) -> None:
        """A backward pass begins with these; one that is not finite says that something in the step is not."""
        if self._ticked and is_any_bad(losses):
            self._sightings.look_closely()

    def start_over(self) -> None:
        """Gradients were thrown away before an optimizer used them: what hooks saw with them is no part of the step."""
        if self._observer.start_over():
            for ticked in self._ticked.values():
                if ticked.kind in PARAMETER_KINDS:
                    ticked.n_outside = ticked.calls_in_step

    def end_step(self) -> list[Sighting]:
        """A step ended: what was seen in it. Hooks that fired, failed or kept silent change their status."""
        self._observer.leave_out_others()
        seen = self._sightings.end()
        self._calls = self._observer.end_step()
        n_changed = sum(self._settle(ticked) for ticked in self._ticked.values()) if self._is_measured else 0
        if self._ahead.end_step() or n_changed:
            self._rebuild_watch()
        return seen

    def abandon_step(self) -> None:
        """The step will not end: what was seen in it is void, and a trial waits for the next one."""
        self._sightings.end()
        self._observer.end_step()
        for trial in self._trials():
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
        """A status changed since ``tell``."""
        return self._n_told != len(self._ticked) or any(ticked.has_new_status for ticked in self._ticked.values())

    @property
    def has_new_counts(self) -> bool:
        """A hook fired since ``tell``."""
        return self._told_fires != sum(ticked.n_fires for ticked in self._ticked.values())

    def entries(self) -> tuple[HookEntry, ...]:
        """All hooks that are decided; one that waits for its trial step is still only requested, and absent."""
        every = 1 if self._index.runs_uncompiled else self.every
        return tuple(ticked.entry(every) for ticked in self._ticked.values() if ticked.status is not None)

    def tell(self) -> tuple[HookEntry, ...]:
        """The entries, for somebody who wants to hear only of what is new from now on."""
        for ticked in self._ticked.values():
            ticked.told_status, ticked.told_reason = ticked.status, ticked.reason
        self._n_told = len(self._ticked)
        self._told_fires = sum(ticked.n_fires for ticked in self._ticked.values())
        return self.entries()

    # -- what is put on, and what the observer looks for ---------------------------------------------------------------

    def _put_on_again(self, some: Iterable[Ticked]) -> None:
        for ticked in some:
            self._arming.take_off(ticked)
            if ticked.status is not HookStatus.FAILED:
                self._arming.arm(ticked)
        self._rebuild_watch()

    def _rebuild_watch(self) -> None:
        self._is_watch_old = False
        ticked, modules = self._ticked.values(), self._index.modules
        self._observer.watch(watch_set(ticked, modules, self._own.trial_of, self._ahead.trial, self._slots))

    def _trials(self) -> list[Trial]:
        trials = list(self._own.trials())
        return trials if self._ahead.trial is None else [*trials, self._ahead.trial[1]]

    # -- after a step ----------------------------------------------------------------------------------------------

    def _settle(self, ticked: Ticked) -> bool:
        """Bring a hook's status up to date; True when what is put on changed."""
        trial = self._own.trial_of(ticked)
        if trial is not None:
            self._end_trial(ticked, trial)
            return True
        if ticked.status is HookStatus.FAILED:
            was_armed = ticked.is_armed
            self._arming.take_off(ticked)
            return was_armed
        if ticked.is_armed and ticked.kind not in _MAY_WAIT:
            watched = self._observer.watched(self._index.modules.get(ticked.fqn))
            ticked.silence = silence = "" if ticked.has_fired else reason_it_was_silent(ticked.kind, watched)
            if ticked.n_fires:
                ticked.status, ticked.reason = HookStatus.ACTIVE, ""
            else:
                ticked.cannot_fire(silence)
        return False

    def _end_trial(self, ticked: Ticked, trial: Trial) -> None:
        trial.judge_changes()
        self._arming.take_off(ticked)
        if trial.verdict:
            ticked.cannot_fire(trial.verdict)
            return
        self._own.put_full_backward_on(ticked, self._index.modules[ticked.fqn])
        ticked.status, ticked.reason = HookStatus.ACTIVE, ""


_MAY_WAIT = (HookKind.STATE_DICT, HookKind.LOAD_STATE_DICT)  # a model is not saved in every step
