"""What stands for ``sys.stdout``, ``sys.stderr``, ``sys.stdin`` and ``sys.displayhook`` while a cell runs."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from moduleview.engine.console_output import CellOutput
from moduleview.telemetry.console_messages import OutputKind

_NO_KEYBOARD = "A cell has no keyboard: write the value into the code instead of asking for it with input()."
_NO_DEBUGGER = "A cell has no keyboard for a debugger: leave breakpoint() out, and print what you want to see."


@contextmanager
def cell_streams(output: CellOutput, show: Callable[[object], None]) -> Iterator[None]:
    """What this thread, and threads that are started meanwhile, print goes to ``output``; other threads' does not.

    Args:
        output: Takes the text.
        show: Takes the values of expressions that stand alone.
    """
    others = frozenset(threading.enumerate()) - {threading.current_thread()}
    before = sys.stdout, sys.stderr, sys.stdin, sys.displayhook, sys.breakpointhook
    sys.stdout = _CellStream(OutputKind.STDOUT, output, sys.stdout, others)
    sys.stderr = _CellStream(OutputKind.STDERR, output, sys.stderr, others)
    sys.stdin = _NoKeyboard(sys.stdin, others)
    sys.displayhook = show
    sys.breakpointhook = _refuse_debugger
    try:
        yield
    finally:
        sys.stdout, sys.stderr, sys.stdin, sys.displayhook, sys.breakpointhook = before


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
    def __init__(
        self, kind: OutputKind, output: CellOutput, beneath: TextIO | None, others: frozenset[threading.Thread]
    ) -> None:
        super().__init__(beneath, others)
        self._kind = kind
        self._output = output

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if not self._is_other():
            self._output.write(self._kind, text)
        elif self._beneath is not None:
            self._beneath.write(text)
        return len(text)

    def flush(self) -> None:
        if self._beneath is not None and self._is_other():
            self._beneath.flush()


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
