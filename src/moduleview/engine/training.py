"""The training thread: makes steps, and between two of them does what the viewing side asks for."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable
from contextlib import suppress
from typing import assert_never

from moduleview.engine.batches import BatchesEnded
from moduleview.engine.failure import describe_failure, describe_refusal
from moduleview.engine.forks import leave_if_forked
from moduleview.engine.interruption import Interruptible, TrainingInterrupted
from moduleview.engine.next_command import next_command
from moduleview.engine.opened_model import OpenedModel
from moduleview.engine.opening import Openable
from moduleview.engine.own_code import OwnCode
from moduleview.engine.pacing import Pacing, Stopwatch
from moduleview.engine.phase import Phase
from moduleview.engine.remembered_requests import RememberedRequests
from moduleview.engine.thread_settings import prepare_thread
from moduleview.errors import TargetError
from moduleview.lab.shelf import Shelf
from moduleview.telemetry.commands import (
    Close,
    Command,
    CountHooks,
    Freeze,
    InterruptCode,
    Pause,
    RequestModuleReport,
    RequestTensorReport,
    Run,
    RunUncompiled,
    SetBudget,
    SetDevice,
    SetHooks,
    SetThrottle,
    SetTrainingData,
    Stop,
    TopicCommand,
)
from moduleview.telemetry.records import FailureReport, OpenFailed, Record, RunChanged, RunState

ModelCommand = (
    TopicCommand
    | Freeze
    | SetDevice
    | SetHooks
    | SetBudget
    | CountHooks
    | SetTrainingData
    | RequestModuleReport
    | RequestTensorReport
)


class Training:
    """One target, opened and trained until it is closed. Everything here happens on one thread.

    A command waits for the step that is being made, never the other way round: while nothing runs the thread sleeps in
    the queue, and a limited rate is waited for there too, so that a command is taken at once.
    """

    def __init__(
        self,
        target: Openable,
        put: Callable[[Record], None],
        commands: queue.SimpleQueue[Command],
        *,
        device: str | None = None,
        interruptible: Interruptible | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        self._target = target
        self._put = put
        self._commands = commands
        self._own_code = OwnCode(interruptible, shelf)
        self._opened: OpenedModel | None = None
        self._requests = RememberedRequests(device)
        self._pacing = Pacing()
        self._stopwatch = Stopwatch()
        self._state = RunState.OPENING
        self._n_steps = 0
        self._begins_anew = False  # the next Run makes the model from the target again
        self._folder = os.getcwd()
        self._pid = os.getpid()

    def run(self) -> None:
        """Open the target and serve it until ``Close`` comes. Says what goes wrong and never raises an Exception."""
        prepare_thread()
        try:
            if self._open():
                while self._state is not RunState.CLOSED:
                    self._serve()
        except TrainingInterrupted:
            pass  # the window is closing and could not wait for the step's end
        finally:
            self._let_go()

    def _let_go(self) -> None:
        try:
            self._release()
        except TrainingInterrupted:  # it comes only once, and may come here: do again what was left half done
            self._release()
        finally:
            self._change_state(RunState.CLOSED)
            _go_to(self._folder)

    def _release(self) -> None:
        if self._opened is not None:
            self._opened.release()

    # -- the loop --------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        services = None if self._opened is None else self._opened.services
        wait_s = self._pacing.wait_s() if self._state is RunState.RUNNING else None
        command = next_command(self._commands, wait_s, services)
        if command is not None:
            self._apply_or_refuse(command)
        elif self._state is RunState.RUNNING:
            self._make_step()

    def _make_step(self) -> None:
        assert self._opened is not None
        self._pacing.count_step()
        try:
            self._opened.make_step(self._n_steps, lambda: self._stopwatch.elapsed_s)
        except BatchesEnded:
            self._finish()
        except TrainingInterrupted:
            raise
        except BaseException as error:
            leave_if_forked(self._pid, error)
            if self._opened.goes_on_without_hook(error, self._n_steps):
                self._pause_if_used_up()
            else:
                self._fail(self._opened.describe_failure(error))
        else:
            leave_if_forked(self._pid)
            self._n_steps += 1
            self._pause_if_used_up()
            self._pause_if_asked(self._opened)

    def _pause_if_used_up(self) -> None:
        if self._pacing.is_used_up:
            self._change_state(RunState.PAUSED)

    def _finish(self) -> None:
        title = f"The batches ended after {self._n_steps:,} step{'' if self._n_steps == 1 else 's'}."
        advice = "Give batches that can be gone through again, a list or a DataLoader, to go on; Run begins anew."
        self._begins_anew = True
        self._change_state(RunState.FINISHED, FailureReport(title, advice))

    def _fail(self, failure: FailureReport) -> None:
        assert self._opened is not None
        self._opened.forget_step()
        self._change_state(RunState.FAILED, failure)

    def _change_state(self, state: RunState, failure: FailureReport | None = None) -> None:
        self._state = state
        if state is RunState.RUNNING:
            self._stopwatch.start()
        else:
            self._stopwatch.stop()
            if self._opened is not None:
                if state is not RunState.PAUSED:
                    self._opened.run_uncompiled(0)
                self._opened.flush()
        self._put(RunChanged(state, self._n_steps, self._stopwatch.elapsed_s, failure))

    # -- commands --------------------------------------------------------------------------------------------------

    def _apply_or_refuse(self, command: Command) -> None:
        """Do what is asked for; where that cannot be done, the state stays what it is and the reason is said."""
        try:
            self._apply(command)
        except TrainingInterrupted:
            raise
        except BaseException as error:
            self._refuse(describe_refusal(error, command))

    def _refuse(self, failure: FailureReport) -> None:
        self._put(RunChanged(self._state, self._n_steps, self._stopwatch.elapsed_s, failure))

    def _apply(self, command: Command) -> None:
        opened = self._opened
        assert opened is not None
        match command:
            case Run():
                self._run(command)
            case RunUncompiled():
                self._run_uncompiled(command.n_steps)
            case Pause():
                if self._state is RunState.RUNNING:
                    self._change_state(RunState.PAUSED)
            case Stop():
                self._stop()
            case SetThrottle():
                self._pacing.limit(command.steps_per_s)
            case InterruptCode():
                pass  # what it was meant for has ended
            case Close():
                self._state = RunState.CLOSED
            case _:
                self._ask_model(opened, command)

    def _pause_if_asked(self, opened: OpenedModel) -> None:
        if opened.take_pause() and self._state is RunState.RUNNING:
            self._change_state(RunState.PAUSED)

    def _ask_model(self, opened: OpenedModel, command: ModelCommand) -> None:
        if isinstance(command, TopicCommand | Freeze):
            opened.services.answer(command)
            self._pause_if_asked(opened)
            return
        match command:
            case SetDevice():
                opened.set_device(command.device)
            case SetHooks():
                opened.set_hooks(command)
            case CountHooks():
                opened.everyones_hooks.count(command)
            case SetBudget():
                opened.set_budget(command)
            case SetTrainingData():
                opened.set_training_data(command)
            case RequestModuleReport():
                opened.everyones_hooks.send_report(command.fqn)
            case RequestTensorReport():
                opened.send_tensor_report(command.fqn, self._n_steps)
            case _:
                assert_never(command)
        self._requests.remember(command)

    def _run(self, command: Run) -> None:
        if self._begins_anew and not self._reopen():
            return
        assert self._opened is not None
        reason = self._opened.cannot_train_reason
        if reason:
            self._refuse(FailureReport.of_message(reason))
            return
        self._pacing.allow(command.n_steps)
        if self._state is not RunState.RUNNING:
            self._change_state(RunState.RUNNING)

    def _run_uncompiled(self, n_steps: int) -> None:
        if self._state is not RunState.RUNNING:
            self._run(Run(n_steps))
        if self._state is RunState.RUNNING:
            assert self._opened is not None  # another one, if the run began anew
            self._opened.run_uncompiled(n_steps)

    def _stop(self) -> None:
        if self._state in (RunState.READY, RunState.STOPPED):
            return
        assert self._opened is not None
        self._opened.step.release()
        self._begins_anew = True
        self._change_state(RunState.STOPPED)

    # -- opening ---------------------------------------------------------------------------------------------------

    def _open(self) -> bool:
        """Open the target for the first time, or say why it cannot be."""
        try:
            opened = OpenedModel(self._target, self._put, self._own_code, device=self._requests.device)
        except TrainingInterrupted:
            raise
        except BaseException as error:
            target = self._target if isinstance(self._target, str) else ""
            failure = describe_failure(error, Phase.OPENING, "")
            self._put(OpenFailed(target, failure, is_about_target=isinstance(error, TargetError)))
            return False
        self._show(opened)
        return True

    def _reopen(self) -> bool:
        """Make the task anew from the target; when that fails, what was open stays open."""
        self._change_state(RunState.OPENING)
        assert self._opened is not None
        again = self._opened.services.commands_to_repeat()
        self._opened.make_room()
        _go_to(self._folder)
        try:
            opened = OpenedModel(self._target, self._put, self._own_code, device=self._requests.device)
        except TrainingInterrupted:
            raise
        except BaseException as error:
            self._change_state(RunState.FAILED, describe_failure(error, Phase.OPENING, ""))
            return False
        self._opened.release()
        self._show(opened)
        for command in again:
            self._apply_or_refuse(command)
        return True

    def _show(self, opened: OpenedModel) -> None:
        self._opened, self._begins_anew = opened, False
        self._n_steps, self._stopwatch = 0, Stopwatch()
        opened.announce()
        self._change_state(RunState.READY)
        for command in self._requests.to_repeat():
            self._apply_or_refuse(command)


def _go_to(folder: str) -> None:
    """The target's code begins in the folder that the program was in, each time, wherever it went since."""
    with suppress(OSError):
        os.chdir(folder)
