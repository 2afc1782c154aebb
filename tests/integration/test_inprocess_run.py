"""A run on a thread of ours: run, pause, steps, stop, throttle, close."""

from __future__ import annotations

import dataclasses
import threading
import time
from pathlib import Path

import pytest
import torch

from moduleview import TrainingTask
from moduleview.sources.inprocess import THREAD_NAME, InProcessSource
from moduleview.telemetry.commands import (
    Capability,
    Freeze,
    Pause,
    RequestModuleReport,
    RequestTensorReport,
    Run,
    SetBudget,
    SetHooks,
    SetThrottle,
    SetTrainingData,
    Stop,
)
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.records import (
    FindingsReported,
    HooksChanged,
    LogLine,
    ModelChanged,
    ModelOpened,
    ModuleReport,
    RunChanged,
    RunState,
    StepRecord,
    TensorReport,
)
from source_records import Taken, opened
from toy_tasks import plain_loop, toy_model, toy_task


def steps_of(taken: Taken) -> list[int]:
    return [record.step for record in taken.of_type(StepRecord)]


def test_opening_shows_the_model_before_anything_else_and_waits_to_be_told() -> None:
    with opened(toy_task) as taken:
        ready = taken.until_state(RunState.READY)
    kinds = [type(record) for record in taken.records]
    assert kinds[0] is ModelOpened
    assert all(record.n_checks > 0 for record in taken.of_type(FindingsReported))
    assert FindingsReported in kinds
    assert StepRecord not in kinds
    assert ready.step == 0
    opened_model = taken.of_type(ModelOpened)[0]
    assert opened_model.snapshot.type_names[0] == "Sequential"
    assert opened_model.task.can_train
    assert opened_model.task.device == "cpu"
    assert "cpu" in opened_model.task.devices
    assert opened_model.task.optimizer.startswith("AdamW")


def test_title_is_one_line_of_plain_text_whatever_the_task_calls_itself() -> None:
    with opened(lambda: dataclasses.replace(toy_task(), title="two\nlines \u202e" + "x" * 100)) as taken:
        taken.until_state(RunState.READY)
    title = taken.of_type(ModelOpened)[0].task.title
    assert title.startswith("two\\x0alines \\u202e")
    assert len(title) == 60


def test_source_says_what_it_can_do() -> None:
    with opened(toy_task) as taken:
        assert taken.source.capabilities == (
            Capability.CONTROL | Capability.HOOKS | Capability.REPORTS | Capability.INTERVENE
        )
        assert "toy_task" in taken.source.description


def test_run_at_once_trains_without_being_told() -> None:
    with opened(toy_task, run_at_once=True) as taken:
        taken.until_step(3)


def test_n_steps_are_exactly_n_and_then_it_pauses() -> None:
    with opened(toy_task) as taken:
        taken.source.send(Run(n_steps=7))
        paused = taken.until_state(RunState.PAUSED)
        assert paused.step == 7
        assert steps_of(taken) == list(range(7))
        taken.source.send(Run(n_steps=1))
        assert taken.until_state(RunState.PAUSED).step == 8
        assert steps_of(taken) == list(range(8))


def test_pause_stands_still_and_run_goes_on_with_the_next_step() -> None:
    with opened(toy_task, run_at_once=True) as taken:
        taken.until_step(2)
        taken.source.send(Pause())
        paused = taken.until_state(RunState.PAUSED)
        taken.source.send(Run(n_steps=1))
        assert taken.until_state(RunState.PAUSED).step == paused.step + 1
        assert steps_of(taken) == list(range(paused.step + 1))


def test_time_of_training_leaves_pauses_out() -> None:
    with opened(toy_task) as taken:
        taken.source.send(Run(n_steps=2))
        first = taken.until_state(RunState.PAUSED)
        threading.Event().wait(0.3)
        taken.source.send(Run(n_steps=2))
        second = taken.until_state(RunState.PAUSED)
    assert second.elapsed_s - first.elapsed_s < 0.25
    times = [record.time_s for record in taken.of_type(StepRecord)]
    assert times == sorted(times)


