"""Makes dry runs of hooks: at once on the last batch, or after the next step where only that shows what to run on."""

from __future__ import annotations

from collections.abc import Sequence

from moduleview.engine.root_catch import RootCatch
from moduleview.engine.services.base import LiveModel
from moduleview.engine.user_hook_trial import HookTrial
from moduleview.telemetry.user_hooks_messages import HookProblem, UserHookTried, UserHookTrying, WrittenHook

_NO_BATCH = "There is no batch yet: make a step, then try the hook."
_WAITS = "The task makes its steps itself: the dry run follows the next step."
_NOT_SEEN = "The model was not called as a module in a whole step, so that there is nothing to try the hook on."


class UserHookTries:
    """At most one waits. Training thread only.

    Args:
        live: The open model.
    """

    def __init__(self, live: LiveModel) -> None:
        self._live = live
        self._waiting: tuple[WrittenHook, Sequence[WrittenHook], RootCatch] | None = None

    def ask(self, written: WrittenHook, others: Sequence[WrittenHook]) -> None:
        """Try a hook now, or after the next step.

        Args:
            written: The hook.
            others: Hooks that are on and run too.
        """
        self.release()
        if self._live.task.step is not None:
            self._waiting = written, others, RootCatch(self._live.task.model)
            self._live.put(UserHookTrying(written.name, _WAITS))
        elif self._live.last_batch is None:
            self._refuse(written, _NO_BATCH)
        else:
            self._try(written, others, self._live.last_batch)

    def end_step(self) -> None:
        """What waited for the step is tried now."""
        if self._waiting is None:
            return
        written, others, catch = self._waiting
        self.release()
        if catch.call is None:
            self._refuse(written, _NOT_SEEN)
        else:
            self._try(written, others, catch.call)

    def release(self) -> None:
        """Nothing waits any more."""
        if self._waiting is not None:
            self._waiting[2].remove()
        self._waiting = None

    def _try(self, written: WrittenHook, others: Sequence[WrittenHook], given: object) -> None:
        self._live.put(UserHookTrying(written.name))
        trial = HookTrial(self._live.task, written, others, self._live.interruptible)
        self._live.put(trial.run(given, self._live.n_steps))

    def _refuse(self, written: WrittenHook, reason: str) -> None:
        self._live.put(UserHookTried(written.name, self._live.n_steps, problem=HookProblem(reason)))
