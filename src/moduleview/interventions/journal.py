"""What was changed in the run, when, and the Python that does the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from moduleview.interventions.alarm_watch import AlarmWatch
from moduleview.interventions.base import Intervention, InterventionError, LiveRun
from moduleview.interventions.gradient_changes import GradientChanges
from moduleview.interventions.optimizer_groups import which_optimizers
from moduleview.telemetry.changes_messages import ChangeJournaled, EntryState, JournalLine
from moduleview.telemetry.records import LogLine, Record


@dataclass(eq=False)
class _Entry:
    """One entry: what is done, and the newest that was said of it."""

    intervention: Intervention
    said: ChangeJournaled


class Journal:
    """Makes interventions, takes them back in any order, and writes all of it down. Training thread only.

    Attributes:
        gradients: What is done to gradients in each step.
        alarms: The thresholds that stand.

    Args:
        put: Takes the records, and the lines of the stream "journal".
    """

    def __init__(self, put: Callable[[Record], None]) -> None:
        self._put = put
        self._entries: dict[int, _Entry] = {}
        self._standing: list[int] = []  # in the order in which they were made, or made again
        self.gradients = GradientChanges()
        self.alarms = AlarmWatch()

    @property
    def standing(self) -> list[Intervention]:
        """What stands, in the order in which it was made."""
        return [self._entries[number].intervention for number in self._standing]

    def apply(self, intervention: Intervention, run: LiveRun, step: int) -> int:
        """Make a change; the opposite of one that still stands takes that one back instead.

        Args:
            intervention: What to do.
            run: To what.
            step: Steps done so far.

        Returns:
            The number of its entry, or of that which it took back.

        Raises:
            InterventionError: It cannot be done; nothing was changed.
        """
        for number in reversed(self._standing):
            if self._entries[number].intervention.is_undone_by(intervention):
                self.take_back(number, run, step)
                return number
        intervention.number = len(self._entries) + 1
        python = _with_definitions(run, intervention.apply(self._own(run)))
        said = ChangeJournaled(
            intervention.number, step, str(intervention), python, fqn=intervention.fqn, time_s=time.time()
        )
        self._entries[said.entry] = _Entry(intervention, said)
        self._stand(said, str(intervention))
        return said.entry

    def take_back(self, number: int, run: LiveRun, step: int) -> Intervention:
        """Undo one entry; those made after it stand.

        Args:
            number: Of the entry.
            run: To what it was done.
            step: Steps done so far.

        Returns:
            What was undone.

        Raises:
            InterventionError: It does not stand.
        """
        if number not in self._standing:
            raise InterventionError(f"Entry {number} of the journal does not stand. Choose one that does.")
        entry = self._entries[number]
        for later in self._standing[self._standing.index(number) + 1 :]:
            entry.intervention.pass_on(self._entries[later].intervention)
        python = _with_definitions(run, entry.intervention.undo(self._own(run)))
        self._standing.remove(number)
        self._say(replace_said(entry.said, EntryState.TAKEN_BACK, step))
        self._write(number, step, f"Undid: {entry.intervention}", python)
        return entry.intervention

    def make_again(self, number: int, run: LiveRun, step: int) -> Intervention:
        """Make an entry again that was taken back; what has been made since stands.

        Raises:
            InterventionError: It stands already, there is none of that number, or it cannot be made any more.
        """
        if number not in self._entries or number in self._standing:
            raise InterventionError(
                f"Entry {number} of the journal cannot be made again. Choose one that was taken back."
            )
        entry = self._entries[number]
        python = _with_definitions(run, entry.intervention.apply(self._own(run)))
        said = ChangeJournaled(
            number, step, str(entry.intervention), python, fqn=entry.intervention.fqn, time_s=time.time()
        )
        self._stand(said, f"Made again: {entry.intervention}")
        return entry.intervention

    def let_go(self, intervention: Intervention, step: int, why: str) -> None:
        """Something that stood is off without having been taken back: it failed, or what it changed is gone.

        Args:
            intervention: Which; nothing is said of one that does not stand.
            step: Steps done so far.
            why: A sentence.
        """
        if intervention.number in self._standing and self._entries[intervention.number].intervention is intervention:
            self._standing.remove(intervention.number)
            said = replace_said(self._entries[intervention.number].said, EntryState.LET_GO, step, why)
            self._say(said)
            self._write(intervention.number, step, f"Let go: {intervention}", f"# {why}")

    def look_at_notes(self) -> None:
        """Say what has changed of what a person has to know of the entries that stand."""
        for number in self._standing:
            entry = self._entries[number]
            if entry.intervention.note != entry.said.note:
                self._say(replace_said(entry.said, EntryState.STANDS, None, entry.intervention.note))

    def _own(self, run: LiveRun) -> LiveRun:
        return replace(run, gradients=self.gradients, alarms=self.alarms)

    def _stand(self, said: ChangeJournaled, what: str) -> None:
        self._standing.append(said.entry)
        self._say(replace_said(said, EntryState.STANDS, None, self._entries[said.entry].intervention.note))
        self._write(said.entry, said.step, what, said.python)

    def _say(self, said: ChangeJournaled) -> None:
        self._entries[said.entry].said = said
        self._put(said)

    def _write(self, number: int, step: int, what: str, python: str) -> None:
        self._put(JournalLine(number, step, what, python))
        first, *more = python.splitlines() or [""]
        shown = f"{first} ..." if more else first
        self._put(LogLine(time.time(), "journal", f"step {step}: {what}  |  {shown}"))


def _with_definitions(run: LiveRun, python: str) -> str:
    return which_optimizers(run, python) + python


def replace_said(
    said: ChangeJournaled, state: EntryState, ended_step: int | None, note: str | None = None
) -> ChangeJournaled:
    """The same entry in another state; None keeps the note."""
    return ChangeJournaled(
        said.entry,
        said.step,
        said.what,
        said.python,
        state,
        said.fqn,
        ended_step,
        said.time_s,
        said.note if note is None else note,
    )
