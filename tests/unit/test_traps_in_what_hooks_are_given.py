"""What a hook is given, or gives back, that is not what one would think; ours says so, or sees the true thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from watched_run import Watch, WatchedRun, digest

from moduleview.hooks import sample_rows
from moduleview.hooks.board import Board
from moduleview.telemetry.hooks import HookForecast, HookKind, HookStatus

FORWARD, FORWARD_PRE, BACKWARD = HookKind.FORWARD, HookKind.FORWARD_PRE, HookKind.BACKWARD


class Sums(nn.Module):
    """Takes a list, or a tensor by name."""

    def forward(self, parts: Any = (), *, x: torch.Tensor | None = None) -> torch.Tensor:
        return sum(parts[1:], parts[0]) if x is None else x * 1.0


class Uses(nn.Module):
    def __init__(self, inner: nn.Module, use: Callable[[Any, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.before, self.inner, self.use = nn.Linear(3, 3), inner, use

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.use(self.inner, self.before(x))


def foretold(run: WatchedRun, fqn: str) -> dict[HookKind, HookForecast]:
    board = Board(run.model, run.recorder.hooks)
    board.count(fqn, enabled=True)
    run.step(lambda: run.model(torch.ones(2, 3)).sum())
    found = board.count(fqn, enabled=True)
    board.release()
    return {forecast.kind: forecast for forecast in found.forecasts}


@pytest.mark.parametrize(
    "use", [lambda inner, y: inner([y, 2 * y]), lambda inner, y: inner(x=y)], ids=["in a list", "by name"]
)
def test_full_backward_hook_gets_no_gradient_of_inputs_in_a_list_or_by_name_and_that_is_said(
    watch: Watch, use: Callable[..., torch.Tensor]
) -> None:
    naive: list[Any] = []
    model = Uses(Sums(), use)
    handle = model.inner.register_full_backward_hook(lambda _m, inputs, _o: naive.append(inputs))
    with pytest.warns(UserWarning, match="no inputs require gradients"):
        model(torch.ones(2, 3)).sum().backward()
    handle.remove()
    assert all(gradient is None for gradient in naive[0])

    run = watch(model)
    told = foretold(run, "inner")[HookKind.FULL_BACKWARD]
    assert "by name or inside a list" in told.reason
    assert told.instead is BACKWARD
    for kind in (BACKWARD, FORWARD_PRE):
        run.tick(kind, "inner")
    run.step(lambda: model(torch.ones(2, 3)).sum())
    assert set(run.values("backward.mean").values()) == {1.0}
    assert run.values("forward_pre.mean")


@pytest.mark.filterwarnings("ignore:Using a non-full backward hook:FutureWarning")
def test_full_backward_hook_is_refused_by_torch_beside_an_old_one_and_ours_goes_on(watch: Watch) -> None:
    model = Uses(nn.Linear(3, 3), lambda inner, y: inner(y))
    old: list[Any] = []
    handle = model.inner.register_backward_hook(lambda *_: old.append(1))
    with pytest.raises(RuntimeError, match="both regular backward hooks and full backward hooks"):
        model.inner.register_full_backward_hook(lambda *_: None)
    run = watch(model)
    run.tick(BACKWARD, "inner")
    run.step(lambda: model(torch.ones(2, 3)).sum())
    assert set(run.values("backward.mean").values()) == {1.0}
    assert old == [1]
    handle.remove()


def test_hook_on_a_tensor_that_returns_something_changes_the_gradient_and_ours_returns_nothing(watch: Watch) -> None:
    model = nn.Linear(3, 1)
    handle = model.weight.register_hook(lambda gradient: 2 * gradient)
    model(torch.ones(2, 3)).sum().backward()
    assert model.weight.grad.tolist() == [[4.0, 4.0, 4.0]]
    handle.remove()
    run = watch(model)
    for kind in (HookKind.TENSOR, HookKind.POST_ACCUMULATE):
        run.tick(kind, "weight")
    run.tick(BACKWARD, "")
    run.step(lambda: model(torch.ones(2, 3)).sum())
    assert model.weight.grad.tolist() == [[2.0, 2.0, 2.0]]


def test_forward_hook_of_somebody_else_replaces_the_output_after_ours_and_that_is_said(watch: Watch) -> None:
    model = Uses(nn.Identity(), lambda inner, y: inner(y))
    nn.init.ones_(model.before.weight)
    nn.init.zeros_(model.before.bias)
    seen: list[float] = []
    handles = [
        model.inner.register_forward_hook(lambda _m, _i, output: 10 * output),
        model.inner.register_forward_hook(lambda _m, _i, output: seen.append(float(output.detach().mean()))),
    ]
    run = watch(model, lr=0.0)
    told = foretold(run, "inner")
    assert "this is the output before it" in told[FORWARD].reason
    assert "the gradient of the output before it" in told[BACKWARD].reason
    assert not told[FORWARD].is_refused
    run.tick(FORWARD, "inner")
    run.tick(BACKWARD, "inner")
    run.step(lambda: model(torch.ones(2, 3)).sum())
    assert seen[-1] == 30.0
    assert set(run.values("forward.mean").values()) == {3.0}
    assert set(run.values("backward.mean").values()) == {10.0}
    for handle in handles:
        handle.remove()


def test_what_stands_in_the_place_of_a_forward_is_listed_with_the_hooks() -> None:
    def around(x: torch.Tensor) -> torch.Tensor:
        return 2 * x

    model = nn.Sequential(nn.Identity())
    model[0].forward = around
    (found,) = Board(model).hooks_on("0")
    assert found.kind == "forward replaced"
    assert found.name.endswith("around")
    assert found.location == f"{__file__}:{around.__code__.co_firstlineno}"
    assert "instead of it" in found.note
    assert found.not_counted == "Not counted: it is no hook."


def test_walk_that_drops_duplicates_misses_the_second_name_of_a_module_and_ours_has_both(watch: Watch) -> None:
    shared = nn.Linear(3, 3)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    assert "2" not in dict(model.named_modules())
    run = watch(model)
    run.tick(FORWARD, "0", "2")
    run.step(lambda: model(torch.ones(1, 3)).sum())
    assert {fqn for fqn, _ in run.values("forward.mean")} == {"0", "2"}


def test_ctrl_c_while_a_hook_measures_ends_the_run_and_does_not_count_as_its_fault(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook that swallowed whatever comes would keep a person from stopping the run."""
    model = nn.Linear(3, 1)
    run = watch(model)
    run.tick(FORWARD, "")

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sample_rows.SampleRows, "take", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run.step(lambda: model(torch.ones(2, 3)).sum())
    run.recorder.abandon_step()
    run.n_steps += 1
    run.step(lambda: model(torch.ones(2, 3)).sum())
    assert run.entry("", FORWARD).status is HookStatus.ACTIVE


@pytest.mark.parametrize("kind", [HookKind.FULL_BACKWARD, HookKind.BACKWARD_PRE, FORWARD_PRE])
def test_looking_on_before_a_tick_that_raises_does_not_reach_the_run(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, kind: HookKind
) -> None:
    def fail(*_: Any) -> Any:
        raise MemoryError("no room")

    def train(*, fails: bool) -> list[bytes]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
        run = watch(model)
        board = Board(model, run.recorder.hooks)
        if fails:
            board.count("1", enabled=True)
            run.tick(kind, "1")
        with monkeypatch.context() as patch:
            if fails:
                patch.setattr("moduleview.hooks.forecast._versions", fail)
                patch.setattr("moduleview.hooks.own_hooks.bounded_leaves", fail)
            run.step(lambda: model(torch.ones(2, 3)).sum())
        board.release()
        if fails:
            entry = run.now("1", kind)
            assert entry.status in (HookStatus.FAILED, HookStatus.CANNOT_FIRE)
            assert "MemoryError" in entry.reason
        return digest(model)

    assert train(fails=True) == train(fails=False)
