"""The console: code that a person runs at the safe point, and what it prints."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class OutputKind(StrEnum):
    """Where a piece of a console's text comes from."""

    INPUT = "input"  # the cell's own code
    STDOUT = "stdout"
    STDERR = "stderr"
    RESULT = "result"  # what an expression gave
    TRACEBACK = "traceback"
    NOTE = "note"  # said by moduleview


class CellOutcome(StrEnum):
    """How a cell ended."""

    DONE = "done"
    RAISED = "raised"
    INTERRUPTED = "interrupted"
    WITHDRAWN = "withdrawn"  # interrupted before it began: it did not run


class OutputPart(msgspec.Struct, frozen=True):
    """Text of one kind; a carriage return goes back to the beginning of the line, as in a terminal."""

    kind: OutputKind
    text: str


class RunCell(msgspec.Struct, frozen=True, tag=True):
    """Run a cell at the safe point.

    Attributes:
        cell: Its number; counts up for as long as the window lives.
        code: Python, one statement or many.
        fqn: The module that is called ``module`` in it; None for none.
    """

    cell: int
    code: str
    fqn: str | None = None


class CompleteCode(msgspec.Struct, frozen=True, tag=True):
    """Ask for the names that may stand at the end of ``code``.

    Attributes:
        request: Comes back with the answer; answers to earlier requests are stale.
        code: The line up to the cursor.
        fqn: The module that is called ``module``; None for none.
    """

    request: int
    code: str
    fqn: str | None = None


class CellStarted(msgspec.Struct, frozen=True, tag=True):
    """A cell begins to run.

    Attributes:
        step: Steps done so far.
    """

    cell: int
    code: str
    step: int


class CellPrinted(msgspec.Struct, frozen=True, tag=True):
    """Text that a cell gave, in order; at most 20 a second, and bounded for the cell as a whole."""

    cell: int
    parts: tuple[OutputPart, ...]


class CellEnded(msgspec.Struct, frozen=True, tag=True):
    """A cell is over, and all of its text was sent.

    Attributes:
        duration_s: That training waited for it.
    """

    cell: int
    outcome: CellOutcome
    duration_s: float


class CodeCompleted(msgspec.Struct, frozen=True, tag=True):
    """The names that may stand at the end of the code that was asked about, the likelier first."""

    request: int
    names: tuple[str, ...]


class NamesRebound(msgspec.Struct, frozen=True, tag=True):
    """A new run began: ``model`` and ``task`` are the new ones, other names are as they were.

    Attributes:
        n_kept: Names that the person made.
    """

    n_kept: int


ConsoleCommand = RunCell | CompleteCode
ConsoleRecord = CellStarted | CellPrinted | CellEnded | CodeCompleted | NamesRebound
