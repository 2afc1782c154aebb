"""What a watch is asked for in the middle of torch's own loops, on other threads, and after something was raised."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import torch
from torch import nn
from torch.amp.grad_scaler import GradScaler
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from watched_run import digest, traces

import moduleview
from moduleview.telemetry.hooks import OPTIMIZER_KINDS, PARAMETER_KINDS, HookKind

N_STEPS = 4


class Loop:
    """A small training that runs something at one place of one of its steps."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9)
        self.at: Callable[[], None] = lambda: None
        self.step = 0
        self.due = 1

    def hook(self, *_: Any) -> None:
        if self.step == self.due:
            self.due = -1
            self.at()

    def closure(self) -> torch.Tensor:
        self.optimizer.zero_grad()
        loss = self.model(torch.ones(3, 4) * self.step).square().mean()
        loss.backward()
        return loss.detach()

    def run(self, *, has_closure: bool = False) -> None:
        for self.step in range(N_STEPS):
            if has_closure:
                self.optimizer.step(self.closure)
            else:
                self.closure()
                self.optimizer.step()
            self.model.state_dict()
            self.optimizer.state_dict()


PLACES: dict[str, Callable[[Loop], Any]] = {
    "own step pre": lambda loop: loop.optimizer.register_step_pre_hook(loop.hook),
    "own step post": lambda loop: loop.optimizer.register_step_post_hook(loop.hook),
    "any step pre": lambda loop: register_optimizer_step_pre_hook(loop.hook),
    "any step post": lambda loop: register_optimizer_step_post_hook(loop.hook),
    "forward pre": lambda loop: loop.model[0].register_forward_pre_hook(loop.hook),
    "forward": lambda loop: loop.model[0].register_forward_hook(loop.hook),
    "any forward pre": lambda loop: register_module_forward_pre_hook(loop.hook),
    "any forward": lambda loop: register_module_forward_hook(loop.hook),
    "full backward": lambda loop: loop.model[2].register_full_backward_hook(loop.hook),
    "full backward pre": lambda loop: loop.model[2].register_full_backward_pre_hook(loop.hook),
    "tensor": lambda loop: loop.model[0].weight.register_hook(loop.hook),
    "post accumulate": lambda loop: loop.model[0].weight.register_post_accumulate_grad_hook(loop.hook),
    "state dict": lambda loop: loop.model.register_state_dict_post_hook(lambda *_: loop.hook()),
    "optimizer state dict": lambda loop: loop.optimizer.register_state_dict_post_hook(loop.hook),
}
IS_OURS_FIRST = pytest.mark.parametrize("is_ours_first", [True, False], ids=["ours first", "ours last"])
HAS_CLOSURE = pytest.mark.parametrize("has_closure", [True, False], ids=["closure", "no closure"])


def tick_all(w: moduleview.Watch, *, enabled: bool) -> None:
    for kind in HookKind:
        w.set_hook("" if kind in OPTIMIZER_KINDS else "0.weight" if kind in PARAMETER_KINDS else "0", kind, enabled)


def end_of(loop: Loop) -> tuple[list[bytes], set[str]]:
    """The weights, and what is left on the model and the optimizer; torch itself forgets not all of a user's hook."""
    return digest(loop.model), {*traces(loop.model), *map(str, loop.optimizer._optimizer_step_pre_hooks)}


def assert_is_as_bare(end: tuple[list[bytes], set[str]], bare: tuple[list[bytes], set[str]]) -> None:
    assert end[0] == bare[0]
    assert end[1] <= bare[1]


def bare_end(place: str, *, has_closure: bool) -> tuple[list[bytes], set[str]]:
    loop = Loop()
    handle = PLACES[place](loop)
    loop.run(has_closure=has_closure)
    handle.remove()
    return end_of(loop)


@IS_OURS_FIRST
@HAS_CLOSURE
@pytest.mark.parametrize("place", PLACES)
def test_a_watch_may_be_detached_from_within_any_hook(place: str, *, has_closure: bool, is_ours_first: bool) -> None:
    bare = torch.autograd._engine_run_backward, GradScaler.scale, GradScaler.step
    loop = Loop()
    handle = None if is_ours_first else PLACES[place](loop)
    w = moduleview.watch(loop.model, loop.optimizer)
    tick_all(w, enabled=True)
    handle = handle or PLACES[place](loop)
    loop.at = w.detach
    loop.run(has_closure=has_closure)
    handle.remove()
    assert 1 <= len(w.series("grad_norm", "0.weight")[0]) <= 2
    assert_is_as_bare(end_of(loop), bare_end(place, has_closure=has_closure))
    assert (torch.autograd._engine_run_backward, GradScaler.scale, GradScaler.step) == bare
    assert w.log == ()


