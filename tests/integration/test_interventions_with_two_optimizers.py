"""A person's own loop with several optimizers, as a GAN's: a change acts on the one that holds the parameter."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import nn

from moduleview import TrainingTask
from moduleview.engine.own_names import own_names
from moduleview.telemetry.changes_messages import (
    ChangeAnswered,
    ChangeJournaled,
    ChangePrepared,
    JournalLine,
    MakeChange,
    PrepareChange,
    TakeBack,
)
from moduleview.telemetry.commands import Run
from moduleview.telemetry.records import RunState
from source_records import Taken, opened
from toy_tasks import toy_batches


def gan() -> TrainingTask:
    """Both nets in one model; the task names no optimizer. One layer of the discriminator is in neither."""
    torch.manual_seed(0)
    model = nn.ModuleDict(
        {
            "generator": nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 4)),
            "discriminator": nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.Linear(8, 1)),
        }
    )
    judge = model["discriminator"]
    opt_g = torch.optim.Adam(model["generator"].parameters(), lr=0.01)
    opt_d = torch.optim.SGD([*judge[0].parameters(), *judge[3].parameters()], lr=0.1, momentum=0.9)
    sched_d = torch.optim.lr_scheduler.StepLR(opt_d, 3, 0.5)
    loss = nn.functional.binary_cross_entropy_with_logits

    def step(batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        real = batch[0]
        fake = model["generator"](real[:, :2])
        ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)
        opt_d.zero_grad()
        of_d = loss(judge(real), ones) + loss(judge(fake.detach()), zeros)
        of_d.backward()
        opt_d.step()
        opt_g.zero_grad()
        of_g = loss(judge(fake), ones)
        of_g.backward()
        opt_g.step()
        sched_d.step()
        return of_g

    return TrainingTask(model, None, toy_batches(), step=step)


def used(task: TrainingTask) -> Mapping[str, Any]:
    assert task.step is not None
    return inspect.getclosurevars(task.step).nonlocals


def run(taken: Taken, n_steps: int) -> None:
    taken.source.send(Run(n_steps))
    taken.until_state(RunState.PAUSED)


def weights(task: TrainingTask) -> Mapping[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in task.model.state_dict().items()}


CHANGES: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "learning_rate",
        "discriminator",
        {"rate": 0.4},
        "Set the learning rate of discriminator in opt_d (SGD) to 0.4",
    ),
    (
        "learning_rate",
        "discriminator.0.weight",
        {"rate": 0.4},
        "Set the learning rate of discriminator.0.weight in opt_d (SGD) to 0.4",
    ),
    ("learning_rate", "generator.0", {"rate": 0.3}, "Set the learning rate of generator.0 in opt_g (Adam) to 0.3"),
    (
        "learning_rate",
        "",
        {"rate": 0.03},
        "Set the learning rate of the whole model in opt_d (SGD) and opt_g (Adam) to 0.03",
    ),
    (
        "learning_rate",
        "generator",
        {"rate": 0.3, "of": "opt_d (SGD), group 0"},
        "Set the learning rate of opt_d (SGD), group 0 to 0.3",
    ),
    ("add_to_optimizer", "discriminator.2", {"rate": 0.2}, "Added discriminator.2 to opt_d (SGD)"),
    (
        "add_to_optimizer",
        "discriminator",
        {"rate": 0.2, "to": "opt_g (Adam)"},
        "Added discriminator to opt_g (Adam)",
    ),
    (
        "clip_gradient_norm",
        "discriminator.0.weight",
        {"max_norm": 0.001},
        "Clipped the gradient norm of discriminator.0.weight to 0.001",
    ),
]


@pytest.mark.parametrize(("kind", "fqn", "arguments", "what"), CHANGES)
def test_weights_are_those_of_a_plain_loop_with_the_journals_python(
    kind: str, fqn: str, arguments: dict[str, Any], what: str
) -> None:
    made: list[TrainingTask] = []

    def target() -> TrainingTask:
        made.append(gan())
        return made[-1]

    with opened(target) as taken:
        run(taken, 2)
        taken.source.send(MakeChange(1, kind, fqn, arguments))
        answer = taken.until_type(ChangeAnswered)
        assert not answer.refusal
        run(taken, 5)
        changed = weights(made[0])
        taken.source.send(TakeBack(answer.entry))
        taken.until(lambda record: isinstance(record, ChangeJournaled) and not record.stands)
        run(taken, 3)
        after = weights(made[0])
        forth, back = taken.of_type(JournalLine)
    assert forth.what == what
    if "optimizers[" in forth.python:
        assert forth.python.startswith("# optimizers[0] is opt_d, SGD; optimizers[1] is opt_g, Adam\n")
    plain, unchanged = gan(), gan()
    own = used(plain)
    names: dict[str, Any] = {"model": plain.model, "optimizers": [own["opt_d"], own["opt_g"]], "torch": torch}
    names["scheduler"] = own["sched_d"]
    steps = [task.step for task in (plain, unchanged)]
    for number in range(10):
        if number in (2, 7):
            exec((forth if number == 2 else back).python, names)
        for step in steps:
            assert step is not None
            step(toy_batches()[number % 4])
        if number == 6:
            assert all(map(torch.equal, changed.values(), weights(plain).values()))
            assert not all(map(torch.equal, changed.values(), weights(unchanged).values()))
    assert all(map(torch.equal, after.values(), weights(plain).values()))


def test_form_offers_the_groups_of_both_and_the_nearest_optimizer_first() -> None:
    with opened(gan) as taken:
        run(taken, 1)
        taken.source.send(PrepareChange("learning_rate", "generator"))
        rate, of = taken.until_type(ChangePrepared).fields
        assert (rate.default, of.choices) == (
            0.01,
            ("these parameters", "opt_d (SGD), group 0", "opt_g (Adam), group 0"),
        )
        taken.source.send(PrepareChange("add_to_optimizer", "discriminator.2"))
        rate, to = taken.until_type(ChangePrepared).fields
        assert (rate.default, to.default, to.choices) == (0.1, "opt_d (SGD)", ("opt_d (SGD)", "opt_g (Adam)"))


class _Trainer:
    def __init__(self) -> None:
        self.optimizers = [torch.optim.SGD([torch.zeros(1, requires_grad=True)])]
        self.by_name = {"g": torch.optim.SGD([torch.zeros(1, requires_grad=True)])}

    def step(self) -> float:
        return 0.0

    def __call__(self) -> float:
        return 0.0


def _given(optimizer: torch.optim.Optimizer, rest: float) -> float:
    return 0.0


def test_names_are_those_that_the_step_uses() -> None:
    trainer = _Trainer()
    optimizer = trainer.optimizers[0]
    steps: list[tuple[Callable[..., Any], str]] = [
        (trainer.step, "self.optimizers[0]"),
        (trainer, "self.optimizers[0]"),
        (lambda: trainer.step(), "trainer.optimizers[0]"),
        (lambda: optimizer.step(), "optimizer"),
        (functools.partial(_given, optimizer), "optimizer"),
    ]
    for step, name in steps:
        assert own_names(step, None)[id(optimizer)] == name
    assert own_names(trainer.step)[id(trainer.by_name["g"])] == "self.by_name['g']"
