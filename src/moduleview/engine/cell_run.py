"""Runs the statements of one cell, and puts into words what comes out of it."""

from __future__ import annotations

import traceback

from moduleview.engine.cell_code import compile_cell, future_flags
from moduleview.engine.cell_hints import hint_for
from moduleview.engine.console_output import CellOutput
from moduleview.engine.console_place import ConsolePlace
from moduleview.engine.console_repr import shown_value
from moduleview.engine.interruption import CodeInterrupted, TrainingInterrupted
from moduleview.introspect.user_traceback import user_traceback
from moduleview.telemetry.console_messages import CellOutcome, OutputKind, RunCell

_EXIT = "exit() ends nothing here, only the cell. Close the window to end the program."
_INTERRUPTED = f"{CodeInterrupted.__module__}.{CodeInterrupted.__qualname__}"


class CellRun:
    """One cell, from its text to its outcome. Training thread only; an interrupt may come at any line of ``work``.

    Attributes:
        outcome: How it ended; until then as if it had been interrupted.
    """

    def __init__(self, command: RunCell, place: ConsolePlace, output: CellOutput) -> None:
        self._command = command
        self._place = place
        self._output = output
        self.outcome = CellOutcome.INTERRUPTED

    def work(self) -> None:
        """Run the cell. What it raises is said and does not come out of here.

        Raises:
            CodeInterrupted: It was interrupted, and again while that was put into words.
            TrainingInterrupted: The window is closing.
        """
        try:
            self._run()
        except TrainingInterrupted:
            raise
        except SystemExit:
            self._output.say(OutputKind.NOTE, _EXIT)
            self.outcome = CellOutcome.RAISED
        except BaseException as error:
            self._say(error)
            if not isinstance(error, CodeInterrupted):
                self.outcome = CellOutcome.RAISED
        else:
            self.outcome = CellOutcome.DONE

    def show(self, value: object) -> None:
        """What ``sys.displayhook`` does: show what an expression gave, and remember it as ``_``."""
        if value is None:
            return
        self._place.names["_"] = None  # as Python does: a repr must not find the old one
        self._output.write(OutputKind.RESULT, shown_value(value) + "\n")
        self._place.names["_"] = value

    def _run(self) -> None:
        place, command = self._place, self._command
        for code in compile_cell(command.cell, command.code, place.flags):
            place.flags |= future_flags(code)
            exec(code, place.names)  # a person's own code, at their own wish

    def _say(self, error: BaseException) -> None:
        if isinstance(error, SyntaxError) and not _is_inside(error):
            text = "".join(traceback.format_exception_only(error))
        else:
            text = user_traceback(error)
        if isinstance(error, CodeInterrupted):
            text = text.replace(_INTERRUPTED, "KeyboardInterrupt")
        self._output.say(OutputKind.TRACEBACK, text)
        if isinstance(error, SyntaxError) and (hint := hint_for(error)):
            self._output.say(OutputKind.NOTE, hint)


def _is_inside(error: SyntaxError) -> bool:
    """It comes from code that the cell ran, an import for one, and not from the cell's own text."""
    return any(frame.filename.startswith("<cell ") for frame in traceback.extract_tb(error.__traceback__))
