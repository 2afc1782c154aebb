"""The tensor lab at the safe point: freezes copies of live tensors. The rest is answered on the lab's own thread."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import UnionType
from typing import ClassVar

import torch

from moduleview.engine.lab_taking import CaptureInStep, CopyInPieces
from moduleview.engine.services.base import LiveModel, Service
from moduleview.errors import ModuleViewError
from moduleview.lab.bench import Bench
from moduleview.lab.copying import PIECE_BYTES
from moduleview.lab.free_memory import size_words
from moduleview.telemetry.commands import Command
from moduleview.telemetry.lab_messages import LabCommand
from moduleview.telemetry.lab_tensors import (
    CancelLab,
    FrozenTensor,
    LabRefused,
    ListTensors,
    TakeTensor,
    TensorAwaited,
    TensorKind,
    TensorTaken,
)

MIN_BYTES_WHILE_RUNNING = 16 * 2**20  # some milliseconds; a report of a tensor takes as long
_IN_A_STEP = (TensorKind.ACTIVATION, TensorKind.OUTPUT_GRADIENT)
_FIRST_GUESS = 1e9  # bytes a second


class TensorLab(Service[LabCommand]):
    """Holds the run no longer than about one step for a copy.

    What can be copied in less time than a step takes is copied at once. Anything larger is begun: while the run stands
    still it goes on piece by piece, others being served in between; a step that is about to be made ends it, with what
    is left refused where it would take longer than the step. An activation is copied in the step, or refused likewise.
    """

    commands: ClassVar[type | UnionType] = LabCommand

    def __init__(self, live: LiveModel) -> None:
        super().__init__(live)
        self._copies: list[CopyInPieces] = []
        self._captures: list[CaptureInStep] = []
        self._bytes_per_s = _FIRST_GUESS
        self._step_s = 0.0
        self._began_s = 0.0
        self._bench = Bench(live.shelf, live.put, lambda _: False)

    def answer(self, command: LabCommand) -> None:
        """See ``Service``; what has a thread of its own sends only ``TakeTensor`` and ``CancelLab`` here."""
        match command:
            case TakeTensor():
                try:
                    self._take(command)
                except Exception as error:
                    self._refuse(command, error)
            case CancelLab():
                self._cancel(command.request)
            case _:
                self._bench.answer(command)

    def begin_step(self, step: int) -> None:  # noqa: ARG002
        """See ``Service``."""
        for copy in list(self._copies):
            left = copy.n_bytes - copy.n_bytes_done
            if left <= self._n_bytes_in_a_step:
                self._go_on(copy, left)
            if not copy.is_done and copy in self._copies:
                reason = f"It has {size_words(copy.n_bytes)}, more than can be copied in the time of one step. "
                self._say_refused(copy.asked, f"{reason}Pause to take it.")
        self._copies.clear()
        for capture in self._captures:
            capture.put_on()
        self._began_s = time.perf_counter()

    def end_step(self, step: int) -> None:  # noqa: ARG002
        """See ``Service``."""
        self._step_s = time.perf_counter() - self._began_s
        captures, self._captures = self._captures, []
        for capture in captures:
            capture.take_off()
            try:
                self._put(capture.asked, *capture.frozen())
            except Exception as error:
                self._refuse(capture.asked, error)

    def takes_blame(self, error: BaseException, step: int) -> bool:  # noqa: ARG002
        """See ``Service``: a step that failed has no outputs to take; the next one is waited for."""
        for capture in self._captures:
            capture.take_off()
        return False

    @property
    def has_more_to_do(self) -> bool:
        """See ``Service``."""
        return bool(self._copies)

    def go_on(self) -> None:
        """See ``Service``."""
        copy = self._copies[0]
        self._go_on(copy, PIECE_BYTES)
        if copy.is_done or copy not in self._copies:
            self._copies = [other for other in self._copies if other is not copy]
        else:
            self._say_how_far(copy)

    def commands_to_repeat(self) -> Sequence[Command]:
        """See ``Service``: the copies outlive the run, and so does what is known of them."""
        return (ListTensors(),)

    def release(self) -> None:
        """See ``Service``."""
        for copy in self._copies:
            self._say_refused(copy.asked, "The model was closed before the copy was made.")
        for capture in self._captures:
            capture.take_off()
            self._say_refused(capture.asked, "The run ended before the next step.")
        self._copies.clear()
        self._captures.clear()

    @property
    def _n_bytes_in_a_step(self) -> int:
        return max(MIN_BYTES_WHILE_RUNNING, int(self._step_s * self._bytes_per_s))

    def _n_bytes_now(self) -> int:
        """In the middle of a step, the first one too: it takes at least as long as it has taken until now."""
        self._step_s = max(self._step_s, time.perf_counter() - self._began_s)
        return self._n_bytes_in_a_step

    def _take(self, asked: TakeTensor) -> None:
        if asked.kind in _IN_A_STEP:
            self._captures.append(CaptureInStep(self.live, asked, self._n_bytes_now))
            self.live.put(TensorAwaited(asked.request, "It is taken in the next step."))
            return
        copy = CopyInPieces(self.live, asked)
        if copy.n_bytes <= MIN_BYTES_WHILE_RUNNING:
            self._go_on(copy, copy.n_bytes)
        else:
            self._copies.append(copy)
            self._say_how_far(copy)

    def _go_on(self, copy: CopyInPieces, n_bytes: int) -> None:
        """Copy some bytes; where that completes it, put it on the shelf. Never raises."""
        try:
            before, began_s = copy.n_bytes_done, time.perf_counter()
            copy.go_on(n_bytes)
            done, took_s = copy.n_bytes_done - before, time.perf_counter() - began_s
            if done > 2**20 and took_s > 0.0:
                self._bytes_per_s = done / took_s
            if copy.is_done:
                self._put(copy.asked, *copy.frozen())
        except Exception as error:
            self._copies = [other for other in self._copies if other is not copy]
            self._refuse(copy.asked, error)

    def _put(self, asked: TakeTensor, copy: torch.Tensor, about: FrozenTensor) -> None:
        self.live.put(TensorTaken(asked.request, self.live.shelf.put(copy, about)))
        self.live.put(self.live.shelf.memory())

    def _cancel(self, request: int) -> None:
        waiting = [copy.asked for copy in self._copies] + [capture.asked for capture in self._captures]
        self._copies = [copy for copy in self._copies if copy.asked.request != request]
        self._captures = [capture for capture in self._captures if capture.asked.request != request]
        for asked in waiting:
            if asked.request == request:
                self._say_refused(asked, "Cancelled.")

    def _say_how_far(self, copy: CopyInPieces) -> None:
        sentence = f"{size_words(copy.n_bytes_done)} of {size_words(copy.n_bytes)} are copied."
        self.live.put(TensorAwaited(copy.asked.request, sentence, copy.n_bytes_done, copy.n_bytes))

    def _refuse(self, asked: TakeTensor, error: Exception) -> None:
        if isinstance(error, ModuleViewError):
            self._say_refused(asked, str(error))
        else:
            self._say_refused(asked, f"torch could not copy it: {str(error)[:1000] or type(error).__name__}")

    def _say_refused(self, asked: TakeTensor, reason: str) -> None:
        self.live.put(LabRefused(asked.request, reason))
