"""What the console has printed."""

from __future__ import annotations

from moduleview.telemetry.book import Book
from moduleview.telemetry.console_messages import ConsoleRecord


class ConsoleBook(Book[ConsoleRecord]):
    """See ``Book``."""

    def clear(self) -> None:
        """Begin empty."""
        self.records: list[ConsoleRecord] = []

    def keep(self, record: ConsoleRecord) -> None:
        """The newest last."""
        self.records.append(record)
