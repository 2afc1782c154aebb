"""What is known of the insides of modules."""

from __future__ import annotations

from moduleview.telemetry.book import Book
from moduleview.telemetry.internals_messages import InternalsRecord


class InternalsBook(Book[InternalsRecord]):
    """See ``Book``."""

    def clear(self) -> None:
        """Begin empty."""
        self.records: list[InternalsRecord] = []

    def keep(self, record: InternalsRecord) -> None:
        """The newest last."""
        self.records.append(record)
