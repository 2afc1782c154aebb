"""A hook that raises, keeps tensors, or draws random numbers harms the run; ours does none of it."""

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn
from watched_run import Watch, digest

import moduleview
from failing_operations import FailingOperations
from moduleview.telemetry.hooks import HookKind, HookStatus

FORWARD, BACKWARD, TENSOR = HookKind.FORWARD, HookKind.BACKWARD, HookKind.TENSOR
SAFE_KINDS = (HookKind.FORWARD_PRE, FORWARD, BACKWARD)


def no_room(*_: Any) -> Exception:
    return torch.OutOfMemoryError("no room")


def test_hook_that_raises_leaves_half_a_backward_and_ours_a_whole_one(watch: Watch) -> None:
    """Fault row 28: out of memory in whatever is measured."""

    def naive_hook(_: torch.Tensor) -> None:
        raise no_room()

    naive = nn.Linear(3, 1)
    naive.weight.register_hook(naive_hook)
    with pytest.raises(torch.OutOfMemoryError):
        naive(torch.ones(2, 3)).sum().backward()
    assert naive.weight.grad is None
    assert naive.bias.grad is not None

    model = nn.Linear(3, 1)
    run = watch(model)
    run.tick(TENSOR, "weight")
    for kind in SAFE_KINDS:
        run.tick(kind, "")
    with FailingOperations(no_room) as failing:
        run.step(lambda: model(torch.ones(2, 3)).sum())
    assert failing.n_raised
    assert model.weight.grad.tolist() == [[2.0, 2.0, 2.0]]
    assert model.bias.grad.tolist() == [2.0]
    assert {entry.status for entry in run.entries()} == {HookStatus.FAILED}
    assert all("no room" in entry.reason and "step 0" in entry.reason for entry in run.entries())
    assert all("OutOfMemoryError" in entry.traceback for entry in run.entries())
    run.step(lambda: model(torch.ones(2, 3)).sum())
    assert run.values("tensor.mean") == run.values("forward.mean") == {}
    run.tick(FORWARD, "")  # ticking again tries again
    run.step(lambda: model(torch.ones(2, 3)).sum())
    assert set(run.values("forward.mean")) == {("", "")}


def test_hook_of_the_users_that_raises_still_ends_the_users_step(watch: Watch) -> None:
    """It is not for us to hide it."""

    class TheirsError(Exception):
        pass

    def theirs(*_: Any) -> None:
        raise TheirsError

    model = nn.Linear(3, 1)
    run = watch(model)
    run.tick(FORWARD, "")
    handle = model.register_forward_hook(theirs)
    with pytest.raises(TheirsError):
        run.step(lambda: model(torch.ones(2, 3)).sum())
    run.recorder.abandon_step()
    handle.remove()
    run.n_steps += 1
    run.step(lambda: model(torch.ones(2, 3)).sum())
    assert run.entry("", FORWARD).status is HookStatus.ACTIVE


