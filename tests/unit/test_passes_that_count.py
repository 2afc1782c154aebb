"""Which backward passes make a step: not those of other models, of other threads, or whose gradients were cleared."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn

import moduleview


def scalar() -> nn.Linear:
    """One weight, 1: its gradient is its input, and so is its output."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    return model


def one_pass(model: nn.Module, value: float) -> None:
    model(torch.full((1, 1), value)).sum().backward()


def values(w: moduleview.Watch, quantity: str, fqn: str = "weight", part: str = "") -> list[float]:
    return w.series(quantity, fqn, part=part)[1].tolist()


def assert_one_pass_a_step(w: moduleview.Watch, numbers: list[float]) -> None:
    assert values(w, "loss", "") == numbers
    for station in ("micro_grad_norm", "accumulated_grad_norm", "grad_norm"):
        assert values(w, station) == numbers
    assert {key.part for key in w.keys("micro_grad_norm")} == {""}


@pytest.mark.parametrize("clears_after_step", [True, False])
def test_another_models_passes_are_not_counted_to_this_ones_loss(clears_after_step: bool) -> None:
    model, other = scalar(), scalar()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer) as w:
        for _ in range(2):
            one_pass(other, 100.0)
            one_pass(other, 10.0)
            if not clears_after_step:
                optimizer.zero_grad()
            one_pass(model, 2.0)
            optimizer.step()
            if clears_after_step:
                optimizer.zero_grad()
    assert_one_pass_a_step(w, [2.0, 2.0])


def test_a_pass_that_was_given_up_is_not_counted_to_the_next_step() -> None:
    model = scalar()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer) as w:
        for value in (2.0, 50.0, 3.0):
            optimizer.zero_grad()
            one_pass(model, value)
            if value < 50.0:
                optimizer.step()
    assert_one_pass_a_step(w, [2.0, 3.0])


def test_the_loss_of_a_closure_is_that_of_its_last_call() -> None:
    model = scalar()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.01, max_iter=3)
    losses: list[float] = []

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = model(torch.ones(1, 1)).square().sum()
        loss.backward()
        losses.append(loss.item())
        return loss

    with moduleview.watch(model, optimizer) as w:
        optimizer.step(closure)
    assert len(losses) > 1
    assert values(w, "loss", "") == pytest.approx(losses[-1:], rel=1e-6)


def test_passes_in_another_thread_are_not_counted() -> None:
    model, other = scalar(), scalar()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer) as w:
        for _ in range(2):
            one_pass(model, 2.0)
            elsewhere = threading.Thread(target=one_pass, args=(other, 100.0))
            elsewhere.start()
            elsewhere.join()
            optimizer.step()
            optimizer.zero_grad()
    assert_one_pass_a_step(w, [2.0, 2.0])
