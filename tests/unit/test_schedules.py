"""A group that is split off or added beside a scheduler: as if it had been there from the start, in any schedule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from moduleview.interventions.add_to_optimizer import AddToOptimizer
from moduleview.interventions.base import InterventionError, LiveRun
from moduleview.interventions.journal import Journal
from moduleview.interventions.learning_rate import LearningRate
from moduleview.interventions.offered import OfferedChange
from moduleview.interventions.register_parameter import RegisterParameter
from moduleview.telemetry.changes_messages import Argument, ChangeJournaled
from moduleview.telemetry.records import Record

Schedule = Callable[[torch.optim.Optimizer], Any]
_N_STEPS, _SET_AT, _BACK_AT = 14, 5, 10


def _warmup_and_cosine(optimizer: torch.optim.Optimizer) -> lr_scheduler.SequentialLR:
    parts = [lr_scheduler.LinearLR(optimizer, 0.1, total_iters=4), lr_scheduler.CosineAnnealingLR(optimizer, 20)]
    return lr_scheduler.SequentialLR(optimizer, parts, milestones=[4])


def _warmup_that_lasts(optimizer: torch.optim.Optimizer) -> lr_scheduler.SequentialLR:
    parts = [lr_scheduler.LinearLR(optimizer, 0.1, total_iters=8), lr_scheduler.LambdaLR(optimizer, lambda e: 0.9**e)]
    return lr_scheduler.SequentialLR(optimizer, parts, milestones=[8])


def _chained(optimizer: torch.optim.Optimizer) -> lr_scheduler.ChainedScheduler:
    return lr_scheduler.ChainedScheduler(
        [lr_scheduler.ExponentialLR(optimizer, 0.9), lr_scheduler.ConstantLR(optimizer, 0.5, 3)]
    )


PLAIN: dict[str, Schedule] = {
    "step": lambda o: lr_scheduler.StepLR(o, 2, 0.5),
    "multi step": lambda o: lr_scheduler.MultiStepLR(o, [2, 7], 0.5),
    "exponential": lambda o: lr_scheduler.ExponentialLR(o, 0.9),
    "constant": lambda o: lr_scheduler.ConstantLR(o, 0.5, 7),
    "linear": lambda o: lr_scheduler.LinearLR(o, 0.5, total_iters=12),
    "polynomial": lambda o: lr_scheduler.PolynomialLR(o, 20, 2.0),
    "multiplicative": lambda o: lr_scheduler.MultiplicativeLR(o, lambda _: 0.9),
    "lambda": lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 0.9**epoch),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, 20),
    "cosine that comes back": lambda o: lr_scheduler.CosineAnnealingLR(o, 6, 1e-3),
    "warm restarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 7, 1, 1e-3),
    "plateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=1, min_lr=[1e-4] * len(o.param_groups)),
    "cyclic": lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.1, 4),
    "one cycle": lambda o: lr_scheduler.OneCycleLR(o, 0.1, 20),
    "sequence": _warmup_and_cosine,
    "sequence in its warmup": _warmup_that_lasts,
    "chained": _chained,
}
_LEAST = {"cosine that comes back": 1e-3, "warm restarts": 1e-3}
# what stays of a rate that is set by hand in one group's lr alone: the rest of these compute it from elsewhere
_FROM_ITSELF = ("step", "multi step", "exponential", "constant", "linear", "polynomial", "multiplicative", "plateau")


class Loop:
    """A plain loop of three layers; in one group, or with the middle one in a group of its own."""

    def __init__(self, schedule: Schedule, n_groups: int = 1) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(*(nn.Linear(3, 3, bias=False) for _ in range(3)))
        first, middle, last = self.model.parameters()
        groups = (
            [{"params": [first, last]}, {"params": [middle]}] if n_groups > 1 else [{"params": [first, middle, last]}]
        )
        self.optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
        self.scheduler = schedule(self.optimizer)
        self.run = LiveRun(self.model, (self.optimizer,))
        self.records: list[Record] = []
        self.journal = Journal(self.records.append)

    def step(self, number: int) -> None:
        torch.manual_seed(number)
        self.optimizer.zero_grad()
        self.model(torch.randn(4, 3)).square().mean().backward()
        self.optimizer.step()
        if isinstance(self.scheduler, lr_scheduler.ReduceLROnPlateau):
            self.scheduler.step(1.0)
        else:
            self.scheduler.step()

    def make(self, kind: type[OfferedChange], fqn: str, **arguments: Argument) -> int:
        return self.journal.apply(kind.make(self.run, fqn, arguments), self.run, 0)

    def python(self) -> str:
        return [one.python for one in self.records if isinstance(one, ChangeJournaled)][-1]

    def do(self, python: str) -> None:
        exec(python, {"torch": torch, "model": self.model, "optimizer": self.optimizer, "scheduler": self.scheduler})

    def rates(self) -> dict[str, float]:
        names = {id(p): name for name, p in self.model.named_parameters()}
        return {names[id(p)]: group["lr"] for group in self.optimizer.param_groups for p in group["params"]}

    def is_equal(self, other: Loop) -> bool:
        return all(torch.equal(a, b) for a, b in zip(self.model.parameters(), other.model.parameters(), strict=True))


@pytest.mark.parametrize("name", PLAIN)
def test_a_part_split_off_goes_on_as_if_it_had_its_rate_from_the_start(name: str) -> None:
    ours, plain = Loop(PLAIN[name]), Loop(PLAIN[name])
    for number in range(_SET_AT):
        ours.step(number)
        plain.step(number)
    now, least = ours.rates()["1.weight"], _LEAST.get(name, 0.0)
    ours.make(LearningRate, "1", rate=now / 2)
    for number in range(_SET_AT, _N_STEPS):
        share = (now / 2 - least) / (now - least)
        assert ours.rates()["1.weight"] == pytest.approx(least + (plain.rates()["1.weight"] - least) * share)
        assert ours.rates()["0.weight"] == plain.rates()["0.weight"]
        ours.step(number)
        plain.step(number)


@pytest.mark.parametrize("name", _FROM_ITSELF)
def test_a_part_split_off_is_bit_for_bit_a_group_that_was_there_from_the_start(name: str) -> None:
    ours, by_hand = Loop(PLAIN[name]), Loop(PLAIN[name], n_groups=2)
    for number in range(_N_STEPS):
        if number == _SET_AT:
            ours.make(LearningRate, "1", rate=0.07)
            by_hand.optimizer.param_groups[1]["lr"] = 0.07
        ours.step(number)
        by_hand.step(number)
        assert ours.rates() == by_hand.rates()
    assert ours.is_equal(by_hand)


def test_a_schedule_by_lambdas_is_bit_for_bit_that_of_another_base() -> None:
    ours, by_hand = Loop(PLAIN["lambda"]), Loop(PLAIN["lambda"], n_groups=2)
    for number in range(_N_STEPS):
        if number == _SET_AT:
            now = ours.rates()["1.weight"]
            ours.make(LearningRate, "1", rate=0.07)
            by_hand.scheduler.base_lrs[1] = 0.1 * (0.07 / now)
            by_hand.optimizer.param_groups[1]["lr"] = 0.07
        ours.step(number)
        by_hand.step(number)
    assert ours.is_equal(by_hand)


@pytest.mark.parametrize("of", ["these parameters", "group 0"])
@pytest.mark.parametrize("name", PLAIN)
def test_its_python_does_the_same_and_taking_it_back_is_as_if_it_had_never_been(name: str, of: str) -> None:
    ours, copied, plain = Loop(PLAIN[name]), Loop(PLAIN[name]), Loop(PLAIN[name])
    fqn = "1"
    entry = 0
    for number in range(_N_STEPS):
        if number == _SET_AT:
            entry = ours.make(LearningRate, fqn, rate=0.07, of=of)
            copied.do(ours.python())
        if number == _BACK_AT:
            ours.journal.take_back(entry, ours.run, number)
            copied.do(_undone(ours))
            assert ours.rates() == pytest.approx(plain.rates())
        for loop in (ours, copied, plain):
            loop.step(number)
    assert ours.is_equal(copied)
    assert ours.rates() == pytest.approx(plain.rates())
    assert len(ours.optimizer.param_groups) == 1


def _undone(loop: Loop) -> str:
    from_journal = [getattr(one, "python", "") for one in loop.records if type(one).__name__ == "JournalLine"]
    return from_journal[-1]


@pytest.mark.parametrize("name", PLAIN)
def test_added_parameters_follow_the_schedule(name: str) -> None:
    ours, copied, plain = Loop(PLAIN[name]), Loop(PLAIN[name]), Loop(PLAIN[name])
    for loop in (ours, copied):
        loop.model[0].bias = nn.Parameter(torch.zeros(3))
        loop.model[1].scale = torch.ones(3)
    for number in range(_SET_AT):
        for loop in (ours, copied, plain):
            loop.step(number)
    now, least = ours.rates()["0.weight"], _LEAST.get(name, 0.0)
    added = ours.make(AddToOptimizer, "0.bias", rate=now / 2)
    copied.do(ours.python())
    registered = ours.make(RegisterParameter, "1", attribute="scale", add=True)
    copied.do(ours.python())
    assert ours.rates()["1.scale"] == now
    for number in range(_SET_AT, _BACK_AT):
        for loop in (ours, copied, plain):
            loop.step(number)
        share = (now / 2 - least) / (now - least)
        assert ours.rates()["0.bias"] == pytest.approx(least + (plain.rates()["0.weight"] - least) * share)
    assert ours.is_equal(copied)
    for entry in (added, registered):
        ours.journal.take_back(entry, ours.run, _BACK_AT)
        copied.do(_undone(ours))
    for number in range(_BACK_AT, _N_STEPS):
        for loop in (ours, copied, plain):
            loop.step(number)
    assert ours.rates() == plain.rates()
    assert ours.is_equal(copied)


def test_added_parameters_get_names_where_the_optimizer_has_names() -> None:
    model = nn.Sequential(nn.Linear(2, 2, bias=False))
    optimizer = torch.optim.SGD(model.named_parameters(), lr=0.1)
    model.register_parameter("scale", nn.Parameter(torch.ones(2)))
    journal, run = Journal(lambda _: None), LiveRun(model, (optimizer,))
    entry = journal.apply(AddToOptimizer.make(run, "scale", {"rate": 0.5}), run, 0)
    assert optimizer.param_groups[1]["param_names"] == ["scale"]
    journal.take_back(entry, run, 0)
    assert [group["param_names"] for group in optimizer.param_groups] == [["0.weight"]]


class _ScheduleOfTheirs(lr_scheduler.LRScheduler):
    def get_lr(self) -> list[Any]:
        return [0.1, *(0.2 for _ in self.optimizer.param_groups[1:])]


class _OtherScheduler:
    """As timm's: no child of torch's class."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer

    def step(self) -> None: ...


