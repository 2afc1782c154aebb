"""The console: runs a person's cells between two steps, and finds the names that they may type."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from types import UnionType
from typing import ClassVar, TypeVar, assert_never

from moduleview.engine.cell_run import CellRun
from moduleview.engine.console_changes import SHOWN_IN_PICTURE, RunMarks
from moduleview.engine.console_completion import names_for
from moduleview.engine.console_output import CellOutput, LateOutput
from moduleview.engine.console_streams import CellStreams
from moduleview.engine.forks import leave_if_forked
from moduleview.engine.interruption import CodeInterrupted
from moduleview.engine.services.base import LiveModel, Service
from moduleview.engine.thread_state import ThreadState
from moduleview.interventions.console_cell import ConsoleCell
from moduleview.introspect.error_words import error_words
from moduleview.introspect.lookup import module_at
from moduleview.introspect.time_limit import TookTooLong, time_limit
from moduleview.lab.lab_object import Lab
from moduleview.telemetry.console_messages import (
    CellEnded,
    CellOutcome,
    CellStarted,
    CodeCompleted,
    CompleteCode,
    ConsoleCommand,
    NamesRebound,
    OutputKind,
    RunCell,
)

_SHARES_MEMORY = (".data", "numpy", "storage")  # what is changed through them moves no version
T = TypeVar("T")
_OURS = "moduleview-"
_LONGEST_COMPLETION_S = 0.1  # a person types on; training waits for as long


class Console(Service[ConsoleCommand]):
    """Cells share one set of global names, which lasts as long as the target is open."""

    commands: ClassVar[type | UnionType] = ConsoleCommand

    def __init__(self, live: LiveModel) -> None:
        super().__init__(live)
        self._pid = os.getpid()
        self._lab = Lab(live.shelf, live.put)
        self._streams = CellStreams()

    def opened(self) -> None:
        """A new run: say that names stand for other things now."""
        place = self.live.console
        if place.n_cells:
            n_own = place.n_own_names()
            self._give_names(None)
            self.live.put(NamesRebound(n_own))

    def release(self) -> None:
        """Let the model go."""
        self._streams.release()
        self.live.console.let_go()

    def answer(self, command: ConsoleCommand) -> None:
        """See ``Service``."""
        match command:
            case RunCell():
                self._run(command)
            case CompleteCode():
                self._give_names(command.fqn)
                self.live.put(CodeCompleted(command.request, _names_in_time(command.code, self.live.console.names)))
            case _:
                assert_never(command)

    def _run(self, command: RunCell) -> None:
        if self.live.interruptible.was_asked_for(command.cell):
            self.live.put(CellEnded(command.cell, CellOutcome.WITHDRAWN, 0.0))
            return
        begin_s = time.perf_counter()
        self.live.put(CellStarted(command.cell, command.code, self.live.n_steps))
        output = CellOutput(command.cell, self.live.put)
        outcome = CellOutcome.INTERRUPTED
        try:
            output.begin()
            self.live.console.n_cells += 1
            self._give_names(command.fqn)
            if command.fqn and self.live.console.names["module"] is None and "module" in command.code:
                output.say(OutputKind.NOTE, f"module is None: the model has no {command.fqn} any more. Select another.")
            marks = _looked_at(lambda: RunMarks(self.live.run), output)
            outcome = self._run_guarded(CellRun(command, self.live.console, output), command.cell, output)
            if marks is not None:
                self._note_changes(command, marks, output)
        finally:
            output.end()
            self.live.put(CellEnded(command.cell, outcome, time.perf_counter() - begin_s))

    def _run_guarded(self, cell: CellRun, number: int, output: CellOutput) -> CellOutcome:
        """Run it where it can be interrupted, and put back what it leaves behind."""
        threads = {*threading.enumerate(), output.thread}
        own = self.live.console.own_meanings()
        state = ThreadState()
        with state, self._streams.of_cell(output, cell.show, lambda: self._late_outputs(threads, number)):
            try:
                self.live.interruptible.run_cell(number, cell.work)
            except CodeInterrupted:
                cell.outcome = CellOutcome.INTERRUPTED
        leave_if_forked(self._pid)
        self.live.interruptible.was_asked_for(number)
        self._say_what_stays(cell.outcome, state, len(_threads_since(threads)), output)
        self._say_names([name for name in self.live.console.own_meanings() if name not in own], output)
        return cell.outcome

    def _late_outputs(self, before: Collection[threading.Thread], cell: int) -> dict[threading.Thread, LateOutput]:
        return dict.fromkeys(_threads_since(before), LateOutput(cell, self.live.put))

    def _say_what_stays(self, outcome: CellOutcome, state: ThreadState, n_threads: int, output: CellOutput) -> None:
        n_lines = LateOutput.limits.n_lines
        for is_so, sentence in (
            (outcome is CellOutcome.INTERRUPTED, "Interrupted; what it had done so far stays."),
            (state.put_back, f"Put back, so that training goes on as before: {', '.join(state.put_back)}."),
            *((True, sentence) for sentence in state.changed),
            (
                n_threads,
                f"Threads that this cell started and that still run: {n_threads}. What they print comes here too, "
                f"at most {n_lines} lines.",
            ),
        ):
            if is_so:
                output.say(OutputKind.NOTE, sentence)

    def _say_names(self, names: Sequence[str], output: CellOutput) -> None:
        if names:
            them = " and ".join(names)
            stands = "stands" if len(names) == 1 else "stand"
            words = f"{them} {stands} for something of your own from now on. Write del {', '.join(names)}"
            output.say(OutputKind.NOTE, f"{words}, and the next cell has what the program gives again.")

    def _note_changes(self, command: RunCell, marks: RunMarks, output: CellOutput) -> None:
        changed = _looked_at(marks.changes, output)
        if changed is None:
            return
        if SHOWN_IN_PICTURE.intersection(changed):
            self.live.announce_change()
        if changed or (marks.may_miss and any(word in command.code for word in _SHARES_MEMORY)):
            entry = ConsoleCell(command.cell, command.code, changed)
            self.live.journal.apply(entry, self.live.run, self.live.n_steps)
        if changed:
            output.say(
                OutputKind.NOTE, f"Changed: {', '.join(changed)}. It stands in the journal and cannot be taken back."
            )

    def _give_names(self, fqn: str | None) -> None:
        place = self.live.console
        place.names.setdefault("__name__", "__console__")
        place.give("model", self.live.run.model)
        place.give("task", self.live.task)
        place.give("lab", self._lab)
        place.given["module"] = place.names["module"] = None if fqn is None else module_at(self.live.run.model, fqn)


def _names_in_time(line: str, names: Mapping[str, object]) -> tuple[str, ...]:
    """See ``names_for``; none where even to ask what an object is does not end, as with an odd ``__class__``."""
    try:
        with time_limit(_LONGEST_COMPLETION_S):
            return names_for(line, names)
    except TookTooLong:
        return ()


def _threads_since(before: Collection[threading.Thread]) -> set[threading.Thread]:
    """Those that a person's code started; our own may have been started meanwhile too."""
    return {thread for thread in set(threading.enumerate()).difference(before) if not thread.name.startswith(_OURS)}


def _looked_at(look: Callable[[], T], output: CellOutput) -> T | None:
    """What a look at the run gives; None where a cell broke it, which must not keep the next one from mending it."""
    try:
        return look()
    except Exception as error:
        output.say(
            OutputKind.NOTE, f"What this cell changes cannot be told: {type(error).__name__}: {error_words(error)}"
        )
        return None
