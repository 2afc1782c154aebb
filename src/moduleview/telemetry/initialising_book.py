"""What initialisers would change, as it was asked for last."""

from __future__ import annotations

from moduleview.telemetry.book import Book
from moduleview.telemetry.initialising_messages import InitialisingRecord


class InitialisingBook(Book[InitialisingRecord]):
    """See ``Book``."""

    def clear(self) -> None:
        """Begin empty."""
        self.records: list[InitialisingRecord] = []

    def keep(self, record: InitialisingRecord) -> None:
        """The newest last."""
        self.records.append(record)
