"""Some steps go past what torch.compile has made: hooks in there fire in just these, and nothing is compiled again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn
from torch._dynamo.utils import counters
from watched_run import Watch, WatchedRun

from moduleview.engine.uncompiled_steps import UncompiledSteps
from moduleview.hooks.board import Board
from moduleview.probes.recorder import Recorder
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.hooks import HookKind, HookStatus

FORWARD = HookKind.FORWARD
ON_CALLS = (HookKind.FORWARD_PRE, FORWARD, HookKind.BACKWARD_PRE, HookKind.FULL_BACKWARD, HookKind.BACKWARD)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what torch uses itself


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x).relu())


def wrapped(backend: str) -> tuple[nn.Module, str]:
    return torch.compile(Net(), backend=backend), "_orig_mod.second"


def in_place(backend: str) -> tuple[nn.Module, str]:
    model = Net()
    model.compile(backend=backend)
    return model, "second"


def sub_block(backend: str) -> tuple[nn.Module, str]:
    return nn.Sequential(torch.compile(Net(), backend=backend), nn.Linear(1, 1)), "0._orig_mod.second"


ways = pytest.mark.parametrize("compiled", [wrapped, in_place, sub_block])


@pytest.fixture(autouse=True)
def compiled_anew() -> Iterator[None]:
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()


def loss_of(run: WatchedRun) -> Callable[[], torch.Tensor]:
    return lambda: run.model(torch.ones(2, 3)).sum()


def train(run: WatchedRun, steps: UncompiledSteps, n_steps: int = 1) -> None:
    for _ in range(n_steps):
        with steps.step():
            run.step(loss_of(run))
        steps.count_step()


def stance() -> str:
    return str(torch._dynamo.eval_frame._stance.stance)


@ways
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_every_kind_of_hook_fires_in_these_steps_only(watch: Watch, compiled: Callable, backend: str) -> None:
    model, inside = compiled(backend)
    run = watch(model)
    steps = UncompiledSteps(run.recorder.hooks, run.records.append)
    for kind in ON_CALLS:
        run.tick(kind, inside)
    train(run, steps, 2)
    n_graphs = counters["stats"]["unique_graphs"]
    assert n_graphs >= 1
    for _ in range(2):  # a second time too
        before = {kind: run.now(inside, kind).n_fires for kind in ON_CALLS}
        assert {run.entry(inside, kind).status for kind in ON_CALLS} == {HookStatus.CANNOT_FIRE}
        steps.allow(3)
        assert run.entry(inside, FORWARD).status is HookStatus.ACTIVE
        train(run, steps, 2)
        assert {run.entry(inside, kind).status for kind in ON_CALLS} == {HookStatus.ACTIVE}
        train(run, steps, 1)
        fired = {kind: run.now(inside, kind).n_fires - before[kind] for kind in ON_CALLS}
        looked_on = {HookKind.BACKWARD_PRE: 2, HookKind.FULL_BACKWARD: 2}  # in the first step
        assert fired == {kind: looked_on.get(kind, 3) for kind in ON_CALLS}
        train(run, steps, 2)
        assert {kind: run.now(inside, kind).n_fires - before[kind] for kind in ON_CALLS} == fired
    for kind in ON_CALLS:
        assert run.entry(inside, kind).status is HookStatus.CANNOT_FIRE
        assert "compiled region" in run.entry(inside, kind).reason
    assert counters["stats"]["unique_graphs"] == n_graphs
    assert not counters["graph_break"]
    assert stance() == "default"


@ways
def test_the_weights_are_those_of_a_run_that_was_always_compiled(watch: Watch, compiled: Callable) -> None:
    """The eager backend rounds as the bypassed code does, so that they are the same bit for bit."""

    def weights(n_uncompiled: int) -> list[torch.Tensor]:
        torch._dynamo.reset()
        model, inside = compiled("eager")
        run = watch(model)
        steps = UncompiledSteps(run.recorder.hooks, run.records.append)
        run.tick(FORWARD, inside)
        train(run, steps, 2)
        steps.allow(n_uncompiled)
        train(run, steps, 4)
        return [parameter.detach().clone() for parameter in model.parameters()]

    assert all(map(torch.equal, weights(0), weights(3)))


def test_what_is_ticked_meanwhile_fires_and_parameters_are_left_alone(watch: Watch) -> None:
    model, inside = wrapped("eager")
    run = watch(model)
    steps = UncompiledSteps(run.recorder.hooks, run.records.append)
    run.tick(HookKind.TENSOR, f"{inside}.weight")
    train(run, steps)
    steps.allow(2)
    run.tick(FORWARD, inside)
    assert run.entry(inside, FORWARD).status is HookStatus.ACTIVE
    train(run, steps, 2)
    assert run.now(inside, FORWARD).n_fires == 2
    train(run, steps)
    assert run.now(f"{inside}.weight", HookKind.TENSOR).n_fires == 4
    assert run.entry(f"{inside}.weight", HookKind.TENSOR).status is HookStatus.ACTIVE


def test_they_go_on_when_the_model_is_looked_at_anew(watch: Watch) -> None:
    model, inside = wrapped("eager")
    run = watch(model)
    steps = UncompiledSteps(run.recorder.hooks, run.records.append)
    run.tick(FORWARD, inside)
    train(run, steps)
    steps.allow(2)
    model._orig_mod.second = nn.Linear(3, 1)
    train(run, steps, 2)
    assert run.now(inside, FORWARD).n_fires == 2


def test_a_step_that_raises_leaves_no_stance_behind(watch: Watch) -> None:
    run = watch(wrapped("eager")[0])
    steps = UncompiledSteps(run.recorder.hooks, run.records.append)
    steps.allow(5)
    with pytest.raises(ValueError, match="under force_eager"), steps.step():
        raise ValueError(f"under {stance()}")
    assert stance() == "default"


def test_a_stance_of_the_users_own_is_put_back(watch: Watch) -> None:
    run = watch(wrapped("eager")[0])
    steps = UncompiledSteps(run.recorder.hooks, run.records.append)
    steps.allow(1)
    with torch.compiler.set_stance("eager_on_recompile"):
        train(run, steps)
        assert stance() == "eager_on_recompile"


def test_each_of_these_steps_is_measured_however_small_the_budget() -> None:
    model, inside = wrapped("eager")
    run = WatchedRun(model)
    run.recorder.detach()
    run.recorder = Recorder(model, run.records.append, budget=1e-9)
    run.recorder.attach()
    steps = UncompiledSteps(run.recorder.hooks, run.records.append)
    run.recorder.set_hooks(SetHooks((inside,), FORWARD, enabled=True))
    train(run, steps, 30)
    run.recorder.hooks.every = 30  # as a bill would say
    steps.allow(20)
    assert run.entry(inside, FORWARD).every == 1
    train(run, steps, 20)
    assert run.now(inside, FORWARD).n_fires == 20
    run.recorder.detach()


def test_a_person_who_looks_is_told_where_this_helps_and_what_each_kind_would_meet(watch: Watch) -> None:
    model = nn.Sequential(torch.compile(Net(), backend="eager"), nn.Linear(1, 1))
    model[0]._orig_mod.several = nn.ModuleList()
    run = watch(model)
    board = Board(model, run.recorder.hooks)
    steps = UncompiledSteps(run.recorder.hooks, run.records.append)
    told = {fqn: board.count(fqn, enabled=True).is_compiled for fqn, _ in model.named_modules()}
    assert {fqn for fqn, is_compiled in told.items() if is_compiled} == {
        "0._orig_mod",
        "0._orig_mod.first",
        "0._orig_mod.second",
    }
    train(run, steps)
    inside = "0._orig_mod.first"
    compiled = board.count(inside, enabled=True)
    assert all("compiled region" in one.reason for one in compiled.forecasts if one.kind in ON_CALLS)
    steps.allow(2)
    train(run, steps)
    meanwhile = board.count(inside, enabled=True)
    assert meanwhile.is_compiled
    refused = {one.kind: one.reason for one in meanwhile.forecasts if one.is_refused}
    assert set(refused) == {HookKind.BACKWARD_PRE, HookKind.FULL_BACKWARD}
    assert "No input of it requires a gradient" in refused[HookKind.FULL_BACKWARD]
    train(run, steps)
    assert board.count(inside, enabled=True).forecasts == compiled.forecasts
    board.release()
