"""What a person has done with a hook, as commands; and whether the hook that runs may never end."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject

from moduleview.gui.hook_editor.drafts import Drafts
from moduleview.gui.panel import PanelContext
from moduleview.telemetry.commands import InterruptCode
from moduleview.telemetry.records import RunState
from moduleview.telemetry.store_view import StoreView
from moduleview.telemetry.user_hooks_book import UserHooksBook
from moduleview.telemetry.user_hooks_messages import (
    Argument,
    NameUserHookWords,
    PutUserHookOn,
    RemoveUserHook,
    SetUserHookArguments,
    TryUserHook,
    UserHookChanged,
    UserHookKind,
    UserHookState,
    WrittenHook,
)

_ON = (UserHookState.LIVE, UserHookState.LOST)
_STUCK_S = 2.0  # a run with a live hook that makes no step for so long may be inside it


class HookAsks(QObject):
    """Sends, and remembers which text was sent. GUI thread only.

    Args:
        context: Of the panel.
        drafts: What was written.
        parent: Owner.
    """

    def __init__(self, context: PanelContext, drafts: Drafts, parent: QObject) -> None:
        super().__init__(parent)
        self._context, self._drafts = context, drafts
        self._sent: dict[str, WrittenHook] = {}
        self._words_asked: set[tuple[UserHookKind, str]] = set()
        self._step_seen: tuple[int | None, float] = (None, 0.0)
        self._put: tuple[str, UserHookChanged | None, float] | None = None  # what is not answered yet

    @property
    def book(self) -> UserHooksBook:
        """What was said of hooks."""
        return self._context.store.books.user_hooks

    def is_on(self, name: str) -> bool:
        """The training side has it on."""
        changed = self.book.changed.get(name)
        return changed is not None and changed.state in _ON

    def is_edited(self, hook: WrittenHook) -> bool:
        """It was changed since it was last sent, apart from the values of its fields."""
        sent = self._sent.get(hook.name)
        return sent is not None and _text_of(sent) != _text_of(hook)

    def try_out(self, hook: WrittenHook) -> None:
        """A dry run."""
        self._sent[hook.name] = hook if not self.is_on(hook.name) else self._sent.get(hook.name, hook)
        self._context.send(TryUserHook(hook))

    def go_live(self, hook: WrittenHook) -> None:
        """Put it on, or exchange what is on."""
        self._sent[hook.name] = hook
        self._put = hook.name, self.book.changed.get(hook.name), time.monotonic()
        self._context.send(PutUserHookOn(hook))

    def take_off(self, hook: WrittenHook) -> None:
        """Take it off."""
        self._context.send(RemoveUserHook(hook.name))

    def set_field(self, hook: WrittenHook, name: str, value: Argument) -> None:
        """A field was edited: at once where it is live."""
        self._drafts.set_arguments(hook.name, {**hook.arguments, name: value})
        if self.is_on(hook.name):
            self._context.send(SetUserHookArguments(hook.name, {name: value}))

    def interrupt(self) -> None:
        """End the code that runs now."""
        self._context.send(InterruptCode())

    def ask_for_words(self, hook: WrittenHook) -> None:
        """Once for each place: the names that are offered while one types."""
        key = hook.kind, hook.fqn
        if key not in self._words_asked and self._context.store.model is not None:
            self._words_asked.add(key)
            self._context.send(NameUserHookWords(hook.kind, hook.fqn))

    def forget_words(self) -> None:
        """The model is another one."""
        self._words_asked.clear()

    def runs_code(self, store: StoreView) -> bool:
        """A dry run goes on, or a hook is live in a run that goes on."""
        is_live = any(changed.state in _ON for changed in self.book.changed.values())
        return self._awaits_answer or bool(self.book.trying) or (is_live and store.run.state is RunState.RUNNING)

    def may_be_stuck(self, store: StoreView) -> bool:
        """A dry run goes on, or a run with a live hook has made no step for two seconds."""
        now_s = time.monotonic()
        if store.last_step != self._step_seen[0] or store.run.state is not RunState.RUNNING:
            self._step_seen = store.last_step, now_s
        has_some_on = any(changed.state in _ON for changed in self.book.changed.values())
        is_trying = any(not trying.reason for trying in self.book.trying.values())
        is_late = self._awaits_answer and self._put is not None and now_s - self._put[2] > _STUCK_S
        return is_trying or is_late or (has_some_on and now_s - self._step_seen[1] > _STUCK_S)

    @property
    def _awaits_answer(self) -> bool:
        """A hook is to go live, and its code may be running, whose top level may never end."""
        if self._put is not None and self.book.changed.get(self._put[0]) is not self._put[1]:
            self._put = None
        return self._put is not None


def _text_of(hook: WrittenHook) -> tuple[object, ...]:
    return hook.kind, hook.fqn, hook.code, hook.with_kwargs, hook.always_call
