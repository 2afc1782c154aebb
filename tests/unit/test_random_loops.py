"""Training loops put together at random: every number of every step against autograd's own gradients, in float64."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.amp.grad_scaler import GradScaler

import moduleview

RELATIVE = 1e-6
N_STEPS = 6
OPTIMIZERS: tuple[Callable[[Any], torch.optim.Optimizer], ...] = (
    lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9),
    lambda parameters: torch.optim.SGD(parameters, lr=0.05, fused=True),
    lambda parameters: torch.optim.AdamW(parameters, lr=0.01),
    lambda parameters: torch.optim.AdamW(parameters, lr=0.01, fused=True),
    lambda parameters: torch.optim.Adagrad(parameters, lr=0.01),
)


class RandomLoop:
    """Up to three optimizers, micro-batches, clipping, mixed precision's scaler, steps that it skips, evaluation."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        torch.manual_seed(seed)
        self.model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3), nn.Tanh(), nn.Linear(3, 1)).double()
        self.parameters = dict(self.model.named_parameters())
        n_optimizers = self.chance.choice((1, 1, 2, 3))
        parts = [list(self.parameters.values())[first::n_optimizers] for first in range(n_optimizers)]
        self.optimizers = [self.chance.choice(OPTIMIZERS)(part) for part in parts]
        scale = 2.0 ** self.chance.choice((0, 8, 16))
        self.scaler = GradScaler("cpu", init_scale=scale, growth_interval=2, enabled=self.chance.random() < 0.5)
        self.clip = self.chance.choice(("", "norm", "value"))
        self.expected: dict[str, dict[str, list[tuple[int, float]]]] = {
            quantity: {name: [] for name in self.parameters}
            for quantity in ("local_grad_norm", "grad_norm", "update_ratio")
        }

    def step(self, number: int) -> None:
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=self.chance.random() < 0.7)
        is_skipped = number > 0 and self.scaler.is_enabled() and self.chance.random() < 0.2
        accumulated = self._backward(math.inf if is_skipped else 1.0)
        used = self._clip(accumulated)
        before = {name: parameter.detach().clone() for name, parameter in self.parameters.items()}
        for optimizer in self.optimizers:
            self.scaler.step(optimizer)
        self.scaler.update()
        for name, parameter in self.parameters.items():
            ratio = float((parameter.detach() - before[name]).norm() / before[name].norm())
            self.expected["update_ratio"][name].append((number, ratio))
            if not is_skipped:
                self.expected["local_grad_norm"][name].append((number, float(accumulated[name].norm())))
                self.expected["grad_norm"][name].append((number, float(used[name].norm())))

    def _backward(self, factor: float) -> dict[str, torch.Tensor]:
        total = {name: torch.zeros_like(parameter) for name, parameter in self.parameters.items()}
        for _ in range(self.chance.choice((1, 1, 2, 3))):
            x = torch.randn(6, 4, dtype=torch.float64)
            gradients = torch.autograd.grad(self.model(x).square().sum(), list(self.parameters.values()))
            total = {name: total[name] + gradient for name, gradient in zip(total, gradients, strict=True)}
            self.scaler.scale(factor * self.model(x).square().sum()).backward()
            if self.chance.random() < 0.3:
                with torch.no_grad():
                    self.model(x)
        return total

    def _clip(self, accumulated: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        if not self.clip:
            return accumulated
        if self.scaler.is_enabled():
            for optimizer in self.optimizers:
                self.scaler.unscale_(optimizer)
        if self.clip == "value":
            nn.utils.clip_grad_value_(self.parameters.values(), 0.2)
            return {name: gradient.clamp(-0.2, 0.2) for name, gradient in accumulated.items()}
        nn.utils.clip_grad_norm_(self.parameters.values(), 0.7)
        whole = math.sqrt(sum(float(gradient.square().sum()) for gradient in accumulated.values()))
        return {name: gradient * min(1.0, 0.7 / (whole + 1e-6)) for name, gradient in accumulated.items()}


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1_000_000))
def test_every_number_of_any_loop_is_what_it_is_by_hand(seed: int) -> None:
    loop = RandomLoop(seed)
    with moduleview.watch(loop.model, loop.optimizers[-1]) as w:
        for number in range(N_STEPS):
            loop.step(number)
        assert w.n_steps == N_STEPS
        assert w.log == ()
        for quantity, by_name in loop.expected.items():
            for name, expected in by_name.items():
                steps, values = w.series(quantity, name)
                measured = dict(zip(steps.tolist(), values.tolist(), strict=True))
                if quantity == "local_grad_norm":  # of a step that was skipped it is there, and Inf or NaN
                    measured = {step: value for step, value in measured.items() if math.isfinite(value)}
                assert measured == pytest.approx(dict(expected), rel=RELATIVE), (quantity, name)
