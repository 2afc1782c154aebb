"""The lab's own thread: it answers while the trainer is in a long step. Imports no torch; the thread does."""

from __future__ import annotations

import importlib
import threading
import time
from collections import deque
from collections.abc import Callable

from moduleview.lab.shelf import Shelf
from moduleview.telemetry.lab_messages import BenchCommand, LabRecord, ViewRequest
from moduleview.telemetry.lab_pipelines import RequestPicture, RunPipeline
from moduleview.telemetry.lab_tensors import CancelLab, LabRefused

THREAD_NAME = "moduleview-lab"
_N_CANCELLED = 1024


class LabThread:
    """Passes commands to a worker's thread, which is begun with the first of them.

    Torch cannot be interrupted. So when the request that is being computed is cancelled, another worker takes the place
    of the one that computes, which ends, unheard, once torch comes back.

    Args:
        put: Takes the answers; called in the lab's thread.
    """

    def __init__(self, put: Callable[[LabRecord], None]) -> None:
        self.shelf = Shelf()
        self._put = put
        self._waiting: deque[BenchCommand] = deque()
        self._wake = threading.Condition()
        self._workers: list[_Worker] = []
        self._is_closed = False
        self._cancelled: deque[int] = deque(maxlen=_N_CANCELLED)

    def send(self, command: BenchCommand) -> None:
        """Pass a command on. Any thread; never waits for what is computed."""
        with self._wake:
            if self._is_closed:
                return
            if isinstance(command, CancelLab):
                self._cancel(command.request)
            else:
                self._give_up_older(command)
                self._waiting.append(command)
                if not self._workers:
                    self._begin_worker()
            self._wake.notify_all()

    def close(self, timeout_s: float) -> bool:
        """End the thread; False where torch still computes in it after ``timeout_s``."""
        with self._wake:
            self._is_closed = True
            self._waiting.clear()
            self._wake.notify_all()
        deadline = time.monotonic() + timeout_s
        for worker in self._workers:
            worker.thread.join(max(0.0, deadline - time.monotonic()))
        return not any(worker.thread.is_alive() for worker in self._workers)

    def is_cancelled(self, request: int) -> bool:
        """Somebody gave it up, or the lab closes."""
        return self._is_closed or request in self._cancelled

    def _give_up_older(self, command: BenchCommand) -> None:
        """Of several looks from one place, and of several pipelines, only the newest is worth answering."""
        key = _place(command)
        if key is not None:
            for older in [waiting for waiting in self._waiting if _place(waiting) == key]:
                self._waiting.remove(older)
        if isinstance(command, RunPipeline):
            running = [worker.now for worker in self._workers if isinstance(worker.now, RunPipeline)]
            self._cancelled.extend(older.request for older in running)  # ends between two of its steps

    def _cancel(self, request: int) -> None:
        self._cancelled.append(request)
        for waiting in [command for command in self._waiting if getattr(command, "request", None) == request]:
            self._waiting.remove(waiting)
            self._put(LabRefused(request, "Cancelled."))
        for worker in self._workers:
            if worker.now is not None and getattr(worker.now, "request", None) == request and worker.is_heard:
                worker.is_heard = False
                self._put(LabRefused(request, "Cancelled. What torch computes now it computes to its end, unheard."))
                self._begin_worker()

    def _begin_worker(self) -> None:
        self._workers = [worker for worker in self._workers if worker.thread.is_alive()]
        worker = _Worker(self)
        self._workers.append(worker)
        worker.thread.start()

    # -- the workers' threads --------------------------------------------------------------------------------------

    def take(self, worker: _Worker) -> BenchCommand | None:
        """The next command; None when the worker has to end."""
        with self._wake:
            worker.now = None
            while not self._waiting and worker.is_heard and not self._is_closed:
                self._wake.wait()
            if self._is_closed or not worker.is_heard:
                return None
            worker.now = self._waiting.popleft()
            return worker.now

    def put(self, worker: _Worker, record: LabRecord) -> None:
        """Pass an answer on, if it is still wanted."""
        if worker.is_heard and not self._is_closed:
            self._put(record)


class _Worker:
    def __init__(self, lab: LabThread) -> None:
        self._lab = lab
        self.now: BenchCommand | None = None
        self.is_heard = True
        self.thread = threading.Thread(target=self._work, name=THREAD_NAME, daemon=True)

    def _work(self) -> None:
        torch = importlib.import_module("torch")
        torch.set_grad_enabled(False)  # of this thread
        importlib.import_module("moduleview.engine.thread_settings").prepare_thread()
        bench = importlib.import_module("moduleview.lab.bench").Bench(
            self._lab.shelf, lambda record: self._lab.put(self, record), self._lab.is_cancelled
        )
        while (command := self._lab.take(self)) is not None:
            bench.answer(command)
        bench.let_go()


def _place(command: BenchCommand) -> tuple[type, str] | None:
    """What stands for one place on the screen; None for what is done each time."""
    if isinstance(command, ViewRequest):
        return type(command), command.place
    return (type(command), "") if isinstance(command, RunPipeline | RequestPicture) else None
