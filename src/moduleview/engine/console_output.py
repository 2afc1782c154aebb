"""The text of one cell on its way to the window: in few records, and never more than a bound."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from moduleview.telemetry.console_messages import CellPrinted, OutputKind, OutputPart

_PERIOD_S = 0.05  # 20 records a second


@dataclass(frozen=True)
class OutputLimits:
    """How much text one cell may give, and how long its lines may be."""

    n_characters: int = 200_000
    n_lines: int = 2_000
    line_length: int = 2_000


class CellOutput:
    """Takes text from the threads of a cell, and sends it from a thread of its own, 20 times a second.

    Writing never waits and takes no lock, since an interrupt may come at any of its lines. What waits is bounded by
    what a cell may give at all; beyond that text is counted only. A progress bar, which goes back to the beginning of
    its line again and again, is sent as it looks now, and costs nothing of the bound.

    Args:
        cell: Number of the cell.
        put: Takes the records.
        limits: Bounds.
    """

    def __init__(self, cell: int, put: Callable[[CellPrinted], None], limits: OutputLimits | None = None) -> None:
        self._cell = cell
        self._put = put
        self._limits = limits or OutputLimits()
        self._waiting: deque[OutputPart] = deque()
        self._bars: dict[OutputKind, str] = {}
        self._characters_left = self._limits.n_characters
        self._lines_left = self._limits.n_lines
        self._left_out = [0, 0]  # characters and lines
        self._columns: dict[OutputKind, int] = {}
        self._is_over = threading.Event()
        self._writer = threading.current_thread()
        self._thread = threading.Thread(target=self._send_often, name="moduleview-console", daemon=True)

    @property
    def thread(self) -> threading.Thread:
        """That sends."""
        return self._thread

    def begin(self) -> None:
        """Send from now on."""
        self._thread.start()

    def write(self, kind: OutputKind, text: str) -> None:
        """Take text of a cell."""
        if "\r" in text and "\n" not in text and len(text) <= self._limits.line_length:
            self._bars[kind] = text
            return
        self._end_bar(kind)
        n_lines = text.count("\n")
        if len(text) <= self._characters_left and n_lines <= self._lines_left:
            self._characters_left -= len(text)
            self._lines_left -= n_lines
            self._waiting.append(OutputPart(kind, text))
        else:
            self._cut(kind, text)

    def say(self, kind: OutputKind, text: str) -> None:
        """Say something that is no part of what is bounded: a traceback, a note. Ends with a line's end."""
        self._waiting.append(OutputPart(kind, text if text.endswith("\n") else text + "\n"))

    def end(self) -> None:
        """Send what is left; nothing is sent after that."""
        self._is_over.set()
        if self._thread.ident is not None:
            self._thread.join()
        for kind in tuple(self._bars):
            self._end_bar(kind)
        characters, lines = self._left_out
        if characters:
            self.say(OutputKind.NOTE, f"Left out: {characters:,} more characters in {lines:,} lines.")
        self.send()

    def send(self) -> None:
        """Send what waits: in the sending thread, and in the writing one when that is over."""
        parts: list[OutputPart] = []
        texts: list[str] = []
        for part in self._taken():
            if parts and parts[-1].kind is not part.kind:
                parts[-1] = OutputPart(parts[-1].kind, "".join(texts))
                texts.clear()
            if not texts:
                parts.append(part)
            texts.append(self._wrapped(part))
        if parts:
            parts[-1] = OutputPart(parts[-1].kind, "".join(texts))
            self._put(CellPrinted(self._cell, tuple(parts)))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _end_bar(self, kind: OutputKind) -> None:
        bar = self._bars.pop(kind, None)
        if bar is not None:
            self._waiting.append(OutputPart(kind, bar))

    def _cut(self, kind: OutputKind, text: str) -> None:
        if not self._left_out[0]:
            lines = text[: self._characters_left].splitlines(keepends=True)[: self._lines_left]
            kept = "".join(lines)
            if kept:
                self._waiting.append(OutputPart(kind, kept))
            limits = self._limits
            has_too_many_lines = text.count("\n") > self._lines_left
            where = f"{limits.n_lines:,} lines" if has_too_many_lines else f"{limits.n_characters:,} characters"
            self.say(OutputKind.NOTE, f"... cut at {where}; what the cell prints from here on is left out.")
            self._characters_left = self._lines_left = -1
            self._left_out[0] -= len(kept)
            self._left_out[1] -= kept.count("\n")
        self._left_out[0] += len(text)  # a gigabyte of it is not copied to be counted
        self._left_out[1] += text.count("\n")

    def _send_often(self) -> None:
        while not self._is_over.wait(_PERIOD_S) and self._writer.is_alive():
            self.send()

    def _taken(self) -> list[OutputPart]:
        taken = [self._waiting.popleft() for _ in range(len(self._waiting))]  # only one thread takes at a time
        if not taken:
            taken = [OutputPart(kind, bar) for kind in tuple(self._bars) if (bar := self._bars.pop(kind, None))]
        return taken

    def _wrapped(self, part: OutputPart) -> str:
        """Long lines in pieces: a line without an end is slow to draw."""
        length, column = self._limits.line_length, self._columns.get(part.kind, 0)
        pieces: list[str] = []
        for n_before, line in enumerate(part.text.split("\n")):
            column = 0 if n_before else column
            begin = 0
            while len(line) - begin > length - column:
                pieces.append(line[begin : begin + length - column])
                begin, column = begin + length - column, 0
            pieces.append(line[begin:])
            column += len(line) - begin
        self._columns[part.kind] = len(pieces[-1].rpartition("\r")[2]) if "\r" in pieces[-1] else column
        return "\n".join(pieces)


class LateOutput:
    """The text of threads that outlive their cell: sent by whichever of them ends a line, and bounded more tightly.

    Args:
        cell: That started them.
        put: Takes the records.
    """

    limits: ClassVar[OutputLimits] = OutputLimits(n_characters=20_000, n_lines=200)

    def __init__(self, cell: int, put: Callable[[CellPrinted], None]) -> None:
        self._output = CellOutput(cell, put, self.limits)
        self._one_at_a_time = threading.Lock()  # no interrupt comes to these threads

    def write(self, kind: OutputKind, text: str) -> None:
        """Take text of one of the threads."""
        with self._one_at_a_time:
            self._output.write(kind, text)
            if "\n" in text:
                self._output.send()