@pytest.mark.parametrize("theirs", [_ScheduleOfTheirs, _OtherScheduler])
def test_a_scheduler_of_their_own_is_named_where_a_group_would_be_split_or_added(theirs: Schedule) -> None:
    loop = Loop(theirs)
    loop.model[0].bias = nn.Parameter(torch.zeros(3))
    for kind, fqn in ((LearningRate, "1"), (AddToOptimizer, "0.bias")):
        with pytest.raises(InterventionError, match=theirs.__name__):
            loop.make(kind, fqn, rate=0.5)
    assert len(loop.optimizer.param_groups) == 1
    loop.make(LearningRate, "1", rate=0.5, of="group 0")
    assert theirs.__name__ in next(r.note for r in loop.records if isinstance(r, ChangeJournaled))


def test_a_schedule_at_zero_starts_from_the_rate_and_a_cycle_at_zero_is_refused() -> None:
    warmup = Loop(lambda o: lr_scheduler.LambdaLR(o, lambda epoch: epoch / 4))
    warmup.make(LearningRate, "1", rate=0.5)
    for number in range(4):
        warmup.step(number)
    assert warmup.rates() == {"0.weight": 0.1, "1.weight": 0.5, "2.weight": 0.1}
    cycle = Loop(lambda o: lr_scheduler.CyclicLR(o, 0.0, 0.1, 4))
    with pytest.raises(InterventionError, match="CyclicLR stands at a rate of zero"):
        cycle.make(LearningRate, "1", rate=0.5)
    assert len(cycle.optimizer.param_groups) == 1


def test_the_schedulers_of_two_optimizers_are_told_apart() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    optimizers = tuple(torch.optim.SGD(part.parameters(), lr=0.1) for part in model)
    schedulers = [lr_scheduler.LambdaLR(optimizers[0], lambda _: 1.0), lr_scheduler.StepLR(optimizers[1], 1)]
    run = LiveRun(model, optimizers)
    change = LearningRate.make(run, "1.weight", {"rate": 0.5})
    python = change.apply(run)
    which = (
        "# schedulers[0] is the LambdaLR of optimizers[0]; schedulers[1] is the StepLR with step_size 1, gamma 0.1 of"
    )
    assert f"{which} optimizers[1]" in python
    assert "schedulers[1].base_lrs.append(schedulers[1].base_lrs[0])" in python
    assert [len(one.base_lrs) for one in schedulers] == [1, 2]
