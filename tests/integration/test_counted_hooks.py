"""Somebody looks at everyone's hooks while a run goes on: counts come by themselves, and nothing stays behind."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from moduleview import TrainingTask
from moduleview.telemetry.commands import CountHooks, RequestModuleReport, Run, Stop
from moduleview.telemetry.hooks import FoundHook, HookKind, HooksFound
from moduleview.telemetry.records import LogLine, ModelOpened, ModuleReport, RunState
from source_records import Taken, opened
from toy_tasks import plain_loop, toy_model, toy_task


def double(_: nn.Module, __: Any, output: torch.Tensor) -> torch.Tensor:
    return 2 * output


def hooked_task() -> TrainingTask:
    model = toy_model()
    model[0].register_forward_hook(double)
    task = toy_task(model=model)
    assert task.optimizer is not None
    task.optimizer.register_step_pre_hook(lambda *_: None)
    return task


def newest(taken: Taken) -> dict[str, FoundHook]:
    return {hook.kind: hook for hook in taken.of_type(HooksFound)[-1].hooks}


def test_counts_are_told_by_themselves_and_the_run_is_bit_equal_to_one_that_nobody_looked_at() -> None:
    made: list[TrainingTask] = []

    def make() -> TrainingTask:
        made.append(hooked_task())
        return made[-1]

    with opened(make) as taken:
        taken.source.send(CountHooks("0", enabled=True))
        assert taken.until_type(HooksFound).hooks[0].n_fires == 0
        taken.source.send(Run(n_steps=20))
        taken.until_state(RunState.PAUSED)
        assert newest(taken)["forward"].n_fires == 20
        taken.source.send(CountHooks("", enabled=True))
        taken.source.send(Run(n_steps=20))
        taken.until_state(RunState.PAUSED)
        root = {f"{hook.kind} {hook.place}": hook for hook in taken.of_type(HooksFound)[-1].hooks}
        assert root["step_pre AdamW"].n_fires == 20
        assert next(iter(made[0].model[0]._forward_hooks.values())) is double
    plain = hooked_task()
    plain_loop(plain, 40)
    watched = made[0].model.state_dict()
    assert all(torch.equal(value, watched[name]) for name, value in plain.model.state_dict().items())


def test_closing_puts_the_originals_back() -> None:
    made: list[TrainingTask] = []

    def make() -> TrainingTask:
        made.append(hooked_task())
        return made[-1]

    with opened(make, run_at_once=True) as taken:
        taken.source.send(CountHooks("0", enabled=True))
        taken.until_type(HooksFound)
        taken.until_step(3)
    assert next(iter(made[0].model[0]._forward_hooks.values())) is double


@pytest.mark.parametrize("is_looked_at", [True, False])
def test_a_hook_of_the_users_that_raises_is_switched_off_with_its_traceback_and_training_goes_on(
    is_looked_at: bool,
) -> None:
    def make() -> TrainingTask:
        task = hooked_task()
        n_calls: list[int] = []

        def fail(*_: Any) -> None:
            n_calls.append(1)
            if len(n_calls) == 2:
                raise ValueError("no good")

        task.model[1].register_forward_pre_hook(fail)
        return task

    with opened(make) as taken:
        if is_looked_at:
            taken.source.send(CountHooks("1", enabled=True))
        taken.source.send(Run(n_steps=4))
        paused = taken.until_state(RunState.PAUSED)
        taken.source.send(CountHooks("1", enabled=True))
        taken.until_type(HooksFound)
    assert paused.step == 3  # one was given up
    hook = newest(taken)["forward_pre"]
    assert hook.note == "Switched off at step 1: it raised. Training goes on without it."
    assert hook.last_error == "ValueError: no good"
    assert 'raise ValueError("no good")' in hook.traceback
    told = "\n".join(line.text for line in taken.of_type(LogLine))
    assert "forward_pre hook on 1 raised ValueError: no good and was switched off" in told
    assert 'raise ValueError("no good")' in told


def test_what_no_hook_raised_still_ends_the_run() -> None:
    def make() -> TrainingTask:
        task = hooked_task()

        class Fails(nn.Module):
            def forward(self, x: Any) -> None:
                raise ValueError("not a hook's")

        task.model[1] = Fails()
        return task

    with opened(make) as taken:
        taken.source.send(Run(n_steps=1))
        failed = taken.until_state(RunState.FAILED)
    assert failed.failure is not None
    assert "not a hook's" in failed.failure.title


def test_a_report_and_the_news_foretell_what_a_tick_would_meet() -> None:
    def make() -> TrainingTask:
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(inplace=True), nn.Linear(8, 2))
        return toy_task(model=model)

    with opened(make) as taken:
        taken.source.send(CountHooks("0", enabled=True))
        taken.source.send(Run(n_steps=1))
        taken.until_state(RunState.PAUSED)
        taken.source.send(RequestModuleReport("0"))
        report = taken.until_type(ModuleReport)
    told = {forecast.kind: forecast for forecast in report.hook_forecasts}
    assert told[HookKind.FULL_BACKWARD].is_refused
    assert told[HookKind.FULL_BACKWARD].instead is HookKind.BACKWARD
    assert told == {forecast.kind: forecast for forecast in taken.of_type(HooksFound)[-1].forecasts}


def test_a_run_that_begins_anew_counts_when_it_is_asked_again() -> None:
    with opened(hooked_task) as taken:
        taken.source.send(CountHooks("0", enabled=True))
        taken.source.send(Run(n_steps=1))
        taken.until_state(RunState.PAUSED)
        taken.source.send(Stop())
        taken.source.send(Run(n_steps=1))
        taken.until_type(ModelOpened)
        taken.source.send(CountHooks("0", enabled=True))
        taken.until_state(RunState.PAUSED)
        taken.source.send(Run(n_steps=2))
        taken.until_state(RunState.PAUSED)
        n_fires = newest(taken)["forward"].n_fires
        assert n_fires is not None
        assert 2 <= n_fires <= 3
