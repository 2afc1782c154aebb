"""Hooks that a person writes in the window: what may be asked of them, and what they say."""

from __future__ import annotations

import msgspec


class RemoveUserHook(msgspec.Struct, frozen=True, tag=True):
    """Take a hook of a person's off."""

    name: str


class UserHookChanged(msgspec.Struct, frozen=True, tag=True):
    """How it stands with a hook of a person's."""

    name: str


UserHooksCommand = RemoveUserHook
UserHooksRecord = UserHookChanged
