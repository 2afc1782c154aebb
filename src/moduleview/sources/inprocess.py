"""Trains in this process, on a thread of its own.

Importing this module imports no torch: the thread does, so that the window is there first.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable

from moduleview.engine.interruption import Interruptible, TrainingInterrupted, raise_in_thread
from moduleview.engine.lab_thread import LabThread
from moduleview.engine.output_capture import OutputCapture
from moduleview.sources.allocator import give_back_memory
from moduleview.sources.children import leave_at_once
from moduleview.telemetry.commands import Capability, Close, Command, InterruptCode, Run
from moduleview.telemetry.inbox import Inbox
from moduleview.telemetry.lab_messages import BenchCommand
from moduleview.telemetry.lab_tensors import CancelLab
from moduleview.telemetry.records import FailureReport, OpenFailed, Record

INTERRUPT_AFTER_S = 2.0  # a step that is not over by then is interrupted between two bytecodes
GIVE_UP_AFTER_S = 4.0  # and one that is not over by then will not end: a C++ call, a hung worker
_SWITCH_INTERVAL_S = 5e-4  # a training thread that never waits would else hold the GIL for 5 ms at a time
THREAD_NAME = "moduleview-training"


class InProcessSource:
    """A target that is opened and trained on one thread of this process; implements ``Source``.

    Python aborts when it ends while a daemon thread is inside torch, and waits for ever for one that is no daemon. So
    the thread is a daemon that is closed at exit, and where it does not let go the children are ended and the process
    is left by ``os._exit``. Whoever has something to save calls ``close`` before.
    """

    def __init__(
        self,
        target: str | Callable[[], object],
        *,
        device: str | None = None,
        run_at_once: bool = False,
        on_imported: Callable[[], None] = lambda: None,
    ) -> None:
        """Start to open ``target``.

        Args:
            target: As ``moduleview TARGET`` takes it, or a callable that makes a module or a ``TrainingTask`` anew at
                each call.
            device: Where to move it; None leaves it where its author put it.
            run_at_once: Train as soon as it is open.
            on_imported: Called on the thread when torch is imported and no code of the target has run yet.
        """
        self._target = target
        self._on_imported = on_imported
        self._inbox = Inbox()
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._interruptible = Interruptible()
        self._lab = LabThread(self._inbox.put)
        self._close_asked_s: float | None = None
        self._was_interrupted = False
        if run_at_once:
            self._commands.put(Run())
        self._thread = threading.Thread(target=self._train, args=(device,), name=THREAD_NAME, daemon=True)
        self._thread.start()
        atexit.register(self._close_at_exit)

    @property
    def description(self) -> str:
        """The target, and that it trains here."""
        return f"{_target_text(self._target)} in this process"

    @property
    def capabilities(self) -> Capability:
        """All but moving in time."""
        return Capability.CONTROL | Capability.HOOKS | Capability.REPORTS | Capability.INTERVENE

    @property
    def n_dropped(self) -> int:
        """Step records that found the inbox full."""
        return self._inbox.n_dropped_steps

    def take(self) -> Record | None:
        """The next record, or None when there is none yet."""
        return self._inbox.take()

    def send(self, command: Command) -> None:
        """Pass a command on; it is applied at the next safe point, or at once where it ends what never comes there."""
        if isinstance(command, InterruptCode):
            self._interruptible.interrupt(command.cell)
            return
        if isinstance(command, BenchCommand):
            self._lab.send(command)
            if not isinstance(command, CancelLab):  # a copy that is being made waits for the safe point
                return
        if isinstance(command, Close) and self._close_asked_s is None:
            self._close_asked_s = time.monotonic()
            self._lab.close(0.0)
        self._commands.put(command)

    def close(self, timeout_s: float) -> bool:
        """Ask the thread to let go and wait for it: for a step's end at first, then by interrupting the user's code.

        What counts is the time since it was asked first, so that this may be called again and again with 0.

        Args:
            timeout_s: Longest wait of this call.

        Returns:
            False when the thread still runs; after ``GIVE_UP_AFTER_S`` it is not waited for any more.
        """
        if self._close_asked_s is None:
            self.send(Close())
        assert self._close_asked_s is not None
        until_s = time.monotonic() + timeout_s
        interrupt_s, give_up_s = self._close_asked_s + INTERRUPT_AFTER_S, self._close_asked_s + GIVE_UP_AFTER_S
        self._join_until(min(until_s, interrupt_s))
        if self._thread.is_alive() and time.monotonic() >= interrupt_s:
            self._interrupt()
            self._join_until(min(until_s, give_up_s))
        if self._thread.is_alive() or not self._lab.close(max(0.0, min(until_s, give_up_s) - time.monotonic())):
            return False
        atexit.unregister(self._close_at_exit)
        return True

    def _close_at_exit(self) -> None:
        if not self.close(GIVE_UP_AFTER_S):
            leave_at_once(0)

    def _join_until(self, deadline_s: float) -> None:
        self._thread.join(max(0.0, deadline_s - time.monotonic()))

    def _interrupt(self) -> None:
        """Raise ``TrainingInterrupted`` in the thread, once, as soon as it runs Python again."""
        if self._was_interrupted or self._thread.ident is None:
            return
        self._was_interrupted = True
        self._interruptible.close()  # a thread has room for one exception: this one
        raise_in_thread(self._thread.ident, TrainingInterrupted)

    # -- the training thread ---------------------------------------------------------------------------------------

    def _train(self, device: str | None) -> None:
        sys.setswitchinterval(_SWITCH_INTERVAL_S)  # stays: another run may still be going on when this one ends
        capture = OutputCapture(self._inbox.put, self._inbox.__len__)
        with contextlib.suppress(TrainingInterrupted):  # it may come at any line, the last ones here included
            capture.start()
            self._train_captured(device)
        with contextlib.suppress(TrainingInterrupted):
            self._was_interrupted = True  # from here on none comes: it would end up in Python's own code
        capture.stop()
        if not gc.isenabled():  # a GarbageGuard collects: what the model leaves in cycles is to go now, not some day
            gc.collect()
        give_back_memory()

    def _train_captured(self, device: str | None) -> None:
        try:
            training = importlib.import_module("moduleview.engine.training")
            self._on_imported()
            put, may_end = self._inbox.put, self._interruptible
            training.Training(
                self._target, put, self._commands, device=device, interruptible=may_end, shelf=self._lab.shelf
            ).run()
        except TrainingInterrupted:
            raise
        except BaseException as error:
            self._inbox.put(OpenFailed(_target_text(self._target), _failure_of_ours(error)))


def _target_text(target: str | Callable[[], object]) -> str:
    return target if isinstance(target, str) else getattr(target, "__qualname__", type(target).__name__)


def _failure_of_ours(error: BaseException) -> FailureReport:
    """The report of what must not happen: the training thread ended by an exception, or torch is not there."""
    if isinstance(error, ModuleNotFoundError) and error.name == "torch":
        return FailureReport("PyTorch is not installed here.", "Install it with: pip install torch", is_users=False)
    text = "".join(traceback.format_exception(error))
    return FailureReport(
        f"The training thread ended with {type(error).__name__}.",
        "This is a fault of moduleview; please report it with the traceback. Open the model again.",
        text,
        is_users=False,
    )
