"""The journal of what was changed in the run, and in the runs before it."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

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
N_RUNS_BEFORE = 20
_N_ANSWERS = 64
_FROM_FUTURE = re.compile("^from __future__ import .*\n", re.MULTILINE)


@dataclass(frozen=True)
class JournaledRun:
    """What was changed in one run.

    Attributes:
        entries: Of the journal, the oldest first, as they were last.
        lines: All that was done, in order.
    """

    entries: tuple[ChangeJournaled, ...] = ()
    lines: tuple[JournalLine, ...] = ()

    def script(self) -> str:
        """Python that does to ``model`` and ``optimizer`` all that was done, each with the step before which it was."""
        body = "\n".join(f"# before step {line.step}: {line.what}\n{line.python}\n" for line in self.lines)
        first = "".join(dict.fromkeys(_FROM_FUTURE.findall(body)))  # a hook of a person's own may have some
        return f"{first}import torch\nfrom torch import nn\n\n{_FROM_FUTURE.sub('', body)}"


class ChangesBook(Book[ChangesRecord]):
    """See ``Book``.

    Attributes:
        kinds: What can be changed here.
        entries: Of the journal, by number, the oldest first.
        lines: All that was done, in order.
        rings: Of the alarms, the last 10 000, oldest first.
        prepared: The newest answer to an opened form.
        answers: The newest answers to requests, by number.
        runs_before: Of the same target, the newest first, at most 20.
        generation: Grows when the journal begins anew: its numbers mean other entries then.
    """

    generation = 0
    runs_before: tuple[JournaledRun, ...] = ()

    def forget(self) -> None:
        """The run begins anew."""
        if self.entries:
            self.runs_before = (self.now, *self.runs_before)[:N_RUNS_BEFORE]
        super().forget()

    def forget_runs(self) -> None:
        """Another target is open, or none: what was changed in runs of the one before means nothing here."""
        self.runs_before = ()
        self.revision += 1

    @property
    def now(self) -> JournaledRun:
        """This run, as it is."""
        return JournaledRun(tuple(self.entries.values()), tuple(self.lines))

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
