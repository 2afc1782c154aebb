"""Models put together at random from what breaks naive hooks, watched and toggled at random: nothing may change."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.checkpoint import checkpoint
from watched_run import Watch, digest, traces

from moduleview.telemetry.hooks import PARAMETER_KINDS, HookKind, HookStatus

WIDTH = 4
# torch's own full-backward hooks change last digits by themselves (of nn.MultiheadAttention, for one)
KINDS = tuple(kind for kind in HookKind if kind not in (HookKind.BACKWARD_PRE, HookKind.FULL_BACKWARD))


class Uses(nn.Module):
    """Something around an inner block."""

    def __init__(self, inner: nn.Module, use: Callable[[nn.Module, torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.inner, self.use = inner, use

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.use(self.inner, x)


class InADict(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> dict[str, Any]:
        return {"y": self.inner(x), "more": [2 * x, None]}


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH, bias=False)
        self.second.weight = self.first.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x).relu_())


class Table(nn.Module):
    """Returns its own parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.table


class Attention(nn.MultiheadAttention):
    def forward(self, x: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return super().forward(x, x, x, need_weights=False)[0]


def add_in_place(inner: nn.Module, x: torch.Tensor) -> torch.Tensor:
    y = inner(x).expand_as(x).clone()
    y += x
    return y


def without_grad(inner: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        z = inner(x)
    return x + z


def recomputed(reentrant: bool) -> Callable[[nn.Module, torch.Tensor], torch.Tensor]:
    return lambda inner, x: checkpoint(inner, x, use_reentrant=reentrant) if x.requires_grad else inner(x)


def lstm(inner: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return inner(x)[0]


def random_block(chance: random.Random, pool: list[nn.Module], depth: int = 0) -> nn.Module:
    def inside() -> nn.Module:
        return random_block(chance, pool, depth + 1)

    makers: list[Callable[[], nn.Module]] = [
        lambda: nn.Linear(WIDTH, WIDTH),
        lambda: nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(inplace=True)),
        lambda: nn.Dropout(0.2),
        lambda: nn.Linear(WIDTH, WIDTH).requires_grad_(False),
        lambda: Uses(nn.LSTM(WIDTH, WIDTH, batch_first=True), lstm),
        lambda: Attention(WIDTH, 2, dropout=0.1, batch_first=True),
        lambda: Uses(Table(), lambda table, x: x * table(x)),
        Tied,
        lambda: chance.choice(pool) if pool else nn.Identity(),
        lambda: Uses(inside(), add_in_place),
        lambda: Uses(InADict(inside()), lambda inner, x: (out := inner(x))["y"] + out["more"][0]),
        lambda: Uses(inside(), without_grad),
        lambda: Uses(inside(), recomputed(reentrant=True)),
        lambda: Uses(inside(), recomputed(reentrant=False)),
        lambda: nn.Sequential(inside(), inside()),
    ]
    block = chance.choice(makers if depth < 3 else makers[:9])()
    pool.append(block)
    return block


def random_model(seed: int) -> nn.Module:
    chance = random.Random(seed)
    torch.manual_seed(seed)
    pool: list[nn.Module] = []
    return nn.Sequential(nn.Linear(WIDTH, WIDTH), *(random_block(chance, pool) for _ in range(chance.randrange(1, 5))))


def train(model: nn.Module, seed: int, around: Callable[[int, Callable[[], torch.Tensor]], None]) -> list[float]:
    """Six steps; ``around`` makes each one. Gives the losses."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = (torch.optim.SGD, torch.optim.AdamW)[seed % 2](parameters, lr=0.01)
    losses: list[float] = []

    def step(number: int) -> torch.Tensor:
        optimizer.zero_grad()
        for _ in range(2 if (seed + number) % 3 == 0 else 1):  # micro-batches
            loss = model(torch.randn(2, 3, WIDTH, requires_grad=bool(seed & 2))).square().mean()
            loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(loss.item())
        return loss

    for number in range(6):
        around(number, lambda number=number: step(number))  # type: ignore[misc]
    return losses


def true_norms(model: nn.Module) -> dict[tuple[str, str], float]:
    return {(fqn, ""): p.grad.double().norm().item() for fqn, p in model.named_parameters() if p.grad is not None}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 1_000_000))
def test_any_model_trains_bit_for_bit_as_if_nobody_looked(watch: Watch, seed: int) -> None:
    plain = random_model(seed)
    expected = train(plain, seed, lambda number, step: step()), digest(plain), torch.get_rng_state().tolist()

    model = random_model(seed)
    filters = list(warnings.filters)
    run, chance = watch(model), random.Random(seed)
    nodes = [fqn for fqn, _ in model.named_modules(remove_duplicate=False)]
    tensors = [fqn for fqn, _ in model.named_parameters(remove_duplicate=False)]

    def toggle() -> None:
        for _ in range(chance.randrange(4)):
            kind = chance.choice(KINDS)
            chosen = chance.sample(tensors if kind in PARAMETER_KINDS else nodes, 2)
            run.tick(kind, *chosen, enabled=chance.random() < 0.7)

    def around(number: int, step: Callable[[], torch.Tensor]) -> None:
        toggle()
        run.raw_step(lambda: (toggle(), step())[1])  # those within a step wait for its end
        assert run.values("grad_norm") == pytest.approx(true_norms(model), rel=1e-5, abs=1e-30)

    assert (train(model, seed, around), digest(model), torch.get_rng_state().tolist()) == expected
    assert run.log() == []
    run.tick(HookKind.FORWARD)  # of nothing: says how things stand
    assert all(entry.status is not HookStatus.FAILED for entry in run.entries())
    run.recorder.detach()
    assert traces(model) == []
    assert list(warnings.filters) == filters