@pytest.fixture
def without_collector() -> Iterator[None]:
    """What only the cyclic collector finds is found late."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_hook_that_holds_the_output_leaks_each_step_even_after_a_collection(
    watch: Watch, without_collector: None
) -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    x = torch.ones(2, 3)
    outputs: list[weakref.ref[torch.Tensor]] = []

    def keep(module: nn.Module, args: Any, output: torch.Tensor) -> None:
        def compare(gradient: torch.Tensor) -> None:
            assert gradient.shape == output.shape  # so the output's own hook holds the output

        output.register_hook(compare)

    def step() -> torch.Tensor:
        hidden = model[0](x)
        outputs.append(weakref.ref(hidden))
        return model[1](hidden).sum()

    handle = model[0].register_forward_hook(keep)
    for _ in range(3):
        step().backward()
    handle.remove()
    gc.collect()
    assert [output() is None for output in outputs] == [False] * 3

    outputs.clear()
    run = watch(model)
    for kind in SAFE_KINDS:
        run.tick(kind, "", "0", "1")
    for _ in range(3):
        run.step(step)
    assert [output() is None for output in outputs] == [True] * 3  # at once, without the collector


def test_hook_that_draws_random_numbers_changes_the_run_and_ours_draws_none(watch: Watch) -> None:
    """Fault row 29."""

    def weights(attach: Callable[[nn.Module], Any]) -> tuple[list[bytes], list[int]]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(300, 300), nn.Dropout(0.5), nn.Linear(300, 1))
        run = attach(model)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        def step() -> None:
            optimizer.zero_grad()
            model(torch.ones(400, 300)).sum().backward()  # more elements than a sample has
            optimizer.step()

        for _ in range(2):
            step() if run is None else run.raw_step(step)
        return digest(model), torch.get_rng_state().tolist()

    def naive(model: nn.Module) -> None:
        model[0].register_forward_hook(lambda _m, _i, output: torch.randint(output.numel(), (64,)) is None or None)

    def ours(model: nn.Module) -> Any:
        run = watch(model)
        for kind in SAFE_KINDS:
            run.tick(kind, "", "0", "1", "2")
        run.tick(TENSOR, "0.weight", "2.bias")
        return run

    plain = weights(lambda model: None)
    assert weights(naive) != plain
    assert weights(ours) == plain


def test_anomaly_mode_misses_what_the_forward_made_and_ours_names_the_module(watch: Watch) -> None:
    """A NaN that no gradient passes through, and every gradient that is infinite."""

    class Log(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.log(x.detach())

    model = nn.Sequential(nn.Linear(2, 2), Log())
    nn.init.constant_(model[0].weight, -1.0)

    def loss() -> torch.Tensor:
        bad = model(torch.ones(1, 2)).nan_to_num(0.0)
        return bad.sum() + model[0](torch.ones(1, 2)).square().sum() * math.inf

    run = watch(model)
    run.tick(FORWARD, "0", "1")
    run.tick(TENSOR, "0.bias")
    with torch.autograd.set_detect_anomaly(True):
        run.step(loss)  # raises nothing
    assert run.values("forward.non_finite") == {("0", ""): 0.0, ("0", "call 1"): 0.0, ("1", ""): 2.0}
    assert run.values("tensor.non_finite") == {("0.bias", ""): 2.0}


def test_event_of_a_hook_that_was_taken_off_meanwhile_is_dropped(watch: Watch) -> None:
    """A full-backward hook that is removed after the forward fires all the same."""
    model = nn.Linear(3, 1)
    x = torch.ones(2, 3, requires_grad=True)
    late: list[str] = []
    handle = model.register_full_backward_hook(lambda *_: late.append("late"))
    loss = model(x).sum()
    handle.remove()
    loss.backward()
    assert late == ["late"]

    run = watch(model)
    run.tick(BACKWARD, "")
    run.recorder.begin_step(0)
    loss = model(x).sum()
    run.recorder.detach()
    loss.backward()
    run.recorder.attach()
    run.n_steps = 1
    run.step(lambda: model(x).sum())
    assert run.values("backward.mean") == {}


def test_optimizer_that_steps_in_backward_leaves_no_gradient_and_ours_says_so_without_raising(watch: Watch) -> None:
    """The user's own post-accumulate hook sets the gradient to None, before any hook that was put on later."""
    model = nn.Linear(3, 1)
    optimizers = {parameter: torch.optim.SGD([parameter], lr=0.1) for parameter in model.parameters()}

    def step_in_backward(parameter: nn.Parameter) -> None:
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    handles = [parameter.register_post_accumulate_grad_hook(step_in_backward) for parameter in model.parameters()]
    naive: list[Any] = []
    handles.append(model.weight.register_post_accumulate_grad_hook(lambda parameter: naive.append(parameter.grad)))
    run = watch(model)
    run.tick(TENSOR, "bias")
    run.raw_step(lambda: model(torch.ones(2, 3)).sum().backward())
    for handle in handles:
        handle.remove()
    assert naive == [None]
    assert run.values("tensor.mean") == {("bias", ""): 2.0}
    assert run.values("grad_norm") == pytest.approx({("weight", ""): math.sqrt(12), ("bias", ""): 2.0}, rel=1e-6)
    assert run.log() == []


def test_optimizer_whose_step_raises_does_not_leave_the_run_half_measured(watch: Watch) -> None:
    """Its post hook is not called: what is paired with the pre hook would wait for ever."""
    model = nn.Linear(3, 1)
    run = watch(model)

    class FailingError(Exception):
        pass

    class Failing(torch.optim.SGD):
        fails = True

        def step(self, closure: Any = None) -> None:
            if self.fails:
                raise FailingError
            super().step(closure)

    run.optimizer = Failing(model.parameters(), lr=0.1)
    with pytest.raises(FailingError):
        run.step(lambda: model(torch.ones(2, 3)).sum())
    run.recorder.abandon_step()
    run.optimizer.fails, run.n_steps = False, 1
    run.step(lambda: model(torch.ones(2, 3)).sum())
    assert run.values("grad_norm")["bias", ""] == 2.0


def test_optimizer_kinds_can_be_ticked_while_the_optimizer_runs_its_own_hooks() -> None:
    """Torch raises in the user's step where its table of hooks changes meanwhile; ours ends a step in such a hook."""
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.register_step_post_hook(lambda *_: optimizer.register_step_post_hook(lambda *_: None) and None)
    optimizer.register_step_post_hook(lambda *_: None)
    with pytest.raises(RuntimeError, match="mutated"):
        optimizer.step()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with moduleview.watch(model, optimizer) as w:
        for enabled in (True, False, True):
            w.set_hook("", "forward")  # a step begins with the forward then
            loss = model(torch.ones(2, 3)).sum()
            w.set_hook("", "optimizer_step_post", enabled=enabled)  # applies when the step is over
            w.set_hook("", "optimizer_step_pre", enabled=enabled)
            loss.backward()
            optimizer.step()
            optimizer.step()
        assert w.store.hooks["", HookKind.STEP_POST].n_fires == 1
