"""Ctrl+C in the terminal, ``kill`` and a closed terminal close the window as a person would.

Python runs its signal handlers only when its own code runs, and Qt's loop sleeps in C++: 3.1 s late in a quiet
window. A socket that the signal writes to wakes the loop (0.3 s).
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP


class Interrupts(QObject):
    """Calls ``on_interrupt`` in Qt's loop when the system asks the program to end. Main thread only."""

    def __init__(self, on_interrupt: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._on_interrupt = on_interrupt
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._old_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
        self._old = {number: signal.signal(number, _wake_only) for number in self._numbers}
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_signal)

    def release(self) -> None:
        """Give the signals back as they were found."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._old_fd)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._reader.close()
        self._writer.close()

    def _on_signal(self) -> None:
        received = self._reader.recv(64)
        if any(number in self._numbers for number in received):
            self._on_interrupt()


def _wake_only(_number: int, _frame: FrameType | None) -> None:
    """Python must have a handler, else the signal ends the process; the socket does the work."""
