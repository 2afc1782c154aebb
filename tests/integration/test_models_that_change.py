"""The tree follows a model that the user's code changes while it trains; training goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from moduleview import TrainingTask
from moduleview.telemetry.commands import Run, SetHooks
from moduleview.telemetry.hooks import HookKind, HookStatus
from moduleview.telemetry.records import HooksChanged, ModelChanged, RunState, SeriesDeclared, StepRecord
from moduleview.telemetry.snapshot import ModelSnapshot
from source_records import Taken, opened

CHANGE_AT = 3


class Changing:
    """A task whose step changes the model once, and makes the optimizer anew as its writer must."""

    def __init__(self, change: Callable[[nn.Sequential], None]) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Linear(2, 1))
        self.model[2].bias.requires_grad_(False)
        self.change = change
        self.n_steps = 0

    def task(self) -> TrainingTask:
        return TrainingTask(self.model, step=self.step)

    def step(self) -> torch.Tensor:
        if self.n_steps == CHANGE_AT:
            self.change(self.model)
        self.n_steps += 1
        optimizer = torch.optim.SGD([p for p in self.model.parameters() if p.requires_grad], lr=0.01)
        # as long as a real step, beside which a look at the model is nothing
        for _ in range(50):
            loss = self.model(torch.randn(8, 3, dtype=self.model[0].weight.dtype)).square().mean()
        loss.backward()
        optimizer.step()
        return loss


def add_module(model: nn.Sequential) -> None:
    model.append(nn.Linear(1, 1, dtype=model[0].weight.dtype))


def replace_module(model: nn.Sequential) -> None:
    model[0] = nn.Linear(3, 2, bias=False)


def thaw(model: nn.Sequential) -> None:
    model[2].bias.requires_grad_(True)


def recreate(model: nn.Sequential) -> None:
    model[0].bias = None
    model[0].register_parameter("weight", nn.Parameter(torch.randn(2, 3)))


def convert(model: nn.Sequential) -> None:
    model.to(torch.float64)


def add_buffer(model: nn.Sequential) -> None:
    model[0].register_buffer("mask", torch.ones(2, 3))


def has_mask(snapshot: ModelSnapshot) -> bool:
    return "0.mask" in snapshot.tensor_fqns


def tensor_of(snapshot: ModelSnapshot, fqn: str) -> int:
    return snapshot.tensor_fqns.index(fqn)


CHANGES: dict[str, tuple[Callable[[nn.Sequential], None], Callable[[ModelSnapshot], bool]]] = {
    "module added": (add_module, lambda after: after.fqns[-1] == "3"),
    "module replaced": (replace_module, lambda after: "0.bias" not in after.tensor_fqns),
    "unfrozen": (thaw, lambda after: bool(after.tensors.requires_grad[tensor_of(after, "2.bias")])),
    "parameter created anew": (recreate, lambda after: "0.bias" not in after.tensor_fqns),
    "another type of number": (convert, lambda after: after.tensors.dtypes[tensor_of(after, "0.weight")] == "float64"),
    "buffer added": (add_buffer, has_mask),
}


def names_of_norms(taken: Taken, record: StepRecord) -> set[str]:
    keys = {}
    for declared in taken.of_type(SeriesDeclared):
        keys.update(enumerate(declared.keys, start=declared.first))
    return {keys[int(series)].fqn for series in record.series if keys[int(series)].quantity == "grad_norm"}


@pytest.mark.parametrize(("change", "is_shown"), CHANGES.values(), ids=CHANGES)
def test_tree_follows_at_the_next_safe_point_and_series_go_on(
    change: Callable[[nn.Sequential], None], is_shown: Callable[[ModelSnapshot], bool]
) -> None:
    """Fault row 23."""
    with opened(Changing(change).task) as taken:
        taken.until_state(RunState.READY)
        taken.source.send(SetHooks(("2",), HookKind.FORWARD, enabled=True))
        taken.source.send(Run(n_steps=CHANGE_AT + 4))
        changed = taken.until_type(ModelChanged)
        assert is_shown(changed.snapshot)
        assert taken.of_type(StepRecord)[-1].step <= CHANGE_AT + 1
        assert taken.until_state(RunState.PAUSED).failure is None
        last = taken.of_type(StepRecord)[-1]
        assert last.step == CHANGE_AT + 3
        assert {"0.weight", "2.weight"} <= names_of_norms(taken, last)
        (entry,) = taken.of_type(HooksChanged)[-1].entries
        assert entry.status is HookStatus.ACTIVE
        assert sum(isinstance(record, ModelChanged) for record in taken.rest()) == 1
