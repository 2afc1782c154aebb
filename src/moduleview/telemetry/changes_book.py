"""The journal of what was changed in the run."""

from __future__ import annotations

from collections import deque

from moduleview.telemetry.book import Book
from moduleview.telemetry.changes_messages import (
    AlarmRang,
    ChangeAnswered,
    ChangeJournaled,
    ChangeKind,
    ChangePrepared,
    ChangesOffered,
    ChangesRecord,
    JournalLine,
)

N_RINGS = 10_000
_N_ANSWERS = 64


class ChangesBook(Book[ChangesRecord]):
    """See ``Book``.

    Attributes:
        kinds: What can be changed here.
        entries: Of the journal, by number, the oldest first.
        lines: All that was done, in order.
        rings: Of the alarms, the last 10 000, oldest first.
        prepared: The newest answer to an opened form.
        answers: The newest answers to requests, by number.
        generation: Grows when the journal begins anew: its numbers mean other entries then.
    """

    generation = 0

    def clear(self) -> None:
        """Begin empty."""
        self.kinds: tuple[ChangeKind, ...] = ()
        self.entries: dict[int, ChangeJournaled] = {}
        self.lines: list[JournalLine] = []
        self.rings: deque[AlarmRang] = deque(maxlen=N_RINGS)
        self.prepared: ChangePrepared | None = None
        self.answers: dict[int, ChangeAnswered] = {}
        self.generation += 1

    def keep(self, record: ChangesRecord) -> None:
        """Replace what is newer, append what comes after."""
        match record:
            case ChangeJournaled():
                self.entries[record.entry] = record
            case JournalLine():
                self.lines.append(record)
            case AlarmRang():
                self.rings.append(record)
            case ChangesOffered():
                self.kinds = record.kinds
            case ChangePrepared():
                self.prepared = record
            case ChangeAnswered():
                self.answers[record.request] = record
                while len(self.answers) > _N_ANSWERS:
                    self.answers.pop(next(iter(self.answers)))

    def script(self) -> str:
        """Python that does to ``model`` and ``optimizer`` all that was done, each with the step before which it was."""
        head = "import torch\nfrom torch import nn\n"
        return "\n".join([head, *(f"# before step {line.step}: {line.what}\n{line.python}\n" for line in self.lines)])
