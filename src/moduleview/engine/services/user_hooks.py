"""Hooks that a person wrote: tries them, lets them go live, and takes them off when they raise."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import ClassVar, assert_never

import torch

from moduleview.engine.services.base import LiveModel, Service
from moduleview.engine.user_hook_trial import explained
from moduleview.engine.user_hook_tries import UserHookTries
from moduleview.engine.user_hook_words import words_for
from moduleview.errors import ModuleViewError
from moduleview.hooks.user_hook import UserHook
from moduleview.hooks.user_hook_place import place_words
from moduleview.hooks.user_hook_source import HookCodeError, bound_arguments, forget_lines, made_hook, problem_of
from moduleview.interventions.base import InterventionError
from moduleview.interventions.user_hook import LiveUserHook
from moduleview.interventions.user_hook_arguments import UserHookArguments
from moduleview.interventions.user_hook_off import UserHookOff
from moduleview.introspect.error_words import error_words
from moduleview.telemetry.commands import Command
from moduleview.telemetry.records import LogLine
from moduleview.telemetry.user_hook_code import read_hook_code
from moduleview.telemetry.user_hooks_messages import (
    HookProblem,
    NameUserHookWords,
    PutUserHookOn,
    RemoveUserHook,
    SetUserHookArguments,
    TryUserHook,
    UserHookChanged,
    UserHooksCommand,
    UserHookState,
    UserHookWords,
)

_PERIOD_S = 0.5
_STAYS = "It stayed with the new run."
_LOST = "What it was on is gone; it goes on again when that is back."
_PUT_BACK = "After a call {} was not as before: it was put back, so that training goes on as it did."
_NOTHING_TOLD = (0, (False, ""))
_GAVE_NON_FINITE = "It has returned NaN or Inf."
_OF_TORCH = re.compile("BackwardHookFunction|[Bb]ackward hook|hook '.*' has changed")


class UserHooks(Service[UserHooksCommand]):
    """What goes on and off goes through the journal."""

    commands: ClassVar[type | UnionType] = UserHooksCommand

    def __init__(self, live: LiveModel) -> None:
        super().__init__(live)
        self._on: dict[str, LiveUserHook] = {}  # in the order in which they went on
        self._tries = UserHookTries(live)
        self._lost: set[str] = set()
        self._is_known_misfit: set[str] = set()  # steps have ended well with what they return
        self._stayed: set[str] = set()
        self._told: dict[str, tuple[int, tuple[bool, str]]] = {}
        self._next_s = 0.0

    def answer(self, command: UserHooksCommand) -> None:
        """See ``Service``."""
        match command:
            case TryUserHook():
                others = [one.hook.current for one in self._on.values() if one.name != command.hook.name]
                self._tries.ask(command.hook, others)
            case PutUserHookOn():
                self._put_on(command)
            case RemoveUserHook():
                self._take_off(command.name)
            case SetUserHookArguments():
                self._set_arguments(command)
            case NameUserHookWords():
                words = words_for(self.live.task.model, command.kind, command.fqn)
                self.live.put(UserHookWords(command.fqn, words))
            case _:
                assert_never(command)

    # -- steps -----------------------------------------------------------------------------------------------------

    def begin_step(self, step: int) -> None:
        """Hooks go where their names lead now."""
        for name, one in list(self._on.items()):
            one.hook.misfit = ""
            try:
                is_lost = not one.follow(self.live.task.model)
            except InterventionError as error:
                self._fail(one, HookProblem(str(error)), step)
                continue
            if is_lost is not (name in self._lost):
                self._lost ^= {name}
                self._tell(one)

    def end_step(self, step: int) -> None:
        """Say what was counted, take off what raised though the model went on, and try what waited for the step."""
        is_time = time.monotonic() >= self._next_s
        for one in list(self._on.values()):
            hook = one.hook
            if hook.problem is not None:  # the model's own code has caught it
                self._fail(one, hook.problem, step)
                continue
            if hook.misfit:
                self._is_known_misfit.add(one.name)
            hook.misfit = ""
            hook.settle()
            n_calls, told = self._told.get(one.name, _NOTHING_TOLD)
            if (hook.has_given_non_finite, hook.put_back) != told or (is_time and hook.n_calls != n_calls):
                self._tell(one)
        if is_time:
            self._next_s = time.monotonic() + _PERIOD_S
        self._tries.end_step()

    @property
    def has_more_to_do(self) -> bool:
        """The run stands still, and calls were counted that nobody was told of."""
        return any(self._is_untold(one) for one in self._on.values())

    def go_on(self) -> None:
        """Tell of them."""
        for one in list(self._on.values()):
            if self._is_untold(one):
                self._tell(one)

    def takes_blame(self, error: BaseException, step: int) -> bool:
        """The step ended by a hook that raised, or by torch over what one returned."""
        raised = ((one, one.hook.problem) for one in self._on.values())
        blamed = [(one, problem) for one, problem in raised if problem is not None]
        blamed = blamed or list(self._suspects(error))
        for one, problem in blamed:
            self._fail(one, problem, step)
        return bool(blamed)

    def commands_to_repeat(self) -> Sequence[Command]:
        """Hooks that are on stay with a new run, with the arguments that they have now."""
        return [PutUserHookOn(one.hook.current, is_repeated=True) for one in self._on.values()]

    def release(self) -> None:
        """See ``Service``."""
        self._tries.release()
        for one in self._on.values():
            one.take_off()
            forget_lines(one.name)

    # -- going on and off ------------------------------------------------------------------------------------------

    def _put_on(self, command: PutUserHookOn) -> None:
        written = command.hook
        if written.name in self._on:
            self._take_off(written.name)
        self._is_known_misfit.discard(written.name)
        try:
            bound = self.live.interruptible.run(made_hook, written)
            hook = UserHook(written, bound, self.live.interruptible.run)
            if command.is_repeated:
                self._stayed.add(written.name)
            self.live.journal.apply(LiveUserHook(hook, self._on_changed), self.live.run, self.live.n_steps)
        except HookCodeError as error:
            self._refuse(written.name, error.problem)
        except InterventionError as error:
            self._refuse(written.name, HookProblem(str(error)))
        except KeyboardInterrupt as error:  # its top level never ended
            self._refuse(written.name, problem_of(error, written.name))

    def _take_off(self, name: str) -> None:
        self.live.journal.apply(UserHookOff(name), self.live.run, self.live.n_steps)

    def _set_arguments(self, command: SetUserHookArguments) -> None:
        one = self._on.get(command.name)
        if one is None:
            raise ModuleViewError(f"The hook {command.name} is not on: its fields hold when it goes live.")
        read = read_hook_code(one.hook.written.code)
        try:
            values = bound_arguments(read, {**one.hook.arguments, **command.arguments})
        except HookCodeError as error:
            raise ModuleViewError(error.problem.message) from None
        if values != one.hook.arguments:
            change = UserHookArguments(one.hook, values, self._on_bound)
            self.live.journal.apply(change, self.live.run, self.live.n_steps)

    def _on_changed(self, one: LiveUserHook) -> None:
        """The journal has put it on or taken it off, whoever asked."""
        if one.is_on:
            self._on[one.name] = one
        elif self._on.get(one.name) is one:
            del self._on[one.name]
            self._told.pop(one.name, None)
            self._stayed.discard(one.name)
            self._lost.discard(one.name)
            forget_lines(one.name)
        self._tell(one)

    def _on_bound(self, hook: UserHook) -> None:
        one = self._on.get(hook.written.name)
        if one is not None and one.hook is hook:
            self._tell(one)

    # -- when it goes wrong ----------------------------------------------------------------------------------------

    def _suspects(self, error: BaseException) -> Iterator[tuple[LiveUserHook, HookProblem]]:
        """Whose returned value did not fit what it was given, or which torch names in its message."""
        if isinstance(error, torch.OutOfMemoryError) or not isinstance(error, Exception):
            return
        is_of_torch = bool(_OF_TORCH.search(error_words(error)))
        for one in self._on.values():
            hook = one.hook
            problem = problem_of(error, one.name)
            if hook.misfit and one.name not in self._is_known_misfit:
                yield one, explained(problem, hook.misfit, hook.written)
            elif is_of_torch and hook.written.kind.needs_backward:
                yield one, problem

    def _fail(self, one: LiveUserHook, problem: HookProblem, step: int) -> None:
        hook = one.hook
        hook.problem = problem
        self._take_off(one.name)
        place = place_words(hook.written.fqn)
        line = "" if problem.line is None else f", line {problem.line}"
        title = f"Your hook {one.name} on {place} was taken off at step {step}{line}: {problem.message}"
        for text in (title, *problem.traceback.splitlines()):
            self.live.put(LogLine(time.time(), "moduleview", text))

    def _is_untold(self, one: LiveUserHook) -> bool:
        return one.hook.n_calls != self._told.get(one.name, _NOTHING_TOLD)[0]

    def _refuse(self, name: str, problem: HookProblem) -> None:
        self.live.put(UserHookChanged(name, UserHookState.OFF, self.live.n_steps, problem=problem))

    def _tell(self, one: LiveUserHook) -> None:
        hook = one.hook
        state = UserHookState.FAILED if hook.problem is not None else UserHookState.OFF
        if one.name in self._on:
            state = UserHookState.LOST if one.name in self._lost else UserHookState.LIVE
        notes = (
            (_LOST, state is UserHookState.LOST),
            (_STAYS, one.name in self._stayed),
            (_GAVE_NON_FINITE, hook.has_given_non_finite),
            (_PUT_BACK.format(hook.put_back), bool(hook.put_back)),
        )
        self._told[one.name] = hook.n_calls, (hook.has_given_non_finite, hook.put_back)
        self.live.put(
            UserHookChanged(
                one.name,
                state,
                self.live.n_steps,
                hook.n_calls,
                hook.n_replaced,
                hook.us_per_call,
                " ".join(note for note, holds in notes if holds),
                hook.problem,
                hook.arguments,
            )
        )
