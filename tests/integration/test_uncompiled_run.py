"""A person lets some steps of a run go past what torch.compile has made, to see into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn
from torch._dynamo.utils import counters

from moduleview import TrainingTask
from moduleview.telemetry.commands import CountHooks, Pause, RequestModuleReport, Run, RunUncompiled, SetHooks, Stop
from moduleview.telemetry.hooks import HookEntry, HookKind, HooksFound, HookStatus
from moduleview.telemetry.records import HooksChanged, ModuleReport, RunState, SeriesDeclared, StepRecord
from source_records import Taken, opened
from toy_tasks import toy_batches, toy_task

INSIDE = "0._orig_mod.0"
FORWARD = HookKind.FORWARD

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what torch uses itself


@pytest.fixture(autouse=True)
def compiled_anew() -> Iterator[None]:
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()


class Compiled:
    """Makes the task; notes under which stance each step ran, and raises in one of them."""

    def __init__(self, *, fails_at: int = -1, batches: int | None = None) -> None:
        self.stances: list[str] = []
        self.fails_at = fails_at
        self.n_batches = batches

    def __call__(self) -> TrainingTask:
        torch.manual_seed(0)
        block = torch.compile(nn.Sequential(nn.Linear(4, 8), nn.Tanh()), backend="aot_eager")
        model = nn.Sequential(block, nn.Linear(8, 2))
        batches = None if self.n_batches is None else iter(toy_batches(self.n_batches))
        return toy_task(model=model, batches=batches, loss=self.loss)

    def loss(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        self.stances.append(str(torch._dynamo.eval_frame._stance.stance))
        if len(self.stances) - 1 == self.fails_at:
            raise ValueError("no good")
        return nn.functional.mse_loss(output, target)


def entry(taken: Taken) -> HookEntry:
    """What was last said of the hook that is ticked."""
    (newest,) = taken.of_type(HooksChanged)[-1].entries or (HookEntry(INSIDE, FORWARD, HookStatus.REQUESTED),)
    return newest


def steps_with(taken: Taken, quantity: str) -> list[int]:
    """Steps in which it was measured."""
    series = {
        declared.first + at
        for declared in taken.of_type(SeriesDeclared)
        for at, key in enumerate(declared.keys)
        if key.quantity == quantity
    }
    return [record.step for record in taken.of_type(StepRecord) if series & set(record.series.tolist())]


def until_paused(taken: Taken) -> None:
    taken.until_state(RunState.PAUSED)


def test_a_run_that_stands_still_makes_just_these_steps_and_sees_what_is_inside() -> None:
    task = Compiled()
    with opened(task) as taken:
        taken.source.send(SetHooks((INSIDE,), FORWARD, enabled=True))
        taken.source.send(Run(n_steps=3))
        until_paused(taken)
        assert entry(taken).status is HookStatus.CANNOT_FIRE
        n_graphs = counters["stats"]["unique_graphs"]
        taken.source.send(RunUncompiled(20))
        until_paused(taken)
        told = [one for changed in taken.of_type(HooksChanged) for one in changed.entries]
        assert HookStatus.ACTIVE in {one.status for one in told}
        assert entry(taken).status is HookStatus.CANNOT_FIRE
        assert "compiled region" in entry(taken).reason
        taken.source.send(Run(n_steps=2))
        until_paused(taken)
        assert entry(taken).n_fires == 20
    assert steps_with(taken, "forward.mean") == list(range(3, 23))
    assert task.stances == ["default"] * 3 + ["force_eager"] * 20 + ["default"] * 2
    assert counters["stats"]["unique_graphs"] == n_graphs == 1


def test_a_run_that_goes_on_makes_these_steps_in_between() -> None:
    task = Compiled()
    with opened(task, run_at_once=True) as taken:
        taken.source.send(SetHooks((INSIDE,), FORWARD, enabled=True))
        taken.until_step(2)
        taken.source.send(RunUncompiled(5))
        taken.until(lambda record: isinstance(record, HooksChanged) and entry(taken).n_fires == 5)
        taken.until_step(taken.of_type(StepRecord)[-1].step + 2)
        taken.source.send(Pause())
        until_paused(taken)
        assert entry(taken).n_fires == 5
    at = task.stances.index("force_eager")
    assert task.stances[at : at + 6] == ["force_eager"] * 5 + ["default"]
    assert task.stances.count("force_eager") == 5
    assert counters["stats"]["unique_graphs"] == 1


def stop(taken: Taken) -> None:
    taken.source.send(Pause())
    until_paused(taken)
    taken.source.send(Stop())
    taken.until_state(RunState.STOPPED)


def fail(taken: Taken) -> None:
    assert taken.until_state(RunState.FAILED).failure is not None


def run_out(taken: Taken) -> None:
    taken.until_state(RunState.FINISHED)


@pytest.mark.parametrize(
    ("task", "end"), [(Compiled(), stop), (Compiled(fails_at=2), fail), (Compiled(batches=3), run_out)]
)
def test_a_run_that_ends_before_takes_it_back(task: Compiled, end: Callable[[Taken], None]) -> None:
    with opened(task) as taken:
        taken.source.send(SetHooks((INSIDE,), FORWARD, enabled=True))
        taken.source.send(RunUncompiled(1_000_000))
        taken.until(lambda record: isinstance(record, HooksChanged) and entry(taken).status is HookStatus.ACTIVE)
        end(taken)
        assert entry(taken).status is HookStatus.CANNOT_FIRE
        n_before = len(task.stances)
        if end is not run_out:
            taken.source.send(Run(n_steps=2))
            until_paused(taken)
            assert task.stances[n_before:] == ["default"] * 2
    assert torch._dynamo.eval_frame._stance.stance == "default"


def test_closing_the_model_meanwhile_leaves_nothing_behind() -> None:
    task = Compiled()
    with opened(task) as taken:
        taken.source.send(RunUncompiled(1_000_000))
        taken.until_step(2)
    assert set(task.stances) == {"force_eager"}
    assert torch._dynamo.eval_frame._stance.stance == "default"


def test_a_run_that_was_stopped_begins_anew_with_these_steps() -> None:
    task = Compiled()
    with opened(task) as taken:
        taken.source.send(SetHooks((INSIDE,), FORWARD, enabled=True))
        taken.source.send(Run(n_steps=2))
        until_paused(taken)
        taken.source.send(Stop())
        taken.until_state(RunState.STOPPED)
        taken.source.send(RunUncompiled(3))
        until_paused(taken)
        assert entry(taken).n_fires == 3
    assert task.stances == ["default"] * 2 + ["force_eager"] * 3


def test_where_it_helps_is_told_by_the_report_and_by_the_news() -> None:
    with opened(Compiled()) as taken:
        for fqn, is_compiled in ((INSIDE, True), ("0", False), ("1", False)):
            taken.source.send(RequestModuleReport(fqn))
            assert taken.until_type(ModuleReport).is_compiled is is_compiled
            taken.source.send(CountHooks(fqn, enabled=True))
            assert taken.until_type(HooksFound).is_compiled is is_compiled
