"""The hooks that a person wrote."""

from __future__ import annotations

from moduleview.telemetry.book import Book
from moduleview.telemetry.user_hooks_messages import UserHooksRecord


class UserHooksBook(Book[UserHooksRecord]):
    """See ``Book``."""

    def clear(self) -> None:
        """Begin empty."""
        self.records: list[UserHooksRecord] = []

    def keep(self, record: UserHooksRecord) -> None:
        """The newest last."""
        self.records.append(record)
