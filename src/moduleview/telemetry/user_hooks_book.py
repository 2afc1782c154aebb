"""The hooks that a person wrote."""

from __future__ import annotations

from typing import assert_never

from moduleview.telemetry.book import Book
from moduleview.telemetry.user_hooks_messages import (
    UserHookChanged,
    UserHooksRecord,
    UserHookTried,
    UserHookTrying,
    UserHookWords,
)


class UserHooksBook(Book[UserHooksRecord]):
    """The newest that was said of each hook, by its name.

    Attributes:
        changed: How it stands with each.
        tried: The last dry run of each.
        trying: Those whose dry run was asked for and has not ended.
        words: The names that were asked for last.
    """

    def clear(self) -> None:
        """Begin empty."""
        self.changed: dict[str, UserHookChanged] = {}
        self.tried: dict[str, UserHookTried] = {}
        self.trying: dict[str, UserHookTrying] = {}
        self.words: UserHookWords | None = None

    def keep(self, record: UserHooksRecord) -> None:
        """The newest stands for all before it."""
        match record:
            case UserHookChanged():
                self.changed[record.name] = record
            case UserHookTrying():
                self.trying[record.name] = record
            case UserHookTried():
                self.trying.pop(record.name, None)
                self.tried[record.name] = record
            case UserHookWords():
                self.words = record
            case _:
                assert_never(record)
