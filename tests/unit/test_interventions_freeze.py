"""Freezing leaves weights as they are, can be taken back, and is written down as Python that does the same."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from moduleview.interventions.base import InterventionError, LiveRun
from moduleview.interventions.freeze import Freeze
from moduleview.interventions.journal import Journal
from moduleview.telemetry.records import LogLine, Record


def two_blocks() -> nn.Sequential:
    return nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), nn.Linear(2, 2))


def trainable(model: nn.Module) -> set[str]:
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def train(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad(set_to_none=False)
    model(torch.ones(1, 2)).square().sum().backward()
    optimizer.step()


def test_frozen_weights_stay_also_under_momentum_and_zeroed_gradients() -> None:
    model = two_blocks()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    for _ in range(2):
        train(model, optimizer)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    Freeze("0.1", frozen=True).apply(LiveRun(model))
    for _ in range(2):
        train(model, optimizer)
    moved = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert moved == {"0.0.weight", "0.0.bias", "1.weight", "1.bias"}


def test_undoing_brings_back_the_mix_that_was_there() -> None:
    model = two_blocks()
    model[0][0].weight.requires_grad_(False)
    before = trainable(model)
    freeze = Freeze("0", frozen=True)
    freeze.apply(LiveRun(model))
    assert trainable(model) == {"1.weight", "1.bias"}
    freeze.undo(LiveRun(model))
    assert trainable(model) == before


@pytest.mark.parametrize("fqn", ["", "0", "0.1.bias"])
@pytest.mark.parametrize("frozen", [True, False])
def test_the_python_in_the_journal_does_the_same(fqn: str, frozen: bool) -> None:
    model, other = two_blocks(), two_blocks()
    for one in (model, other):
        one[0][0].weight.requires_grad_(False)
    freeze = Freeze(fqn, frozen)
    exec(freeze.apply(LiveRun(model)), {"model": other})
    assert trainable(other) == trainable(model)
    exec(freeze.undo(LiveRun(model)), {"model": other})
    assert trainable(other) == trainable(model) == trainable(two_blocks()) - {"0.0.weight"}


def test_the_opposite_takes_back_and_what_came_after_stays() -> None:
    records: list[Record] = []
    journal, model = Journal(records.append), two_blocks()
    journal.apply(Freeze("0", frozen=True), LiveRun(model), 3)
    journal.apply(Freeze("0.1", frozen=True), LiveRun(model), 4)
    journal.apply(Freeze("0", frozen=False), LiveRun(model), 5)
    assert trainable(model) == {"0.0.weight", "0.0.bias", "1.weight", "1.bias"}
    journal.apply(Freeze("0.1", frozen=False), LiveRun(model), 6)
    assert trainable(model) == trainable(two_blocks())
    lines = [record for record in records if isinstance(record, LogLine)]
    assert {line.stream for line in lines} == {"journal"}
    assert lines[0].text.startswith("step 3: Froze 0  |  for p in model.get_submodule('0').parameters()")
    assert [line.text.split("  |")[0] for line in lines[1:]] == [
        "step 4: Froze 0.1",
        "step 5: Undid: Froze 0",
        "step 6: Undid: Froze 0.1",
    ]


def test_undoing_passes_over_what_is_gone() -> None:
    records: list[Record] = []
    journal, model = Journal(records.append), two_blocks()
    journal.apply(Freeze("", frozen=True), LiveRun(model), 0)
    model[0] = nn.Linear(2, 2)
    journal.apply(Freeze("", frozen=False), LiveRun(model), 1)
    assert trainable(model) == {"0.weight", "0.bias", "1.weight", "1.bias"}


@pytest.mark.parametrize(
    ("fqn", "because"), [("gone", "no module or parameter called gone"), ("relu", "no parameters")]
)
def test_what_cannot_be_frozen_says_what_to_do_and_changes_nothing(fqn: str, because: str) -> None:
    records: list[Record] = []
    model = nn.ModuleDict({"relu": nn.ReLU(), "linear": nn.Linear(1, 1)})
    with pytest.raises(InterventionError, match=because):
        Journal(records.append).apply(Freeze(fqn, frozen=True), LiveRun(model), 0)
    assert records == []
    assert trainable(model) == {"linear.weight", "linear.bias"}


def test_a_tied_parameter_is_frozen_by_either_name() -> None:
    model = nn.Sequential(nn.Embedding(3, 3), nn.Linear(3, 3, bias=False))
    model[1].weight = model[0].weight
    freeze = Freeze("1", frozen=True)
    freeze.apply(LiveRun(model))
    assert trainable(model) == set()
    freeze.undo(LiveRun(model))
    assert trainable(model) == {"0.weight"}
