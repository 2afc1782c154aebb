"""What stands for ``sys.stdout``, ``sys.stderr``, ``sys.stdin`` and ``sys.displayhook`` while a cell runs."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

from moduleview.engine.console_output import CellOutput, LateOutput
from moduleview.telemetry.console_messages import OutputKind

_NO_KEYBOARD = "A cell has no keyboard: write the value into the code instead of asking for it with input()."
_NO_DEBUGGER = "A cell has no keyboard for a debugger: leave breakpoint() out, and print what you want to see."


class CellStreams:
    """One for each console. Training thread only."""

    def __init__(self) -> None:
        self._running: dict[OutputKind, _CellStream] = {}

    @contextmanager
    def of_cell(
        self,
        output: CellOutput,
        show: Callable[[object], None],
        late: Callable[[], Mapping[threading.Thread, LateOutput]],
    ) -> Iterator[None]:
        """What this thread, and threads that are started meanwhile, print goes to ``output``; other threads' does not.

        Args:
            output: Takes the text.
            show: Takes the values of expressions that stand alone.
            late: Is asked at the end for the threads that outlive the cell, and what takes their text from then on.
        """
        self._take_off(only_unused=True)
        others = frozenset(threading.enumerate()) - {threading.current_thread()}
        before = sys.stdout, sys.stderr, sys.stdin, sys.displayhook, sys.breakpointhook
        streams = (
            _CellStream(OutputKind.STDOUT, output, sys.stdout, others, self._running),
            _CellStream(OutputKind.STDERR, output, sys.stderr, others, self._running),
        )
        sys.stdout, sys.stderr = streams
        sys.stdin = _NoKeyboard(sys.stdin, others)
        sys.displayhook = show
        sys.breakpointhook = _refuse_debugger
        try:
            yield
        finally:
            self._running.clear()
            sys.stdout, sys.stderr, sys.stdin, sys.displayhook, sys.breakpointhook = before
            if outputs := late():
                sys.stdout, sys.stderr = (stream.keep_for(outputs) for stream in streams)

    def release(self) -> None:
        """Take off what stands there for threads that outlived their cell."""
        self._take_off(only_unused=False)

    def _take_off(self, *, only_unused: bool) -> None:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if isinstance(stream, _LateStream) and not (only_unused and stream.is_used):
                setattr(sys, name, stream.beneath)


def _refuse_debugger(*_arguments: object, **_named: object) -> None:
    raise EOFError(_NO_DEBUGGER)


class _OfSomeThreads(io.TextIOBase):
    """A stream that is another one for threads that were there before."""

    def __init__(self, beneath: TextIO | Any, others: frozenset[threading.Thread]) -> None:
        self._beneath = beneath
        self._others = others
        self._pid = os.getpid()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def close(self) -> None:
        """``exit()`` closes the keyboard before it raises; nothing is closed here."""

    def _is_other(self) -> bool:
        """Another thread asks, or a forked child, whose text nobody would take."""
        return threading.current_thread() in self._others or os.getpid() != self._pid


class _CellStream(_OfSomeThreads):
    """Whoever keeps it for longer than its cell (a logging handler does) prints into the cell that runs by then."""

    def __init__(
        self,
        kind: OutputKind,
        output: CellOutput,
        beneath: TextIO | Any,
        others: frozenset[threading.Thread],
        running: dict[OutputKind, _CellStream],
    ) -> None:
        super().__init__(beneath, others)
        self._kind = kind
        self._output = output
        self._running = running
        running[kind] = self

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        running = self._running.get(self._kind)
        if running is None or self._is_other():
            if self._beneath is not None:
                self._beneath.write(text)
        elif running is self:
            self._output.write(self._kind, text)
        else:
            running.write(text)
        return len(text)

    def flush(self) -> None:
        if self._beneath is not None and self._is_other():
            self._beneath.flush()

    def keep_for(self, outputs: Mapping[threading.Thread, LateOutput]) -> _LateStream:
        """What is to stand in its place, now that the cell is over."""
        if isinstance(self._beneath, _LateStream):  # of a cell before: one stands for both
            late = _LateStream(self._kind, {**self._beneath.outputs, **outputs}, self._beneath.beneath)
        else:
            late = _LateStream(self._kind, outputs, self._beneath)
        self._beneath = late
        return late


class _LateStream:
    """Keeps the text of threads that outlived their cell; everything else is the stream's beneath."""

    def __init__(self, kind: OutputKind, outputs: Mapping[threading.Thread, LateOutput], beneath: TextIO | Any) -> None:
        self.outputs = {thread: output for thread, output in outputs.items() if thread.is_alive()}
        self.beneath = beneath
        self._kind = kind
        self._pid = os.getpid()

    @property
    def is_used(self) -> bool:
        """One of the threads still runs."""
        return any(thread.is_alive() for thread in self.outputs)

    def write(self, text: str) -> int:
        output = self.outputs.get(threading.current_thread()) if os.getpid() == self._pid else None
        if output is not None:
            output.write(self._kind, text)
        elif self.beneath is not None:
            self.beneath.write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if self.beneath is not None:
            self.beneath.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self.beneath, name)


class _NoKeyboard(_OfSomeThreads):
    def readable(self) -> bool:
        return True

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
        if self._is_other() and self._beneath is not None:
            return str(self._beneath.readline(-1 if size is None else size))
        raise EOFError(_NO_KEYBOARD)

    def read(self, size: int | None = -1) -> str:
        if self._is_other() and self._beneath is not None:
            return str(self._beneath.read(-1 if size is None else size))
        raise EOFError(_NO_KEYBOARD)