def test_stop_ends_the_run_and_the_next_one_begins_anew_at_step_0() -> None:
    made: list[TrainingTask] = []

    def make() -> TrainingTask:
        made.append(toy_task())
        return made[-1]

    with opened(make) as taken:
        taken.source.send(Run(n_steps=3))
        taken.until_state(RunState.PAUSED)
        first_losses = [record.values for record in taken.of_type(StepRecord)]
        taken.source.send(Stop())
        assert taken.until_state(RunState.STOPPED).step == 3
        assert len(made) == 1
        n_before = len(taken.records)
        taken.source.send(Run(n_steps=3))
        assert taken.until_state(RunState.PAUSED).step == 3
        again = taken.records[n_before:]
    assert isinstance(again[0], RunChanged)
    assert again[0].state is RunState.OPENING
    assert isinstance(again[1], ModelOpened)
    assert len(made) == 2
    assert made[0].model is not made[1].model
    assert [record.step for record in again if isinstance(record, StepRecord)] == [0, 1, 2]
    assert len(first_losses) == 3


def test_run_that_begins_anew_makes_room_first() -> None:
    """Else a model that takes more than half of a GPU could not be run twice."""
    made: list[TrainingTask] = []
    left: list[int] = []

    def make() -> TrainingTask:
        if made:
            optimizer = made[0].optimizer
            assert optimizer is not None
            left.append(len(optimizer.state))
            left.extend(param.grad is not None for param in made[0].model.parameters())
        made.append(toy_task())
        return made[-1]

    with opened(make) as taken:
        for end in (Stop(), None):
            taken.source.send(Run(n_steps=2))
            taken.until_state(RunState.PAUSED)
            if end is not None:
                taken.source.send(end)
    assert left == [0, False, False, False, False]


def test_target_begins_in_the_same_folder_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "below").mkdir()
    (tmp_path / "net.py").write_text(
        "import os\nfrom torch import nn\nos.chdir('below')\nmodel = nn.Linear(2, 2)\n", encoding="utf-8"
    )
    with opened("net.py") as taken:
        taken.source.send(SetTrainingData(((2, 2),)))
        for _ in range(2):
            taken.source.send(Run(n_steps=1))
            taken.until_state(RunState.PAUSED)
            assert Path.cwd() == tmp_path / "below"
            taken.source.send(Stop())
    assert Path.cwd() == tmp_path


def test_ticked_hooks_come_back_when_a_run_begins_anew() -> None:
    tick = SetHooks(("0", "1"), HookKind.FORWARD, enabled=True)
    with opened(toy_task) as taken:
        taken.source.send(tick)
        taken.source.send(SetHooks(("1",), HookKind.FORWARD, enabled=False))
        taken.source.send(Run(n_steps=1))
        taken.until_state(RunState.PAUSED)
        taken.source.send(Stop())
        taken.source.send(Run(n_steps=1))
        taken.until_type(ModelOpened)
        n_before = len(taken.records)
        taken.until_state(RunState.PAUSED)
        entries = [record.entries for record in taken.records[n_before:] if isinstance(record, HooksChanged)]
    assert [(entry.fqn, entry.kind) for entry in entries[-1]] == [("0", HookKind.FORWARD)]


def test_throttle_keeps_the_rate_and_pause_does_not_wait_for_it() -> None:
    with opened(toy_task) as taken:
        taken.source.send(SetBudget(None))  # each step is waited for
        taken.source.send(SetThrottle(50.0))
        taken.source.send(Run(n_steps=21))
        paused = taken.until_state(RunState.PAUSED)
        assert 0.4 <= paused.elapsed_s < 0.6
        taken.source.send(SetThrottle(0.01))
        taken.source.send(Run())
        taken.until_step(21)
        began_s = time.monotonic()
        taken.source.send(Pause())
        taken.until_state(RunState.PAUSED)
        assert time.monotonic() - began_s < 5.0  # the next step was due in 100 s


