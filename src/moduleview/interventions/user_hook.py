"""A person's own hook goes live, and is taken off."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from torch import nn

from moduleview.hooks.put_on import PutOn
from moduleview.hooks.user_hook import UserHook
from moduleview.hooks.user_hook_place import HookPlaceError, check_place, place_words, put_on, python_of, target_of
from moduleview.interventions.base import Intervention, InterventionError, LiveRun
from moduleview.interventions.user_hook_off import UserHookOff


class LiveUserHook(Intervention):
    """Registers a hook on a module or parameter as torch's own ``register_*`` does.

    Args:
        hook: What torch is to call.
        changed: Told after it went on or off, whoever asked for that.
    """

    title: ClassVar[str] = "Put a hook on"
    changes_model: ClassVar[bool] = False

    def __init__(self, hook: UserHook, changed: Callable[[LiveUserHook], None]) -> None:
        self.hook = hook
        self.fqn = hook.written.fqn
        self._changed = changed
        self._put_on: PutOn | None = None
        self._target: nn.Module | nn.Parameter | None = None

    @property
    def name(self) -> str:
        """Of the hook."""
        return self.hook.written.name

    @property
    def is_on(self) -> bool:
        """Torch calls it."""
        return self._put_on is not None

    def apply(self, run: LiveRun) -> str:
        """Put it on."""
        self.take_off()
        try:
            check_place(run.model, self.hook.written)
        except HookPlaceError as error:
            raise InterventionError(str(error)) from None
        self._put_on_target(run.model)
        self.hook.variable = f"hook_{self.number or 1}"
        self._changed(self)
        return python_of(self.hook.written, self.hook.arguments, self.hook.variable)

    def undo(self, run: LiveRun) -> str:  # noqa: ARG002  the handle knows
        """Take it off."""
        self.take_off()
        self._changed(self)
        return f"{self.hook.variable}_handle.remove()"

    def follow(self, model: nn.Module) -> bool:
        """Between two steps: where its name leads to something else now, go there. False where that is gone."""
        target = target_of(model, self.hook.written)
        is_there = target is not None and target is self._target
        if is_there and isinstance(target, nn.Parameter) and self._put_on is not None:
            is_there = self._put_on.is_on(target)
        if not is_there:
            self.take_off()
            if target is not None:
                self._put_on_target(model)
        return self.is_on

    def take_off(self) -> None:
        """Let torch call it no longer; nothing is said."""
        if self._put_on is not None:
            self._put_on.remove()
        self._put_on = self._target = None

    def is_undone_by(self, other: Intervention) -> bool:
        """That which takes this hook off."""
        return isinstance(other, UserHookOff) and other.name == self.name

    def __str__(self) -> str:
        written = self.hook.written
        return f"Put the {written.kind.value} hook {written.name} on {place_words(written.fqn)}"

    def _put_on_target(self, model: nn.Module) -> None:
        written = self.hook.written
        target = target_of(model, written)
        if target is None:
            raise InterventionError(f"There is nothing called {written.fqn} now. Choose another place in the tree.")
        try:
            self._put_on = put_on(target, written, self.hook)
        except (RuntimeError, TypeError) as error:
            raise InterventionError(f"torch refuses the hook: {error}") from None
        self._target = target
