"""The user's code changes the model while it trains: series go on by their names, and hooks are put on again."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn
from watched_run import Watch, WatchedRun, traces

from moduleview.telemetry.hooks import HookKind, HookStatus

FORWARD, BACKWARD, TENSOR = HookKind.FORWARD, HookKind.BACKWARD, HookKind.TENSOR


def replace_module(model: nn.Sequential) -> None:
    model[0] = nn.Linear(3, 2, dtype=model[0].weight.dtype)


def recreate_parameter(model: nn.Sequential) -> None:
    model[0].weight = nn.Parameter(torch.full((2, 3), 0.25))


def convert(model: nn.Sequential) -> None:
    model.to(torch.float64)


def convert_by_swapping(model: nn.Sequential) -> None:
    torch.__future__.set_swap_module_params_on_conversion(True)
    try:
        model.to(torch.float64)
    finally:
        torch.__future__.set_swap_module_params_on_conversion(False)


def assign_state(model: nn.Sequential) -> None:
    model.load_state_dict({name: tensor.clone() for name, tensor in model.state_dict().items()}, assign=True)


def take_out_and_put_back(model: nn.Sequential) -> None:
    """What many libraries do."""
    weight = model[0]._parameters.pop("weight")
    model[0].register_parameter("weight", nn.Parameter(weight.detach().clone()))


CHANGES = [replace_module, recreate_parameter, convert, convert_by_swapping, assign_state, take_out_and_put_back]


def make_model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))


def loss_of(model: nn.Sequential) -> torch.Tensor:
    return model(torch.ones(2, 3, dtype=model[0].weight.dtype)).sum()


def train(run: WatchedRun) -> None:
    run.optimizer = torch.optim.SGD(run.model.parameters(), lr=0.0)  # as the user must: it holds parameters
    run.step(lambda: loss_of(run.model))


@pytest.mark.parametrize("change", [replace_module, recreate_parameter, convert_by_swapping, assign_state])
def test_hook_on_a_parameter_is_dead_after_the_change(change: Callable[[nn.Sequential], None]) -> None:
    """Fault rows 23 and 25, the naive way."""
    model, seen = make_model(), []
    model[0].weight.register_hook(seen.append)
    change(model)
    loss_of(model).backward()
    assert seen == []


@pytest.mark.parametrize("change", CHANGES)
def test_series_go_on_by_name_and_hooks_are_put_on_again(watch: Watch, change: Callable[[nn.Sequential], None]) -> None:
    """Fault rows 23 and 25: within one step."""
    model = make_model()
    run = watch(model)
    run.tick(FORWARD, "0")
    run.tick(BACKWARD, "0")
    run.tick(TENSOR, "0.weight", "1.bias")
    train(run)
    names = [set(run.values(quantity)) for quantity in ("grad_norm", "tensor.mean", "forward.mean")]
    change(model)
    train(run)
    assert [set(run.values(q)) for q in ("grad_norm", "tensor.mean", "forward.mean")] == names
    gradient = model[0].weight.grad.double()
    assert run.values("tensor.mean")["0.weight", ""] == pytest.approx(gradient.mean().item(), rel=1e-6)
    assert run.values("grad_norm")["0.weight", ""] == pytest.approx(gradient.norm().item(), rel=1e-6)
    output = model[0](torch.ones(2, 3, dtype=model[0].weight.dtype))
    assert run.values("forward.mean")["0", ""] == pytest.approx(output.double().mean().item(), rel=1e-6)
    assert run.values("backward.mean")["0", ""] == pytest.approx(model[1].weight.double().mean().item(), rel=1e-6)
    assert {entry.status for entry in run.entries()} == {HookStatus.ACTIVE}
    run.recorder.detach()
    assert traces(model) == []


def test_module_that_is_added_is_measured_from_its_first_step_with_the_optimizer(watch: Watch) -> None:
    model = make_model()
    run = watch(model)
    train(run)
    model.append(nn.Linear(1, 1))
    train(run)
    train(run)
    assert {fqn for fqn, _ in run.values("grad_norm")} >= {"0.weight", "2.weight", "2.bias"}
    assert run.values("grad_norm")["2.bias", ""] == 2.0


def test_module_that_is_gone_is_said_and_what_remains_goes_on(watch: Watch) -> None:
    model = make_model()
    run = watch(model)
    run.tick(FORWARD, "0", "1")
    train(run)
    del model[1]
    train(run)
    assert run.entry("1", FORWARD).status is HookStatus.CANNOT_FIRE
    assert "no module of that name" in run.entry("1", FORWARD).reason
    assert set(run.values("forward.mean")) == {("0", "")}
    model.append(nn.Linear(2, 1))
    train(run)
    train(run)
    assert run.entry("1", FORWARD).status is HookStatus.ACTIVE, "it came back under its name"


def test_parameter_that_thaws_gets_its_hook_and_its_series(watch: Watch) -> None:
    model = make_model()
    model[1].bias.requires_grad_(False)
    run = watch(model)
    run.tick(TENSOR, "1.bias")
    train(run)
    assert ("1.bias", "") not in run.values("grad_norm")
    assert "frozen" in run.entry("1.bias", TENSOR).reason
    model[1].bias.requires_grad_(True)
    train(run)
    assert run.values("tensor.mean")["1.bias", ""] == 2.0
    assert run.values("grad_norm")["1.bias", ""] == 2.0


def test_gradient_that_the_optimizer_does_not_hold_is_not_the_one_it_uses(watch: Watch) -> None:
    """The parameter was created anew and the optimizer was not: it trains what is no longer there."""
    model = make_model()
    run = watch(model)
    train(run)
    model[0].weight = nn.Parameter(torch.ones(2, 3))
    run.step(lambda: loss_of(model))
    assert ("0.weight", "") not in run.values("grad_norm")
    assert ("1.weight", "") in run.values("grad_norm")


def test_names_of_dead_modules_are_not_given_to_those_that_take_their_memory(watch: Watch) -> None:
    """Fault row 24: an id is used again at once."""
    ids = [id(nn.Linear(3, 3)) for _ in range(50)]
    assert len(set(ids)) < 50  # so a table by id says "0" of a module that nobody ticked
    model = make_model()
    run = watch(model)
    run.tick(FORWARD, "0")
    run.tick(BACKWARD, "0")
    train(run)
    n_fires = run.now("0", FORWARD).n_fires
    del model[0]

    def strangers() -> torch.Tensor:
        total = torch.zeros(())
        for _ in range(50):
            stranger = nn.Linear(3, 3)
            total = total + stranger(torch.ones(1, 3)).sum()
            del stranger
        return total

    run.raw_step(strangers)
    assert run.values("forward.mean") == {}
    assert run.now("0", FORWARD).n_fires == n_fires


def test_norm_after_a_change_of_dtype_is_that_of_the_new_gradient(watch: Watch) -> None:
    model = make_model()
    run = watch(model)
    train(run)
    model.to(torch.bfloat16)
    train(run)
    assert run.values("grad_norm")["1.bias", ""] == 2.0
    assert run.values("grad_norm")["0.bias", ""] == pytest.approx(
        math.sqrt(sum(value**2 for value in model[0].bias.grad.double().tolist())), rel=1e-3
    )
