"""All that an optimizer trained is replaced while a watch is on: it goes on with the optimizer that holds the new."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

import moduleview


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 1))


def train(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    model(torch.ones(2, 8)).square().sum().backward()
    optimizer.step()


def assign_state(model: nn.Sequential) -> nn.Module:
    model.load_state_dict({name: value.clone() for name, value in model.state_dict().items()}, assign=True)
    return model


def replace_head_and_train_it_alone(model: nn.Sequential) -> nn.Module:
    model.requires_grad_(False)
    model[2] = nn.Linear(4, 1)
    return model[2]


@pytest.mark.parametrize("is_given", [True, False])
@pytest.mark.parametrize("change", [assign_state, replace_head_and_train_it_alone])
def test_an_optimizer_of_nothing_but_new_parameters_is_found(
    is_given: bool, change: Callable[[nn.Sequential], nn.Module]
) -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with moduleview.watch(model, optimizer if is_given else None) as w:
        for _ in range(3):
            train(model, optimizer)
        optimizer = torch.optim.SGD(change(model).parameters(), lr=0.01)
        for _ in range(2):
            train(model, optimizer)
        steps, values = w.series("grad_norm", "2.weight")
        assert steps.tolist() == [0, 1, 2, 3, 4]
        assert values[-1] == pytest.approx(model[2].weight.grad.double().norm().item(), rel=1e-6)
    assert w.log == ()


def test_an_optimizer_of_parameters_that_the_given_one_leaves_to_others_ends_no_step_after_a_change_either() -> None:
    model = nn.ModuleDict({"ours": net(), "theirs": net()})
    ours = torch.optim.SGD(model["ours"].parameters(), lr=0.01)
    theirs = torch.optim.SGD(model["theirs"].parameters(), lr=0.01)
    with moduleview.watch(model, ours) as w:
        train(model["ours"], ours)
        model["ours"][2] = nn.Linear(4, 1)
        ours = torch.optim.SGD(model["ours"].parameters(), lr=0.01)
        train(model["ours"], ours)
        assert w.series("grad_norm", "ours.2.bias")[0].tolist() == [0, 1]
        train(model["theirs"], theirs)
        assert w.n_steps == 2


@pytest.mark.parametrize("is_ticked", [True, False])
def test_a_parameter_in_the_place_of_another_is_measured_from_its_first_step(is_ticked: bool) -> None:
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with moduleview.watch(model, optimizer) as w:
        if is_ticked:  # then a step begins with the first call, not with the first pass
            w.set_hook("0", "forward")
        train(model, optimizer)
        model[0].weight = nn.Parameter(torch.ones(4, 8))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for _ in range(2):
            train(model, optimizer)
        for quantity in ("grad_norm", "local_grad_norm", "update_norm"):
            assert w.series(quantity, "0.weight")[0].tolist() == [0, 1, 2], quantity


def test_a_parameter_that_takes_anothers_place_for_a_while_is_not_followed() -> None:
    model = net()
    weight, other = model[0].weight, nn.Parameter(torch.ones(4, 8))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with moduleview.watch(model, optimizer) as w:
        generation = w._snapshot.generation
        for _ in range(3):
            train(model, optimizer)
            model[0].weight = other
            model[0].weight = weight
        assert w.series("grad_norm", "0.weight")[0].tolist() == [0, 1, 2]
        assert w._snapshot.generation == generation


def test_a_change_that_was_followed_does_not_end_a_later_step_when_another_model_is_trained_in_it() -> None:
    model, other = net(), net()
    theirs = torch.optim.SGD(other.parameters(), lr=0.01)
    with moduleview.watch(model) as w:
        model[0].weight = nn.Parameter(torch.ones(4, 8))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for step in range(3):
            optimizer.zero_grad()
            model(torch.ones(2, 8)).square().sum().backward()
            w._structure._next_look_s = 0.0  # as after a while
            train(other, theirs)
            optimizer.step()
            assert w.series("loss")[0].tolist() == list(range(step + 1))
