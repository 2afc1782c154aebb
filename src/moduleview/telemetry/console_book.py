"""What the console has printed."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import assert_never

import msgspec

from moduleview.telemetry.book import Book
from moduleview.telemetry.console_messages import (
    CellEnded,
    CellOutcome,
    CellPrinted,
    CellStarted,
    CodeCompleted,
    ConsoleRecord,
    NamesRebound,
    OutputKind,
    OutputPart,
)

MAXIMUM_CHARACTERS = 1_000_000  # of the text that is kept, all cells together; the oldest goes first
MAXIMUM_PIECES = 10_000


class Piece(msgspec.Struct, frozen=True):
    """Text in the order in which it came.

    Attributes:
        cell: That it belongs to; 0 for what is between two.
    """

    cell: int
    part: OutputPart


class ConsoleBook(Book[ConsoleRecord]):
    """The text of a console, which outlives the model, and what runs now. See ``Book``.

    Attributes:
        running: The cell that runs now, or None.
        ended: The last one that ended, or None.
        completed: The last answer about names, or None.
        n_models: Grows when another model is open: what was on its way to the one before is lost.
        n_taken: Pieces that were ever kept; the newest of ``pieces`` has this number.
    """

    def __init__(self) -> None:
        self.n_taken = 0
        self._pieces: deque[Piece] = deque()
        self._n_characters = 0
        self.n_models = 0
        self._is_of_another_model = False
        super().__init__()

    def clear(self) -> None:
        """Another model: what was said stays to be read, nothing of the other model runs any more."""
        self.n_models += 1
        self.running: CellStarted | None = None
        self.ended: CellEnded | None = None
        self.completed: CodeCompleted | None = None
        self._is_of_another_model = bool(self._pieces)

    def since(self, n_seen: int) -> Sequence[Piece]:
        """The pieces that came after the first ``n_seen``, as far as they are kept."""
        n_new = min(self.n_taken - n_seen, len(self._pieces))
        return list(islice(self._pieces, len(self._pieces) - n_new, None)) if n_new > 0 else ()

    def keep(self, record: ConsoleRecord) -> None:
        """See ``Book``."""
        match record:
            case CellStarted():
                if self._is_of_another_model:
                    self._note(0, "Another model is open now: names that were made before are gone.")
                self._is_of_another_model = False
                self.running = record
                self._add(record.cell, OutputPart(OutputKind.INPUT, record.code))
            case CellPrinted():
                for part in record.parts:
                    self._add(record.cell, part)
            case CellEnded():
                self.running, self.ended = None, record
                if record.outcome is CellOutcome.WITHDRAWN:
                    self._note(record.cell, f"Cell {record.cell} was taken back before it began.")
            case CodeCompleted():
                self.completed = record
            case NamesRebound():
                self._is_of_another_model = False
                own = "name" if record.n_kept == 1 else "names"
                kept = f"; {record.n_kept} {own} of your own stayed" if record.n_kept else ""
                self._note(0, f"A new run began: model and task are the new ones{kept}.")
            case _:
                assert_never(record)

    def _note(self, cell: int, text: str) -> None:
        self._add(cell, OutputPart(OutputKind.NOTE, text))

    def _add(self, cell: int, part: OutputPart) -> None:
        self._pieces.append(Piece(cell, part))
        self.n_taken += 1
        self._n_characters += len(part.text)
        while len(self._pieces) > MAXIMUM_PIECES or (self._n_characters > MAXIMUM_CHARACTERS and len(self._pieces) > 1):
            self._n_characters -= len(self._pieces.popleft().part.text)
