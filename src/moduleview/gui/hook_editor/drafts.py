"""The hooks that a person has written in this window, live or not; kept between two starts."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping

import msgspec
from PySide6.QtCore import QObject, Signal

from moduleview.telemetry.user_hook_arguments import kept_argument
from moduleview.telemetry.user_hook_code import MAXIMUM_CODE
from moduleview.telemetry.user_hook_templates import template_of
from moduleview.telemetry.user_hooks_messages import Argument, UserHookKind, WrittenHook

MAXIMUM_HOOKS = 100
_NAME = "hook_{0}"
_NUMBER = re.compile(r"hook_(\d+)")


class Drafts(QObject):
    """A list of texts; nothing of it runs here. GUI thread only."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._hooks: dict[str, WrittenHook] = {}
        self._n_made = 0

    @property
    def all(self) -> tuple[WrittenHook, ...]:
        """In the order in which they were begun."""
        return tuple(self._hooks.values())

    def get(self, name: str | None) -> WrittenHook | None:
        """One of them."""
        return self._hooks.get(name) if name is not None else None

    def add(self, kind: UserHookKind, fqn: str) -> WrittenHook | None:
        """Begin a hook with its kind's template; None where there are too many."""
        if len(self._hooks) >= MAXIMUM_HOOKS:
            return None
        self._n_made += 1
        hook = WrittenHook(_NAME.format(self._n_made), kind, fqn, template_of(kind))
        self._hooks[hook.name] = hook
        self.changed.emit()
        return hook

    def remove(self, name: str) -> None:
        """Throw one away."""
        if self._hooks.pop(name, None) is not None:
            self.changed.emit()

    def set_code(self, name: str, code: str) -> None:
        """What was typed."""
        self._replace(name, code=code)

    def set_fqn(self, name: str, fqn: str) -> None:
        """On what it goes."""
        self._replace(name, fqn=fqn)

    def set_arguments(self, name: str, arguments: Mapping[str, Argument]) -> None:
        """Values of its fields."""
        self._replace(name, arguments=dict(arguments))

    def set_kind(self, name: str, kind: UserHookKind) -> None:
        """Another kind; where nothing was written yet, with that kind's template."""
        hook = self._hooks[name]
        takes_kwargs = hook.with_kwargs and kind in (UserHookKind.FORWARD, UserHookKind.FORWARD_PRE)
        always = hook.always_call and kind is UserHookKind.FORWARD
        self._change_form(hook, msgspec.structs.replace(hook, kind=kind, with_kwargs=takes_kwargs, always_call=always))

    def set_options(self, name: str, *, with_kwargs: bool, always_call: bool) -> None:
        """Torch's options of forward hooks; where nothing was written yet, with the template for them."""
        hook = self._hooks[name]
        self._change_form(hook, msgspec.structs.replace(hook, with_kwargs=with_kwargs, always_call=always_call))

    def kept(self) -> str:
        """All of them, as text."""
        hooks = [msgspec.structs.replace(hook, arguments=_kept(hook.arguments)) for hook in self.all]
        return msgspec.json.encode(hooks).decode() if hooks else ""

    def restore(self, kept: str) -> None:
        """Take what ``kept`` gave; each that does not fit is left out, and nothing goes live."""
        for hook in _read(kept)[:MAXIMUM_HOOKS]:
            number = _NUMBER.fullmatch(hook.name)
            if number is not None and len(number[1]) < 10 and len(hook.code) <= MAXIMUM_CODE:
                self._hooks[hook.name] = hook
                self._n_made = max(self._n_made, int(number[1]))
        self.changed.emit()

    def _change_form(self, before: WrittenHook, after: WrittenHook) -> None:
        if before.code == template_of(before.kind, with_kwargs=before.with_kwargs):
            code = template_of(after.kind, with_kwargs=after.with_kwargs)
            after = msgspec.structs.replace(after, code=code, arguments={})
        self._take(after)

    def _replace(self, name: str, **changes: object) -> None:
        self._take(msgspec.structs.replace(self._hooks[name], **changes))

    def _take(self, hook: WrittenHook) -> None:
        name = hook.name
        if hook != self._hooks[name]:
            self._hooks[name] = hook
            self.changed.emit()


def _read(kept: str) -> list[WrittenHook]:
    """Those that can be read: another version may have kept some that cannot."""
    hooks = []
    with contextlib.suppress(msgspec.DecodeError, UnicodeError, RecursionError):
        for one in msgspec.json.decode(kept, type=list[msgspec.Raw]):
            with contextlib.suppress(msgspec.DecodeError, UnicodeError, RecursionError):
                hooks.append(msgspec.json.decode(one, type=WrittenHook))
    return hooks


def _kept(arguments: Mapping[str, Argument]) -> dict[str, Argument]:
    kept = ((name, kept_argument(value)) for name, value in arguments.items())
    return {name: value for name, value in kept if value is not None}
