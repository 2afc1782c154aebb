"""Other values for the keyword-only parameters of a person's own hook, while it is on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from moduleview.hooks.user_hook import UserHook
from moduleview.interventions.base import Intervention, LiveRun
from moduleview.telemetry.user_hook_arguments import python_words
from moduleview.telemetry.user_hooks_messages import Argument


class UserHookArguments(Intervention):
    """Binds the function anew; torch calls the same hook.

    Args:
        hook: Whose.
        values: All of its arguments, as they are to be.
        changed: Told after they have changed.
    """

    title: ClassVar[str] = "Set a hook's arguments"
    changes_model: ClassVar[bool] = False

    def __init__(self, hook: UserHook, values: Mapping[str, Argument], changed: Callable[[UserHook], None]) -> None:
        self._hook = hook
        self.fqn = hook.written.fqn
        self._values = dict(values)
        self._former: dict[str, Argument] = {}
        self._changed = changed

    def apply(self, run: LiveRun) -> str:  # noqa: ARG002
        """Bind the new values."""
        self._former = self._hook.arguments
        return self._bind(self._values)

    def undo(self, run: LiveRun) -> str:  # noqa: ARG002
        """Bind those from before."""
        return self._bind(self._former)

    def is_undone_by(self, other: Intervention) -> bool:  # noqa: ARG002
        """Setting them again is a change of its own."""
        return False

    def __str__(self) -> str:
        before = self._former
        changes = (
            f"{name} = {python_words(value)}" for name, value in self._values.items() if before.get(name) != value
        )
        return f"Set {', '.join(changes) or 'nothing'} of the hook {self._hook.written.name}"

    def _bind(self, values: Mapping[str, Argument]) -> str:
        self._hook.bind(values)
        self._changed(self._hook)
        named = ", ".join(f"{name}={python_words(value)}" for name, value in values.items())
        return f"{self._hook.variable}.keywords.update({named})"
