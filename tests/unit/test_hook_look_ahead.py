"""Before a tick the board says what a hook would meet, and which kind works instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from watched_run import Watch, WatchedRun, digest, traces

from moduleview.hooks.board import Board
from moduleview.telemetry.hooks import HookForecast, HookKind

FORWARD_PRE, FORWARD, BACKWARD = HookKind.FORWARD_PRE, HookKind.FORWARD, HookKind.BACKWARD
TRIED = (HookKind.BACKWARD_PRE, HookKind.FULL_BACKWARD)


class Model(nn.Module):
    """``inner`` between a Linear and whatever the test does with its output."""

    def __init__(self, inner: nn.Module, use: Callable[[Any], torch.Tensor] = lambda y: y) -> None:
        super().__init__()
        self.before, self.inner, self.use = nn.Linear(3, 3), inner, use

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.use(self.inner(self.before(x)))


class Gives(nn.Module):
    def __init__(self, shape: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: torch.Tensor) -> Any:
        return self.shape(2 * x)


def look(run: WatchedRun, fqn: str = "inner", n_steps: int = 1) -> dict[HookKind, HookForecast]:
    """What is said after so many steps of somebody looking."""
    board = Board(run.model, run.recorder.hooks)
    board.count(fqn, enabled=True)
    for _ in range(n_steps):
        run.step(lambda: run.model(torch.ones(2, 3)).sum())
    found = board.news(at_once=True) or board.count(fqn, enabled=True)
    return {forecast.kind: forecast for forecast in found.forecasts}


@pytest.mark.parametrize(
    ("inner", "use", "because"),
    [
        (nn.Linear(3, 3), lambda y: y.relu_(), "in-place operation"),
        (nn.ReLU(inplace=True), lambda y: y, "changes its input in place"),
        (Gives(lambda y: {"out": y}), lambda out: out["out"], "this is a dict"),
        (Gives(lambda y: [y]), lambda out: out[0], "this is a list"),
    ],
    ids=["in place after", "in place inside", "dict", "list"],
)
def test_torchs_full_backward_hooks_are_foretold_to_fail_and_ours_is_offered(
    watch: Watch, inner: nn.Module, use: Callable[[Any], torch.Tensor], because: str
) -> None:
    told = look(watch(Model(inner, use)))
    for kind in TRIED:
        assert because in told[kind].reason
        assert told[kind].is_refused
        assert told[kind].instead is BACKWARD
    assert FORWARD_PRE not in told
    assert BACKWARD not in told or not told[BACKWARD].is_refused


def test_what_is_foretold_is_what_a_tick_then_says(watch: Watch) -> None:
    run = watch(Model(nn.Linear(3, 3), lambda y: y.relu_()))
    told = look(run)
    run.tick(HookKind.FULL_BACKWARD, "inner")
    run.step(lambda: run.model(torch.ones(2, 3)).sum())
    assert run.entry("inner", HookKind.FULL_BACKWARD).reason == told[HookKind.FULL_BACKWARD].reason


def test_a_backward_hook_before_an_in_place_operation_says_which_value_its_gradient_is_of(watch: Watch) -> None:
    told = look(watch(Model(nn.Linear(3, 3), lambda y: y.relu_())))
    assert not told[BACKWARD].is_refused
    assert "before it" in told[BACKWARD].reason


def test_where_nothing_is_in_the_way_only_the_last_digits_are_mentioned(watch: Watch) -> None:
    told = look(watch(Model(nn.Linear(3, 3))))
    assert set(told) == set(TRIED)
    assert not any(forecast.is_refused for forecast in told.values())
    assert all("last digits" in forecast.reason for forecast in told.values())


def test_before_a_step_only_what_the_model_itself_tells_is_said(watch: Watch) -> None:
    told = look(watch(Model(nn.Linear(3, 3), lambda y: y.relu_())), n_steps=0)
    assert not any(forecast.is_refused for forecast in told.values())
    told = look(watch(Model(nn.ModuleList())), n_steps=0)
    assert "never called itself" in told[FORWARD].reason


def test_a_module_that_is_not_called_is_said_not_to_be(watch: Watch) -> None:
    model = Model(nn.Identity())
    model.unused = nn.Linear(3, 3)
    told = look(watch(model), "unused")
    assert all("not called as a module" in told[kind].reason for kind in (FORWARD_PRE, FORWARD, BACKWARD, *TRIED))


def test_frozen_parts_give_no_gradient(watch: Watch) -> None:
    model = Model(nn.Linear(3, 3), lambda y: y.detach())
    model.after = nn.Linear(3, 1)
    model.use = lambda y: model.after(y.detach())
    model.before.requires_grad_(False)
    model.inner.requires_grad_(False)
    told = look(watch(model))
    assert told[BACKWARD].reason.startswith("Its output does not require a gradient")
    assert told[HookKind.TENSOR].fqn in ("inner.weight", "inner.bias")
    assert "frozen" in told[HookKind.POST_ACCUMULATE].reason


def test_a_script_module_and_a_compiled_region_are_said_to_refuse(watch: Watch) -> None:
    with pytest.warns(DeprecationWarning, match="deprecated"):
        scripted = torch.jit.script(nn.Linear(3, 3))
    assert "ScriptModule" in look(watch(Model(scripted)), n_steps=0)[FORWARD].reason
    compiled = Model(nn.Linear(3, 3))
    compiled.inner.compile(backend="eager")
    assert 'set_stance("force_eager")' in look(watch(compiled), n_steps=0)[FORWARD].reason


@pytest.fixture
def theirs() -> Iterator[None]:
    handle = register_module_forward_hook(lambda *_: None)
    yield
    handle.remove()


@pytest.mark.usefixtures("theirs")
def test_somebody_elses_hook_on_every_module_is_mentioned(watch: Watch) -> None:
    told = look(watch(Model(nn.Linear(3, 3))))
    assert "A hook of somebody else's on every module runs too" in told[FORWARD].reason
    assert not told[FORWARD].is_refused


def test_looking_at_a_transformer_in_evaluation_keeps_its_fast_path_and_says_what_would_not(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    run = watch(model)
    board = Board(model, run.recorder.hooks)
    board.count("", enabled=True)
    fast: list[int] = []
    original = torch._transformer_encoder_layer_fwd

    def noted(*args: object) -> torch.Tensor:
        fast.append(1)
        return original(*args)

    monkeypatch.setattr(torch, "_transformer_encoder_layer_fwd", noted)
    with torch.no_grad():
        run.raw_step(lambda: model(torch.randn(2, 3, 8)).sum())
    assert fast == [1]
    told = {forecast.kind: forecast for forecast in board.count("", enabled=True).forecasts}
    assert "fast path" in told[FORWARD_PRE].reason
    assert not told[FORWARD_PRE].is_refused


def test_looking_lasts_one_step_changes_no_weight_and_leaves_no_trace(watch: Watch) -> None:
    def train(looks: bool) -> list[bytes]:
        torch.manual_seed(0)
        model = Model(nn.Linear(3, 3), lambda y: y.relu_())
        run = watch(model)
        board = Board(model, run.recorder.hooks)
        if looks:
            board.count("inner", enabled=True)
        for _ in range(2):
            run.step(lambda: model(torch.ones(2, 3)).sum())
        assert not any("forward" in trace for trace in traces(model))
        board.release()
        run.recorder.detach()
        assert traces(model) == []
        return digest(model)

    assert train(looks=True) == train(looks=False)


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated")  # torch.compile imports it
def test_the_way_out_of_a_compiled_region_works_and_leads_back(watch: Watch) -> None:
    model = nn.Sequential(Model(nn.Linear(3, 3)))
    model[0].compile(backend="eager")
    run = watch(model)

    def step() -> None:
        run.step(lambda: model(torch.ones(2, 3)).sum())

    step()
    run.tick(FORWARD, "0.inner")
    assert 'set_stance("force_eager")' in run.entry("0.inner", FORWARD).reason
    torch.compiler.set_stance("force_eager")
    try:
        run.tick(FORWARD, "0.inner")
        step()
        assert run.now("0.inner", FORWARD).n_fires == 1
    finally:
        torch.compiler.set_stance("default")
    step()
    assert run.now("0.inner", FORWARD).n_fires == 1
    assert "not called as a module" in run.now("0.inner", FORWARD).reason
    torch.compiler.reset()
