"""What is raised inside the training thread when code in it must end and does not come to its end by itself.

``PyThreadState_SetAsyncExc`` marks a thread: at its next checkpoint between two bytecodes, or when the C call that it
is in returns, the exception is raised there, whatever runs by then. Raised too late, it would end a training step.

There is no lock: an exception that comes at any bytecode could leave one held, and the window would wait for it. Two
plain attributes do it, each written on one side only and read on the other; in ``_running`` each thread has a key:

==================================  ========================================
asking thread, ``interrupt``        thread that runs the code, ``run``
==================================  ========================================
..                                  ``_running`` names the code; it runs
1. ``_is_raising = True``           a. ``_running`` is what it was before
2. does ``_running`` name it?       b. wait until ``_is_raising`` is False
3. then: mark the thread            c. pass some checkpoints
4. ``_is_raising = False``          ..
==================================  ========================================

- Where 2 comes after a, nothing is marked.
- Where 2 comes before a, 1 came before b, so that b waits for 4, and 3 is done by then: it is raised at b or c.

After c nothing is pending, and nothing can come any more. From the code's last checkpoint to a there is none: a
``finally`` begins with it. From a on at most one exception is still to come, since a thread has room for one. The wait
in b is for the few lines from 1 to 4. That which closes the window is stronger: once it was sent, nothing else is.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
_N_CHECKPOINTS = 4  # one would do: each jump backwards is one


class TrainingInterrupted(BaseException):
    """Asked for from outside. Not an Exception, as KeyboardInterrupt is none: ``except Exception`` lets it pass."""


class CodeInterrupted(KeyboardInterrupt):
    """A person has asked to end code that they wrote in the window; training goes on.

    Code that catches Ctrl+C catches this.
    """

    def __str__(self) -> str:
        return "You interrupted it."


class Interruptible:
    """Which code of a person's own runs now, a console's cell or a hook, so that it can be ended from outside.

    One thread may ask: the window's. ``CodeInterrupted`` is raised in that code only: it comes out of ``run``, or not
    at all where the code ended before it came. Code that catches it may be interrupted again; code that waits in C++
    gets it when Python runs again. In a thread one piece of code may run inside another; autograd has a thread for each
    GPU, so that hooks may run side by side: then each thread's innermost is ended.
    """

    def __init__(self) -> None:
        self._running: dict[int, tuple[int, ...]] = {}  # by thread, the innermost last; a cell's number, 0 for a hook
        self._is_raising = False  # written by the asking thread only, as all below
        self._is_closed = False
        self._asked_cells: set[int] = set()

    @property
    def is_running(self) -> bool:
        """Code of a person's runs now."""
        return any(list(self._running.values()))

    def run(self, code: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call code that may be interrupted.

        Raises:
            CodeInterrupted: It was.
            BaseException: What it raises itself.
        """
        return self._run(0, code, *args, **kwargs)

    def run_cell(self, cell: int, code: Callable[[], R]) -> R:
        """As ``run``, for a console's cell; cells are counted from 1."""
        return self._run(cell, code)

    def interrupt(self, cell: int = 0) -> bool:
        """End the code that runs now, the innermost of each thread; False where none does.

        Args:
            cell: Only where this cell runs; where it has not begun, ``was_asked_for`` will say so. 0 for any code.
        """
        if self._is_closed:
            return False
        if cell:
            self._asked_cells.add(cell)
        self._is_raising = True
        try:
            running = {thread_id: codes for thread_id, codes in list(self._running.items()) if codes}
            if not running or (cell and not any(cell in codes for codes in running.values())):
                return False
            for thread_id in running:
                raise_in_thread(thread_id, CodeInterrupted)
            return True
        finally:
            self._is_raising = False

    def close(self) -> None:
        """The thread is about to be told to end: nothing else is raised in it from now on."""
        self._is_closed = True

    def was_asked_for(self, cell: int) -> bool:
        """A cell was to be interrupted before it began, or while it ran; it is forgotten now."""
        was_asked = cell in self._asked_cells
        self._asked_cells.discard(cell)
        return was_asked

    def _run(self, cell: int, code: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        thread_id = threading.get_ident()
        outside = self._running.get(thread_id, ())
        try:
            try:
                self._running[thread_id] = (*outside, cell)
                return code(*args, **kwargs)
            finally:
                self._running[thread_id] = outside  # the first bytecodes after the code; none of them is a checkpoint
        finally:
            self._let_last_one_come()

    def _let_last_one_come(self) -> None:
        while self._is_raising:
            time.sleep(0)  # lets go of the GIL
        for _ in range(_N_CHECKPOINTS):
            pass


def raise_in_thread(thread_id: int, error: type[BaseException]) -> None:
    """Let a thread of this process raise ``error`` as soon as it runs Python again."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(error))
