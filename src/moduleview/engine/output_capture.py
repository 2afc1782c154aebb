"""What the training thread prints becomes log lines; what other threads print goes where it went before."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import TextIO

from moduleview.telemetry.records import LogLine

_LINE_LENGTH = 2000  # characters; longer ones are cut: a progress bar without newlines must not grow for ever
_ROOM = 1024  # lines that wait in the inbox; beyond, lines are counted and left out, so that steps still fit


class OutputCapture:
    """Takes the place of ``sys.stdout`` and ``sys.stderr`` for one thread.

    A million printed lines cost their time in ``print`` and no memory: at most ``_ROOM`` lines wait to be shown, the
    others are counted, and the count is a line of its own once there is room.
    """

    def __init__(self, put: Callable[[LogLine], None], n_waiting: Callable[[], int]) -> None:
        """Make a capture that does nothing yet.

        Args:
            put: Takes the lines; never waits.
            n_waiting: How many records wait to be taken.
        """
        self._put = put
        self._n_waiting = n_waiting
        self._n_left_out = 0
        self._streams: list[tuple[str, _ThreadStream]] = []

    def start(self) -> None:
        """Capture what the calling thread prints from now on."""
        for name in ("stdout", "stderr"):
            stream = _ThreadStream(name, getattr(sys, name), threading.get_ident(), self._on_line)
            setattr(sys, name, stream)
            self._streams.append((name, stream))

    def stop(self) -> None:
        """Give the streams back; where another capture stands on ours, ours is taken out from under it."""
        for name, stream in self._streams:
            stream.release()
            _drop_released(name)
        self._streams.clear()
        self._say_what_was_left_out()

    def _on_line(self, stream: str, text: str) -> None:
        if self._n_waiting() >= _ROOM:
            self._n_left_out += 1
            return
        self._say_what_was_left_out()
        self._put(LogLine(time.time(), stream, text))

    def _say_what_was_left_out(self) -> None:
        if self._n_left_out:
            text = f"{self._n_left_out:,} printed lines were left out: they came faster than they can be shown."
            self._n_left_out = 0
            self._put(LogLine(time.time(), "moduleview", text))


def _drop_released(name: str) -> None:
    """Take released streams out of the chain in ``sys``.

    A model is opened before the one before it is let go, so that captures end in the order in which they began: each
    would stay for ever under the next one, and a thousand models later ``print`` would be a thousand calls deep.
    """
    stream = _below_released(getattr(sys, name))
    if stream is not getattr(sys, name):
        setattr(sys, name, stream)
    while isinstance(stream, _ThreadStream):
        stream.beneath = _below_released(stream.beneath)
        stream = stream.beneath


def _below_released(stream: TextIO | _ThreadStream | None) -> TextIO | _ThreadStream | None:
    while isinstance(stream, _ThreadStream) and stream.is_released:
        stream = stream.beneath
    return stream


class _ThreadStream:
    """A text stream that keeps the lines of one thread and hands everything else on.

    Everything but writing is the stream's beneath (``encoding``, ``fileno``, ``isatty``), which may be None: a program
    without a console has no ``sys.stdout``.
    """

    def __init__(
        self, name: str, beneath: TextIO | _ThreadStream | None, thread_id: int, on_line: Callable[[str, str], None]
    ) -> None:
        self.beneath = beneath
        self._name = name
        self._thread_id: int | None = thread_id
        self._pid = os.getpid()
        self._on_line = on_line
        self._begun: list[str] = []  # parts of a line whose end was not written yet
        self._n_begun = 0

    def write(self, text: str) -> int:
        if not self._is_captured():
            return self.beneath.write(text) if self.beneath is not None else len(text)
        self._begun.append(text)
        self._n_begun += len(text)
        if "\n" in text or "\r" in text or self._n_begun > _LINE_LENGTH:
            self._end_lines()
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        if self.beneath is not None and not self._is_captured():
            self.beneath.flush()

    def release(self) -> None:
        """Say what is left of a line, and pass everything on from now on."""
        self._thread_id = None
        self._begun.append("\n")
        self._end_lines()

    @property
    def is_released(self) -> bool:
        """It only passes on."""
        return self._thread_id is None

    def _is_captured(self) -> bool:
        """Our thread prints, and not its image in a forked worker, whose lines nobody would take."""
        return threading.get_ident() == self._thread_id and os.getpid() == self._pid

    def _end_lines(self) -> None:
        *lines, rest = "".join(self._begun).replace("\r", "\n").split("\n")
        if len(rest) > _LINE_LENGTH:
            lines.append(rest)
            rest = ""
        self._begun, self._n_begun = [rest], len(rest)
        for line in lines:
            if line:
                self._on_line(self._name, line[:_LINE_LENGTH])

    def __getattr__(self, name: str) -> object:
        return getattr(self.beneath, name)
