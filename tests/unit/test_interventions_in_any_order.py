"""Changes of rates, modes, modules and tensors: what they touch, what they leave, and taking them back in any order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import nn

from moduleview.interventions.add_to_optimizer import AddToOptimizer
from moduleview.interventions.base import InterventionError, LiveRun
from moduleview.interventions.dropout_rate import DropoutRate
from moduleview.interventions.journal import Journal
from moduleview.interventions.learning_rate import LearningRate
from moduleview.interventions.module_mode import ModuleMode
from moduleview.interventions.offered import OfferedChange
from moduleview.interventions.register_buffer import RegisterBuffer
from moduleview.interventions.register_parameter import RegisterParameter
from moduleview.interventions.swap_activation import SwapActivation
from moduleview.telemetry.changes_messages import Argument, ChangeJournaled
from moduleview.telemetry.records import Record


class Bench:
    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> None:
        self.model = model
        self.optimizer = optimizer
        self.run = LiveRun(model, () if optimizer is None else (optimizer,))
        self.records: list[Record] = []
        self.journal = Journal(self.records.append)

    def make(self, kind: type[OfferedChange], fqn: str, **arguments: Argument) -> int:
        return self.journal.apply(kind.make(self.run, fqn, arguments), self.run, 0)

    def back(self, entry: int) -> None:
        self.journal.take_back(entry, self.run, 1)

    def groups(self) -> list[tuple[list[str], Any]]:
        assert self.optimizer is not None
        names = {id(p): name for name, p in self.model.named_parameters()}
        return [([names[id(p)] for p in group["params"]], group["lr"]) for group in self.optimizer.param_groups]


def three_layers() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(*(nn.Linear(2, 2, bias=False) for _ in range(3)))


def state_of(optimizer: torch.optim.Optimizer) -> Mapping[int, torch.Tensor]:
    return {id(p): state["exp_avg"].clone() for p, state in optimizer.state.items()}


def test_a_part_of_a_group_is_split_with_its_state_and_merged_again() -> None:
    model = three_layers()
    bench = Bench(model, torch.optim.Adam(model.named_parameters(), lr=0.1, betas=(0.5, 0.9)))
    assert bench.optimizer is not None
    model(torch.ones(1, 2)).sum().backward()
    bench.optimizer.step()
    before, state = bench.groups(), state_of(bench.optimizer)
    entry = bench.make(LearningRate, "1", rate=0.5)
    assert bench.groups() == [(["0.weight", "2.weight"], 0.1), (["1.weight"], 0.5)]
    assert bench.optimizer.param_groups[1]["betas"] == (0.5, 0.9)
    assert bench.optimizer.param_groups[1]["param_names"] == ["1.weight"]
    bench.optimizer.step()
    bench.optimizer.load_state_dict(bench.optimizer.state_dict())
    bench.back(entry)
    assert bench.groups() == before
    assert bench.optimizer.param_groups[0]["param_names"] == ["0.weight", "1.weight", "2.weight"]
    assert state_of(bench.optimizer).keys() == state.keys()


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_rates_that_lie_over_each_other_are_taken_back_in_any_order(order: tuple[int, ...]) -> None:
    model = nn.Sequential(three_layers(), nn.Linear(2, 2, bias=False))
    bench = Bench(model, torch.optim.SGD(model.parameters(), lr=0.1))
    before = bench.groups()
    entries = [bench.make(LearningRate, fqn, rate=rate) for fqn, rate in (("0", 0.2), ("0.1", 0.3), ("0", 0.4))]
    assert {name: lr for names, lr in bench.groups() for name in names} == {
        "0.0.weight": 0.4,
        "0.1.weight": 0.4,
        "0.2.weight": 0.4,
        "1.weight": 0.1,
    }
    bench.back(entries[order[0]])
    bench.back(entries[order[1]])
    left = {
        0: {"0.0.weight", "0.1.weight", "0.2.weight"},
        1: {"0.1.weight"},
        2: {"0.0.weight", "0.1.weight", "0.2.weight"},
    }
    changed = {name for names, lr in bench.groups() for name in names if lr != 0.1}
    assert changed == left[order[2]]
    bench.back(entries[order[2]])
    assert bench.groups() == before


def test_without_an_optimizer_rates_are_refused() -> None:
    with pytest.raises(InterventionError, match="No optimizer is known"):
        Bench(three_layers()).make(LearningRate, "", rate=0.5)


def test_a_rate_in_a_tensor_stays_a_tensor() -> None:
    model = three_layers()
    rate = torch.tensor(0.1)
    bench = Bench(model, torch.optim.Adam(model.parameters(), lr=rate, capturable=False, foreach=False))
    entry = bench.make(LearningRate, "", rate=0.5)
    assert torch.equal(bench.groups()[0][1], torch.tensor(0.5))
    bench.back(entry)
    assert bench.groups()[0][1] is rate


def test_python_of_the_journal_keeps_a_rate_in_a_tensor_too() -> None:
    """Also of what a scheduler computes it from, and of a group that is added."""
    made = [three_layers() for _ in range(2)]
    optimizers = [torch.optim.Adam([*model[0].parameters()], lr=torch.tensor(0.1), foreach=False) for model in made]
    schedulers = [torch.optim.lr_scheduler.StepLR(optimizer, 2) for optimizer in optimizers]
    run = LiveRun(made[0], (optimizers[0],))
    names = {"model": made[1], "optimizer": optimizers[1], "scheduler": schedulers[1], "torch": torch}
    rate = LearningRate.make(run, "0", {"rate": 0.5})
    added = AddToOptimizer.make(run, "1", {"rate": 0.25})
    for change in (rate.apply, added.apply, rate.undo):
        exec(change(run), names)
        for optimizer, scheduler in zip(optimizers, schedulers, strict=True):
            assert all(isinstance(group["lr"], torch.Tensor) for group in optimizer.param_groups)
            assert all(isinstance(one, torch.Tensor) for one in scheduler.base_lrs)
        assert torch.equal(*(torch.stack([group["lr"] for group in one.param_groups]) for one in optimizers))
        assert torch.equal(*(torch.stack(one.base_lrs) for one in schedulers))


def test_dropout_and_modes_come_back_as_the_mix_that_they_were() -> None:
    model = nn.Sequential(nn.Dropout(0.1), nn.Dropout(0.2), nn.MultiheadAttention(2, 1, dropout=0.3))
    model[1].eval()
    bench = Bench(model)
    first, second = bench.make(DropoutRate, "", rate=0.9), bench.make(DropoutRate, "1", rate=0.5)
    mode = bench.make(ModuleMode, "", mode="eval")
    bench.back(first)
    assert (model[0].p, model[1].p, model[2].dropout) == (0.1, 0.5, 0.3)
    bench.back(second)
    assert model[1].p == 0.2
    assert not any(module.training for module in model.modules())
    bench.back(mode)
    assert [module.training for module in model] == [True, False, True]
    assert bench.journal.standing == []


def test_hooks_follow_a_swapped_activation_and_come_back_with_it() -> None:
    relu = nn.ReLU()
    model = nn.Sequential(nn.Linear(1, 1), relu, nn.Sequential(relu))
    seen: list[str] = []
    first = relu.register_forward_hook(lambda module, *_: seen.append(type(module).__name__))
    bench = Bench(model)
    entry = bench.make(SwapActivation, "", to="Tanh")
    assert type(model[1]) is nn.Tanh
    assert model[2][0] is model[1], "one module at two places stays one"
    later = model[1].register_forward_hook(lambda *_: seen.append("later"))
    model(torch.ones(1, 1))
    assert seen == ["Tanh", "later"] * 2
    first.remove()
    bench.back(entry)
    assert model[1] is relu
    seen.clear()
    model(torch.ones(1, 1))
    assert seen == ["later"] * 2
    later.remove()
    assert not relu._forward_hooks


def test_swaps_of_one_place_are_taken_back_in_any_order() -> None:
    relu = nn.ReLU()
    bench = Bench(nn.Sequential(relu))
    first, second = bench.make(SwapActivation, "", to="Tanh"), bench.make(SwapActivation, "0", to="GELU")
    bench.back(first)
    assert type(bench.model[0]) is nn.GELU  # type: ignore[index]
    bench.back(second)
    assert bench.model[0] is relu  # type: ignore[index]


class Holder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.ones(2)
        self.index = torch.arange(2)
        self.line = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.line(x * self.scale)
        return result


def test_a_registered_tensor_is_saved_and_plain_again_when_undone() -> None:
    model = Holder()
    bench = Bench(model)
    tensor = model.scale
    entry = bench.make(RegisterBuffer, "", attribute="scale", persistent=False)
    assert "scale" in dict(model.named_buffers())
    assert "scale" not in model.state_dict()
    bench.back(entry)
    assert model.__dict__["scale"] is tensor
    assert not model._buffers
    assert not model._non_persistent_buffers_set


def test_a_new_parameter_is_trained_where_it_was_added_and_said_where_not() -> None:
    model = Holder()
    bench = Bench(model, torch.optim.SGD(model.parameters(), lr=0.1))
    tensor = model.scale
    entry = bench.make(RegisterParameter, "", attribute="scale", add=False)
    newest = [one for one in bench.records if isinstance(one, ChangeJournaled)][-1]
    assert newest.note.startswith("No optimizer holds it")
    added = bench.make(AddToOptimizer, "scale", rate=1.0)
    assert bench.groups()[-1] == (["scale"], 1.0)
    model(torch.ones(1, 2)).sum().backward()
    assert bench.optimizer is not None
    bench.optimizer.step()
    assert not torch.equal(model.scale, torch.ones(2))
    bench.back(added)
    assert len(bench.groups()) == 1
    bench.back(entry)
    assert model.__dict__["scale"] is tensor, "what trained it shares its memory"
    assert not isinstance(model.scale, nn.Parameter)


@pytest.mark.parametrize(
    ("kind", "fqn", "arguments", "because"),
    [
        (RegisterParameter, "", {"attribute": "index"}, "choose one of scale"),
        (RegisterBuffer, "line", {"attribute": "weight"}, "no tensor as a plain attribute"),
        (RegisterBuffer, "gone", {"attribute": "x"}, "no module called gone"),
        (SwapActivation, "", {}, "no activation"),
        (DropoutRate, "", {}, "no dropout"),
        (ModuleMode, "gone", {}, "no module called gone"),
        (AddToOptimizer, "", {}, "nothing to add"),
        (LearningRate, "line", {"rate": -1.0}, "give a number from 0 on"),
        (LearningRate, "gone", {}, "no module or parameter called gone"),
    ],
)
def test_what_cannot_be_done_says_so_and_changes_nothing(
    kind: type[OfferedChange], fqn: str, arguments: dict[str, Argument], because: str
) -> None:
    model = Holder()
    bench = Bench(model, torch.optim.SGD(model.parameters(), lr=0.1))
    before = bench.groups()
    with pytest.raises(InterventionError, match=because):
        bench.make(kind, fqn, **arguments)
    assert bench.groups() == before
    assert bench.records == []


def test_what_was_taken_back_is_made_again_under_its_number() -> None:
    model = nn.Sequential(nn.Dropout(0.1))
    bench = Bench(model)
    entry = bench.make(DropoutRate, "", rate=0.9)
    with pytest.raises(InterventionError, match="cannot be made again"):
        bench.journal.make_again(entry, bench.run, 1)
    bench.back(entry)
    with pytest.raises(InterventionError, match="does not stand"):
        bench.back(entry)
    bench.journal.make_again(entry, bench.run, 5)
    newest = [one for one in bench.records if isinstance(one, ChangeJournaled)][-1]
    assert (newest.entry, newest.step, newest.stands, model[0].p) == (entry, 5, True, 0.9)
