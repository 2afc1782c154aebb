"""The books of the store, one a topic, and which record goes into which."""

from __future__ import annotations

from typing import assert_never

from moduleview.telemetry.changes_book import ChangesBook
from moduleview.telemetry.changes_messages import ChangesRecord
from moduleview.telemetry.console_book import ConsoleBook
from moduleview.telemetry.console_messages import ConsoleRecord
from moduleview.telemetry.initialising_book import InitialisingBook
from moduleview.telemetry.initialising_messages import InitialisingRecord
from moduleview.telemetry.internals_book import InternalsBook
from moduleview.telemetry.internals_messages import InternalsRecord
from moduleview.telemetry.lab_book import LabBook
from moduleview.telemetry.lab_messages import LabRecord
from moduleview.telemetry.user_hooks_book import UserHooksBook
from moduleview.telemetry.user_hooks_messages import UserHooksRecord

TopicRecord = InternalsRecord | InitialisingRecord | ChangesRecord | UserHooksRecord | LabRecord | ConsoleRecord
"""All records that a book takes."""


class Books:
    """One book a topic. GUI thread only."""

    def __init__(self) -> None:
        self.internals = InternalsBook()
        self.initialising = InitialisingBook()
        self.changes = ChangesBook()
        self.user_hooks = UserHooksBook()
        self.lab = LabBook()
        self.console = ConsoleBook()

    def take(self, record: TopicRecord) -> None:
        """Give a record to the book of its topic."""
        if isinstance(record, InternalsRecord):
            self.internals.take(record)
        elif isinstance(record, InitialisingRecord):
            self.initialising.take(record)
        elif isinstance(record, ChangesRecord):
            self.changes.take(record)
        elif isinstance(record, UserHooksRecord):
            self.user_hooks.take(record)
        elif isinstance(record, LabRecord):
            self.lab.take(record)
        elif isinstance(record, ConsoleRecord):
            self.console.take(record)
        else:
            assert_never(record)

    def forget(self) -> None:
        """Another model was opened, or none is open any more."""
        for book in (self.internals, self.initialising, self.changes, self.user_hooks, self.lab, self.console):
            book.forget()
