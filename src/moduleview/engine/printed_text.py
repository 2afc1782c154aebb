"""What this thread prints meanwhile, its beginning, as one text."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO

_ROOM = 4_000  # characters


class PrintedText:
    """Keeps the first 4 000 characters, and says that there were more."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._left = _ROOM
        self._n_left_out = 0

    @property
    def text(self) -> str:
        """What was printed."""
        more = f"\n... {self._n_left_out:,} characters more were printed." if self._n_left_out else ""
        return "".join(self._parts) + more

    @contextmanager
    def capture(self) -> Iterator[None]:
        """Inside, what this thread prints comes here; other threads' goes where it went."""
        with (
            redirect_stdout(_Stream(self, sys.stdout)),
            redirect_stderr(_Stream(self, sys.stderr)),
        ):
            yield

    def add(self, text: str) -> None:
        """Keep some more, as long as there is room."""
        kept = text[: self._left]
        self._left -= len(kept)
        self._n_left_out += len(text) - len(kept)
        if kept:
            self._parts.append(kept)


class _Stream(io.TextIOBase):
    def __init__(self, printed: PrintedText, beneath: TextIO | None) -> None:
        self._printed, self._beneath = printed, beneath
        self._thread_id = threading.get_ident()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if threading.get_ident() == self._thread_id:
            self._printed.add(text)
        elif self._beneath is not None:
            self._beneath.write(text)
        return len(text)