@HAS_CLOSURE
@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("place", PLACES)
def test_hooks_may_be_ticked_from_within_any_hook(place: str, *, enabled: bool, has_closure: bool) -> None:
    loop = Loop()
    with moduleview.watch(loop.model, loop.optimizer) as w:
        if not enabled:
            tick_all(w, enabled=True)
        handle = PLACES[place](loop)
        loop.at = lambda: tick_all(w, enabled=enabled)
        loop.run(has_closure=has_closure)
        handle.remove()
        assert w.n_steps == N_STEPS
        steps = w.series("forward.mean", "0")[0].tolist()
        assert steps[-1] == 3 if enabled else steps[-1] < 3
        assert w.log == ()
    assert_is_as_bare(end_of(loop), bare_end(place, has_closure=has_closure))


class OopsError(Exception):
    pass


@HAS_CLOSURE
@pytest.mark.parametrize("place", [place for place in PLACES if "state dict" not in place])
def test_a_watch_goes_on_after_an_exception_and_leaves_no_trace_when_it_ends_by_one(
    place: str, *, has_closure: bool
) -> None:
    def oops() -> None:
        raise OopsError

    def run(*, is_watched: bool) -> tuple[list[bytes], set[str]]:
        loop = Loop()
        handle = PLACES[place](loop)
        w = moduleview.watch(loop.model, loop.optimizer) if is_watched else None
        loop.at = oops
        with suppress(OopsError):
            loop.run(has_closure=has_closure)
        loop.run(has_closure=has_closure)
        loop.due = 1
        with suppress(OopsError):
            if w is None:
                loop.run(has_closure=has_closure)
            else:
                with w:
                    assert N_STEPS + 1 <= w.n_steps <= N_STEPS + 2
                    assert w.log == ()
                    loop.run(has_closure=has_closure)
        handle.remove()
        return end_of(loop)

    assert_is_as_bare(run(is_watched=True), run(is_watched=False))


def test_two_watches_of_one_model_measure_the_same_and_leave_in_any_order() -> None:
    loop = Loop()
    first, second = moduleview.watch(loop.model, loop.optimizer), moduleview.watch(loop.model)
    for w in (first, second):
        tick_all(w, enabled=True)
    loop.run()
    first.detach()
    loop.run()
    second.detach()
    assert (first.n_steps, second.n_steps) == (N_STEPS, 2 * N_STEPS)
    for quantity in ("loss", "grad_norm", "local_grad_norm", "update_ratio", "forward.mean"):
        name = "" if quantity == "loss" else "0" if quantity == "forward.mean" else "0.weight"
        one, other = (w.series(quantity, name)[1].tolist() for w in (first, second))
        assert one == other[:N_STEPS]
        assert len(one) == N_STEPS, quantity
    assert traces(loop.model) == []


def test_other_threads_may_tick_read_and_detach_while_a_model_trains() -> None:
    loop = Loop()
    w = moduleview.watch(loop.model, loop.optimizer)
    errors: list[BaseException] = []
    is_detached = threading.Event()

    def train() -> None:
        try:
            while not is_detached.is_set():
                loop.run()
            loop.run()
        except BaseException as error:
            errors.append(error)

    def disturb() -> None:
        try:
            for turn in range(60):
                tick_all(w, enabled=turn % 2 == 0)
                w.series("grad_norm", "0.weight")
                w.keys("loss")
                _ = w.n_steps, w.log
        except BaseException as error:
            errors.append(error)

    trainer = threading.Thread(target=train)
    trainer.start()
    disturbers = [threading.Thread(target=disturb) for _ in range(2)]
    for thread in disturbers:
        thread.start()
    for thread in disturbers:
        thread.join()
    w.detach()
    is_detached.set()
    trainer.join()
    w.detach()
    assert errors == []
    assert w.log == ()
    assert traces(loop.model) == []


@pytest.mark.parametrize("is_told", [True, False])
def test_what_fails_within_the_watch_itself_ends_it_and_not_the_training(
    monkeypatch: pytest.MonkeyPatch, is_told: bool
) -> None:
    loop = Loop()
    w = moduleview.watch(loop.model, loop.optimizer)
    monkeypatch.setattr(w._recorder, "end_step", lambda *_: 1 / 0)
    if is_told:
        loop.closure()
        w.step()
        loop = Loop()
    loop.run()
    assert_is_as_bare(end_of(loop), bare_end("forward", has_closure=False))
    assert "Watching failed at step 0 and was switched off: ZeroDivisionError('division by zero')" in w.log
    assert any("Traceback" in line for line in w.log)
    assert repr(w).endswith("detached>")
    assert traces(loop.model) == []