def test_watched_weights_are_bit_equal_to_a_plain_loop() -> None:
    made: list[TrainingTask] = []

    def make() -> TrainingTask:
        made.append(toy_task())
        return made[-1]

    kinds = (HookKind.FORWARD, HookKind.BACKWARD)
    with opened(make) as taken:
        taken.until_state(RunState.READY)
        for kind in kinds:
            taken.source.send(SetHooks(("0", "1", "3"), kind, enabled=True))
        taken.source.send(Run(n_steps=30))
        taken.until_state(RunState.PAUSED)
        for kind in kinds:
            taken.source.send(SetHooks(("0",), kind, enabled=False))
        taken.source.send(RequestTensorReport("0.weight"))
        taken.source.send(Run(n_steps=30))
        taken.until_state(RunState.PAUSED)
    plain = toy_task()
    plain_loop(plain, 60)
    watched = made[0].model.state_dict()
    assert all(torch.equal(value, watched[name]) for name, value in plain.model.state_dict().items())
    for module in made[0].model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not module._backward_hooks
        assert not module._backward_pre_hooks


def test_reports_come_at_the_safe_point_while_it_trains() -> None:
    with opened(toy_task, run_at_once=True) as taken:
        taken.until_step(2)
        taken.source.send(RequestModuleReport("0"))
        taken.source.send(RequestTensorReport("0.weight"))
        module = taken.until_type(ModuleReport)
        tensor = taken.until_type(TensorReport)
    assert module.type_name.endswith("Linear")
    assert tensor.value is not None
    assert tensor.gradient is not None
    assert tensor.step > 2


def test_a_bare_model_can_be_looked_at_and_says_why_it_cannot_train() -> None:
    with opened(toy_model) as taken:
        model = taken.until_type(ModelOpened)
        assert not model.task.can_train
        assert "batches" in model.task.cannot_train_reason
        taken.until_state(RunState.READY)
        taken.source.send(Run())
        refused = taken.until(lambda record: isinstance(record, RunChanged) and record.failure is not None)
    assert isinstance(refused, RunChanged)
    assert refused.state is RunState.READY


def test_training_data_let_a_bare_model_train() -> None:
    with opened(toy_model) as taken:
        taken.source.send(SetTrainingData(((16, 4),), loss="cross_entropy"))
        changed = taken.until_type(ModelChanged)
        assert changed.task.can_train
        taken.source.send(Run(n_steps=5))
        assert taken.until_state(RunState.PAUSED).step == 5
        taken.source.send(Stop())
        taken.source.send(Run(n_steps=2))
        taken.until_type(ModelOpened)
        assert taken.until_state(RunState.PAUSED).step == 2  # the data are remembered


def test_frozen_parameters_stay_as_they_are_until_they_are_thawed() -> None:
    made: list[TrainingTask] = []

    def make() -> TrainingTask:
        made.append(toy_task())
        return made[-1]

    with opened(make) as taken:
        taken.until_state(RunState.READY)
        frozen = made[0].model.state_dict()["0.weight"]
        before = frozen.clone()
        taken.source.send(Freeze("0", frozen=True))
        changed = taken.until_type(ModelChanged)
        row = changed.snapshot.tensor_row_of("0.weight")
        assert row is not None
        assert not changed.snapshot.tensors.requires_grad[row]
        taken.source.send(Run(n_steps=3))
        taken.until_state(RunState.PAUSED)
        assert torch.equal(frozen, before)
        taken.source.send(Freeze("0", frozen=False))
        assert taken.until_type(ModelChanged).snapshot.tensors.requires_grad[row]
        taken.source.send(Run(n_steps=1))
        taken.until_state(RunState.PAUSED)
        assert not torch.equal(frozen, before)
    journal = [line.text for line in taken.of_type(LogLine) if line.stream == "journal"]
    assert len(journal) == 2


