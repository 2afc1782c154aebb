"""What is raised inside the training thread when code in it must end and does not come to its end by itself."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class TrainingInterrupted(BaseException):
    """Asked for from outside. Not an Exception, as KeyboardInterrupt is none: ``except Exception`` lets it pass."""


class CodeInterrupted(BaseException):
    """A person has asked to end code that they wrote in the window; training goes on."""

    def __str__(self) -> str:
        return "You interrupted it."


class Interruptible:
    """Which code of a person's own runs now, a console's cell or a hook, so that it can be ended from outside.

    Any thread may ask: the window's does. ``CodeInterrupted`` is raised in that code only, and once: it comes out of
    ``run``, or not at all where the code ended before it came. Code that waits in C++ gets it when Python runs again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[int] = []  # threads; a cell may call a module that has a hook
        self._is_asked = False

    @property
    def is_running(self) -> bool:
        """Code of a person's runs now."""
        return bool(self._running)

    def run(self, code: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call code that may be interrupted.

        Raises:
            CodeInterrupted: It was.
            BaseException: What it raises itself.
        """
        n_outside = len(self._running)
        with self._lock:
            self._running.append(threading.get_ident())
        try:
            return code(*args, **kwargs)
        finally:
            try:
                self._end(n_outside)
            except CodeInterrupted:  # at the last moment; only one comes
                self._end(n_outside)

    def interrupt(self) -> bool:
        """End the code that runs now, the innermost; False where none does."""
        with self._lock:
            if not self._running or self._is_asked:
                return bool(self._running)
            self._is_asked = True
            _raise_in(self._running[-1], ctypes.py_object(CodeInterrupted))
            return True

    def _end(self, n_outside: int) -> None:
        with self._lock:
            if len(self._running) > n_outside:
                _raise_in(self._running[-1], None)
                self._is_asked = False
                del self._running[n_outside:]


def _raise_in(thread_id: int, error: ctypes.py_object[type[BaseException]] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), error)
