"""Which backward passes make a step: not those of other models, of other threads, or whose gradients were cleared."""

from __future__ import annotations

import threading

import pytest
import torch
from torch import nn
from torch.amp.grad_scaler import GradScaler

import moduleview


def scalar() -> nn.Linear:
    """One weight, 1: its gradient is its input, and so is its output."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    return model


def one_pass(model: nn.Module, value: float, scaler: GradScaler | None = None) -> None:
    loss = model(torch.full((1, 1), value)).sum()
    (loss if scaler is None else scaler.scale(loss)).backward()


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


@pytest.mark.parametrize("set_to_none", [True, False])
def test_another_models_passes_between_micro_batches_are_not_counted(set_to_none: bool) -> None:
    """As a discriminator's, trained in between."""
    model, other = scalar(), scalar()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer) as w:
        for _ in range(3):
            one_pass(model, 2.0)
            one_pass(other, 100.0)
            one_pass(model, 3.0)
            one_pass(other, 10.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=set_to_none)
    assert values(w, "loss", "") == [5.0] * 3
    assert values(w, "grad_norm") == values(w, "accumulated_grad_norm") == [5.0] * 3
    assert values(w, "micro_grad_norm") == values(w, "accumulated_grad_norm", part="pass 0") == [2.0] * 3
    assert values(w, "micro_grad_norm", part="pass 1") == [3.0] * 3
    assert {key.part for key in w.keys("micro_grad_norm")} == {"", "pass 1"}


@pytest.mark.parametrize("set_to_none", [True, False])
def test_a_pass_that_was_given_up_is_not_counted_where_zeros_are_kept_either(set_to_none: bool) -> None:
    model = scalar()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer) as w:
        for value in (2.0, 50.0, 3.0):
            one_pass(model, value)
            if value < 50.0:
                optimizer.step()
            optimizer.zero_grad(set_to_none=set_to_none)
    assert_one_pass_a_step(w, [2.0, 3.0])


def test_another_models_scale_is_not_this_ones() -> None:
    model, other = scalar(), scalar()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    ours, theirs = GradScaler("cpu", init_scale=8.0), GradScaler("cpu", init_scale=1024.0)
    with moduleview.watch(model, optimizer) as w:
        for _ in range(2):
            one_pass(other, 5.0, theirs)
            one_pass(model, 2.0, ours)
            one_pass(other, 7.0, theirs)
            one_pass(other, 7.0)
            ours.step(optimizer)
            ours.update()
            optimizer.zero_grad(set_to_none=False)
    assert values(w, "loss", "") == values(w, "grad_norm") == values(w, "local_grad_norm") == [2.0] * 2
    assert values(w, "loss_scale", "") == [8.0] * 2
    assert values(w, "accumulated_grad_norm") == [16.0] * 2


def test_losses_that_were_scaled_together_are_each_in_their_own_units() -> None:
    model = scalar()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    scaler = GradScaler("cpu", init_scale=8.0)
    with moduleview.watch(model, optimizer) as w:
        scaled = scaler.scale([model(torch.full((1, 1), value)).sum() for value in (2.0, 3.0)])
        for loss in scaled:
            loss.backward()
        scaler.step(optimizer)
    assert values(w, "loss", "") == values(w, "local_grad_norm") == [5.0]


def test_a_loss_of_gradients_and_losses_for_several_parts_are_what_was_asked_for() -> None:
    """Second derivatives by hand: what is asked for after the loss is none."""
    model = scalar()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model, optimizer) as w:
        loss = model(torch.full((1, 1), 2.0)).square().sum()
        (first,) = torch.autograd.grad(loss, [model.weight], create_graph=True)
        (model.weight.grad,) = torch.autograd.grad(first.sum() * 3.0, [model.weight])
        optimizer.step()
        losses = [model(torch.full((1, 1), value)).sum() for value in (2.0, 3.0)]
        model.weight.grad = sum(torch.autograd.grad(loss, [model.weight])[0] for loss in losses)
        optimizer.step()
    assert values(w, "loss", "") == [4.0, 5.0]
    assert values(w, "grad_norm") == [24.0, 5.0]


def test_a_batch_of_gradients_at_once_is_let_through() -> None:
    model = scalar()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with moduleview.watch(model) as w:
        outputs = model(torch.full((1, 1), 2.0)).flatten().repeat(3)
        (rows,) = torch.autograd.grad(outputs, [model.weight], torch.eye(3), is_grads_batched=True)
        assert rows.shape == (3, 1, 1)
        one_pass(model, 2.0)
        optimizer.step()
        assert w.log == ()
    assert_one_pass_a_step(w, [2.0])


def test_another_models_scale_does_not_stay_for_passes_that_nobody_scaled() -> None:
    model, other = scalar(), scalar()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    theirs = GradScaler("cpu", init_scale=1024.0)
    with moduleview.watch(model, optimizer) as w:
        for _ in range(2):
            one_pass(other, 5.0, theirs)
            one_pass(model, 2.0)
            optimizer.step()
            optimizer.zero_grad()
    assert_one_pass_a_step(w, [2.0, 2.0])
    assert values(w, "local_grad_norm") == [2.0, 2.0]
    assert w.series("loss_scale")[1].tolist() == []


def test_another_models_pass_does_not_hide_the_gradients_of_an_update_by_hand() -> None:
    model, other = scalar(), scalar()
    with moduleview.watch(model) as w:
        for _ in range(3):
            (gradient,) = torch.autograd.grad(model(torch.full((1, 1), 2.0)).sum(), [model.weight])
            one_pass(other, 100.0)
            with torch.no_grad():
                model.weight -= 0.125 * gradient
    assert values(w, "grad_norm") == values(w, "local_grad_norm") == [2.0] * 3
    assert values(w, "loss", "") == [2.0, 1.5, 1.0]
    assert values(w, "update_norm") == [0.25] * 3