def test_freezing_everything_says_why_the_loss_has_no_gradient() -> None:
    with opened(toy_task) as taken:
        taken.source.send(Freeze("", frozen=True))
        taken.source.send(Run())
        assert "no gradient" in taken.failure().title


def test_module_that_is_replaced_while_running_shows_within_a_step() -> None:
    """Fault row 23."""

    def make() -> TrainingTask:
        task = toy_task()
        n_calls = 0

        def step() -> torch.Tensor:
            nonlocal n_calls
            n_calls += 1
            if n_calls == 3:
                task.model.add_module("extra", torch.nn.Linear(2, 2))
            threading.Event().wait(0.02)  # a step as long as a real one
            return torch.tensor(0.0)

        return TrainingTask(task.model, step=step)

    with opened(make) as taken:
        taken.source.send(Run(n_steps=4))
        changed = taken.until_type(ModelChanged)
        assert changed.snapshot.node_of("extra") is not None
        assert changed.snapshot.generation == 1
        assert steps_of(taken)[-1] <= 3
        taken.until_state(RunState.PAUSED)


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_lazy_model_shows_its_shapes_after_the_first_step() -> None:
    def make() -> TrainingTask:
        model = torch.nn.Sequential(torch.nn.LazyLinear(8), torch.nn.Linear(8, 2))
        return toy_task(model=model)

    with opened(make) as taken:
        lazy = taken.until_type(ModelOpened).snapshot
        assert lazy.tensors.shapes[0] is None
        taken.source.send(Run(n_steps=2))
        changed = taken.until_type(ModelChanged).snapshot
        assert changed.tensors.shapes[0] == (8, 4)
        assert taken.until_state(RunState.PAUSED).step == 2


@pytest.mark.parametrize("wanted", ["ready", "running", "paused"])
def test_close_ends_the_thread_and_takes_every_hook_off(wanted: str) -> None:
    source = InProcessSource(toy_task, run_at_once=wanted != "ready")
    taken = Taken(source)
    taken.until_state(RunState.READY)
    source.send(SetHooks(("0",), HookKind.FORWARD, enabled=True))
    taken.until_type(HooksChanged)
    if wanted == "paused":
        source.send(Pause())
        taken.until_state(RunState.PAUSED)
    assert source.close(10.0)
    assert source.close(0.0)
    assert not [thread for thread in threading.enumerate() if thread.name == THREAD_NAME]
    assert taken.until_state(RunState.CLOSED)


def test_closing_while_it_opens_does_not_wait_for_a_step() -> None:
    source = InProcessSource(toy_task)
    assert source.close(10.0)


def test_nobody_taking_records_drops_steps_and_counts_them() -> None:
    """Fault row 34: beside a window that is frozen it trains on; the oldest steps are kept and the rest is counted."""
    n_steps, capacity = 6000, 4096
    reached, drained = threading.Event(), threading.Event()

    def make() -> TrainingTask:
        n_done = 0

        def step() -> float:
            nonlocal n_done
            if n_done == n_steps:
                reached.set()
                drained.wait(60.0)  # nothing is put while the test takes
            n_done += 1
            return 1.0

        return TrainingTask(toy_model(), step=step)

    with opened(make) as taken:
        taken.source.send(SetBudget(None))  # of steps so short the governor would pass most by
        taken.source.send(Run())
        try:
            assert reached.wait(60.0)
            taken.rest()
            n_dropped = taken.source.n_dropped
        finally:
            drained.set()
        kept = steps_of(taken)
        assert kept == list(range(len(kept)))
        assert capacity * 0.85 <= len(kept) <= capacity  # histograms take some of the room
        assert len(kept) + n_dropped == n_steps
        after = taken.until_type(StepRecord)
        assert after.step == n_steps, "it goes on where it is once there is room"
