"""The frozen copies of tensors, and what was asked about them."""

from __future__ import annotations

from moduleview.telemetry.book import Book
from moduleview.telemetry.lab_messages import LabRecord


class LabBook(Book[LabRecord]):
    """See ``Book``."""

    def clear(self) -> None:
        """Begin empty."""
        self.records: list[LabRecord] = []

    def keep(self, record: LabRecord) -> None:
        """The newest last."""
        self.records.append(record)
