"""Scripts put together at random that do more than train one model: every number of every step, against one by hand."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.amp.grad_scaler import GradScaler

import moduleview

N_STEPS = 6
RELATIVE = 2e-6
OPTIMIZERS: tuple[Callable[[Any], torch.optim.Optimizer], ...] = (
    lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
    lambda parameters: torch.optim.AdamW(parameters, lr=0.01),
    lambda parameters: torch.optim.SGD(parameters, lr=0.05, fused=True),
)
WAYS = ("optimizer", "scaler", "asked for", "by hand", "through data", "by hand, asked for")


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1)).double()


def clear(parameters: Iterable[nn.Parameter], *, keeps_zeros: bool) -> None:
    for parameter in parameters:
        if keeps_zeros and parameter.grad is not None:
            parameter.grad.zero_()
        else:
            parameter.grad = None


class Beside:
    """What else goes on in the script, between any two of its lines: another model trains, somebody ticks and reads."""

    def __init__(self, chance: random.Random, model: nn.Module, w: moduleview.Watch) -> None:
        self.chance, self.model, self.w = chance, model, w
        self.other = net()
        self.optimizer = torch.optim.SGD(self.other.parameters(), lr=0.01)
        self.scaler = GradScaler("cpu", init_scale=2.0**5)
        self.doings = (
            lambda: self.loss(self.other).backward(),
            lambda: self.scaler.scale(self.loss(self.other)).backward(),
            self.train_other,
            self.evaluate,
            lambda: self.loss(self.model),
            self.ask_for_slopes,
            lambda: w.set_hook(chance.choice("02"), chance.choice(("forward", "backward")), chance.random() < 0.5),
            lambda: w.series("grad_norm", "0.weight"),
        )

    def may_do_something(self) -> None:
        if self.chance.random() < 0.6:
            self.chance.choice(self.doings)()

    @staticmethod
    def loss(model: nn.Module) -> torch.Tensor:
        return model(torch.randn(3, 4, dtype=torch.float64)).square().sum()

    def train_other(self) -> None:
        self.optimizer.step()
        self.optimizer.zero_grad()

    def evaluate(self) -> None:
        with torch.no_grad():
            self.loss(self.model)

    def ask_for_slopes(self) -> None:
        x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
        torch.autograd.grad(self.model(x).sum(), x)


class RandomScript:
    """One way to train, whose steps differ at random."""

    def __init__(self, seed: int) -> None:
        chance = self.chance = random.Random(seed)
        torch.manual_seed(seed)
        self.model = net()
        self.way = chance.choice(WAYS)
        self.keeps_zeros = chance.random() < 0.5
        self.make = chance.choice(OPTIMIZERS)
        self.optimizer = self.make(self.model.parameters()) if self.way in WAYS[:3] else None
        self.scaler = GradScaler("cpu", init_scale=2.0**8, growth_interval=3)
        is_given = self.optimizer is not None and chance.random() < 0.5
        self.w = moduleview.watch(self.model, self.optimizer if is_given else None)
        self.beside = Beside(chance, self.model, self.w)
        self.asked: tuple[torch.Tensor, ...] = ()
        self.expected: dict[str, dict[str, dict[int, float]]] = {
            quantity: {name: {} for name in ("", *self.parameters())}
            for quantity in ("loss", "grad_norm", "update_ratio")
        }

    def parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.model.named_parameters())

    def step(self, number: int) -> None:
        if number == 3 and self.chance.random() < 0.3:
            self.model[2].weight = nn.Parameter(torch.randn(1, 5, dtype=torch.float64))
            self.optimizer = None if self.optimizer is None else self.make(self.model.parameters())
        self.beside.may_do_something()
        clear(self.model.parameters(), keeps_zeros=self.keeps_zeros)
        if self.way == "optimizer" and self.chance.random() < 0.3:
            self.give_a_pass_up()
        is_skipped = self.way == "scaler" and self.chance.random() < 0.25
        self.expected["loss"][""][number] = self.passes(math.inf if is_skipped else 1.0)
        self.clip()
        before = {name: parameter.detach().clone() for name, parameter in self.parameters().items()}
        used = dict(zip(before, self.gradients(), strict=True))
        self.update()
        for name, parameter in self.parameters().items():
            ratio = (parameter.detach() - before[name]).norm() / before[name].norm()
            self.expected["update_ratio"][name][number] = ratio.item()
            if not is_skipped:
                self.expected["grad_norm"][name][number] = used[name].norm().item()

    def give_a_pass_up(self) -> None:
        """Or only look where the weights would go, as SAM does."""
        parameters = list(self.model.parameters())
        self.beside.loss(self.model).backward()
        ascents = [0.1 * parameter.grad * self.chance.choice((0, 1)) for parameter in parameters]
        self.move(ascents)
        self.beside.may_do_something()
        clear(parameters, keeps_zeros=self.keeps_zeros)
        self.beside.loss(self.model).backward()
        clear(parameters, keeps_zeros=self.keeps_zeros)
        self.move([-ascent for ascent in ascents])

    def passes(self, factor: float) -> float:
        total = 0.0
        for _ in range(1 if "asked" in self.way else self.chance.choice((1, 1, 2, 3))):
            loss = factor * self.beside.loss(self.model)
            total += loss.item()
            if self.way == "scaler":
                self.scaler.scale(loss).backward()
            elif "asked" in self.way:
                self.asked = torch.autograd.grad(loss, list(self.model.parameters()))
            else:
                loss.backward()
            self.beside.may_do_something()
        if self.way == "asked for":
            for parameter, gradient in zip(self.model.parameters(), self.asked, strict=True):
                parameter.grad = gradient
        return total

    def clip(self) -> None:
        if self.optimizer is not None and self.chance.random() < 0.4:
            if self.way == "scaler":
                self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), 0.5)
        elif self.way == "scaler" and self.optimizer is not None:
            self.scaler.unscale_(self.optimizer)

    def gradients(self) -> list[torch.Tensor]:
        if self.way == "by hand, asked for":
            return list(self.asked)
        return [parameter.grad.clone() for parameter in self.model.parameters()]

    def update(self) -> None:
        if self.optimizer is None:
            self.move([-0.05 * gradient for gradient in self.gradients()])
        elif self.way == "scaler":
            self.scaler.step(self.optimizer)
            self.scaler.update()
        else:
            self.optimizer.step()

    def move(self, changes: list[torch.Tensor]) -> None:
        with torch.no_grad():
            for parameter, change in zip(self.model.parameters(), changes, strict=True):
                (parameter.data if self.way == "through data" else parameter).add_(change)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1_000_000))
def test_every_number_is_what_it_is_by_hand_whatever_else_the_script_does(seed: int) -> None:
    script = RandomScript(seed)
    with script.w as w:
        for number in range(N_STEPS):
            script.step(number)
        assert w.n_steps == N_STEPS
        assert w.log == ()
        for quantity, by_name in script.expected.items():
            for name, expected in by_name.items():
                steps, values = w.series(quantity, name)
                measured = dict(zip(steps.tolist(), values.tolist(), strict=True))
                assert measured == pytest.approx(expected, rel=RELATIVE), (script.way, quantity, name)
