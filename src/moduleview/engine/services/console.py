"""The console: runs a person's cells between two steps, and finds the names that they may type."""

from __future__ import annotations

import os
import threading
import time
from types import UnionType
from typing import ClassVar, assert_never

from moduleview.engine.cell_run import CellRun
from moduleview.engine.console_changes import SHOWN_IN_PICTURE, RunMarks
from moduleview.engine.console_completion import names_for
from moduleview.engine.console_output import CellOutput
from moduleview.engine.console_streams import cell_streams
from moduleview.engine.forks import leave_if_forked
from moduleview.engine.interruption import CodeInterrupted
from moduleview.engine.services.base import LiveModel, Service
from moduleview.engine.thread_state import ThreadState
from moduleview.interventions.console_cell import ConsoleCell
from moduleview.introspect.lookup import module_at
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

_IN_PLACE = ".data"  # what is changed through it leaves no mark


class Console(Service[ConsoleCommand]):
    """Cells share one set of global names, which lasts as long as the target is open."""

    commands: ClassVar[type | UnionType] = ConsoleCommand

    def __init__(self, live: LiveModel) -> None:
        super().__init__(live)
        self._pid = os.getpid()
        self._lab = Lab(live.shelf, live.put)

    def opened(self) -> None:
        """A new run: say that names stand for other things now."""
        place = self.live.console
        if place.n_cells:
            n_own = place.n_own_names()
            self._give_names(None)
            self.live.put(NamesRebound(n_own))

    def release(self) -> None:
        """Let the model go."""
        self.live.console.let_go()

    def answer(self, command: ConsoleCommand) -> None:
        """See ``Service``."""
        match command:
            case RunCell():
                self._run(command)
            case CompleteCode():
                self._give_names(command.fqn)
                self.live.put(CodeCompleted(command.request, names_for(command.code, self.live.console.names)))
            case _:
                assert_never(command)

    def _run(self, command: RunCell) -> None:
        if self.live.interruptible.was_asked_for(command.cell):
            self.live.put(CellEnded(command.cell, CellOutcome.WITHDRAWN, 0.0))
            return
        begin_s = time.perf_counter()
        self.live.console.n_cells += 1
        self._give_names(command.fqn)
        self.live.put(CellStarted(command.cell, command.code, self.live.n_steps))
        marks = RunMarks(self.live.run)
        output = CellOutput(command.cell, self.live.put)
        output.begin()
        outcome = CellOutcome.INTERRUPTED
        try:
            outcome = self._run_guarded(CellRun(command, self.live.console, output), command.cell, output)
            self._note_changes(command, marks, output)
        finally:
            output.end()
            self.live.put(CellEnded(command.cell, outcome, time.perf_counter() - begin_s))

    def _run_guarded(self, cell: CellRun, number: int, output: CellOutput) -> CellOutcome:
        """Run it where it can be interrupted, and put back what it leaves behind."""
        threads = {*threading.enumerate(), output.thread}
        state = ThreadState()
        with state, cell_streams(output, cell.show):
            try:
                self.live.interruptible.run_cell(number, cell.work)
            except CodeInterrupted:
                cell.outcome = CellOutcome.INTERRUPTED
        leave_if_forked(self._pid)
        self.live.interruptible.was_asked_for(number)
        n_threads = len(set(threading.enumerate()) - threads)
        if cell.outcome is CellOutcome.INTERRUPTED:
            output.say(OutputKind.NOTE, "Interrupted; what it had done so far stays.")
        if state.put_back:
            output.say(OutputKind.NOTE, f"Put back, so that training goes on as before: {', '.join(state.put_back)}.")
        for sentence in state.changed:
            output.say(OutputKind.NOTE, sentence)
        if n_threads:
            output.say(OutputKind.NOTE, f"Threads that this cell started and that still run: {n_threads}.")
        return cell.outcome

    def _note_changes(self, command: RunCell, marks: RunMarks, output: CellOutput) -> None:
        changed = marks.changes()
        if SHOWN_IN_PICTURE.intersection(changed):
            self.live.announce_change()
        if changed or _IN_PLACE in command.code:
            entry = ConsoleCell(command.cell, command.code, changed or ["what .data holds"])
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
