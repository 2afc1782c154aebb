"""The journal of what was changed in the run."""

from __future__ import annotations

from moduleview.telemetry.book import Book
from moduleview.telemetry.changes_messages import ChangesRecord


class ChangesBook(Book[ChangesRecord]):
    """See ``Book``."""

    def clear(self) -> None:
        """Begin empty."""
        self.records: list[ChangesRecord] = []

    def keep(self, record: ChangesRecord) -> None:
        """The newest last."""
        self.records.append(record)
