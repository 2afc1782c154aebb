"""Models put together at random from what breaks naive hooks, and their training."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.amp.grad_scaler import GradScaler
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

WIDTH = 4


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


def assign_in_place(inner: nn.Module, x: torch.Tensor) -> torch.Tensor:
    y = nn.functional.linear(inner(x).expand_as(x), torch.eye(WIDTH), torch.zeros(WIDTH))  # a view of another shape
    y[..., 0] = 0.5 * x[..., 0]
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
        lambda: Uses(nn.BatchNorm1d(WIDTH), lambda norm, x: norm(x.flatten(0, 1)).view_as(x)),
        lambda: parametrizations.spectral_norm(nn.Linear(WIDTH, WIDTH)),
        lambda: nn.Linear(WIDTH, WIDTH).requires_grad_(False),
        lambda: Uses(nn.LSTM(WIDTH, WIDTH, batch_first=True), lstm),
        lambda: Attention(WIDTH, 2, dropout=0.1, batch_first=True),
        lambda: Uses(Table(), lambda table, x: x * table(x)),
        Tied,
        lambda: chance.choice(pool) if pool else nn.Identity(),
        lambda: Uses(inside(), add_in_place),
        lambda: Uses(inside(), assign_in_place),
        lambda: Uses(InADict(inside()), lambda inner, x: (out := inner(x))["y"] + out["more"][0]),
        lambda: Uses(inside(), without_grad),
        lambda: Uses(inside(), recomputed(reentrant=True)),
        lambda: Uses(inside(), recomputed(reentrant=False)),
        lambda: nn.Sequential(inside(), inside()),
    ]
    block = chance.choice(makers if depth < 3 else makers[:11])()
    pool.append(block)
    return block


def random_model(seed: int) -> nn.Module:
    """Shared, tied, in-place, dict outputs, checkpointed, LSTM, attention, frozen parts; the same for the same seed."""
    chance = random.Random(seed)
    torch.manual_seed(seed)
    pool: list[nn.Module] = []
    return nn.Sequential(nn.Linear(WIDTH, WIDTH), *(random_block(chance, pool) for _ in range(chance.randrange(1, 5))))


class RandomTraining:
    """A model and its training: micro-batches, clipping, mixed precision's scaler, several optimizers, by the seed."""

    def __init__(self, seed: int) -> None:
        self.model = random_model(seed)
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.chance = random.Random(seed + 1)
        kind = self.chance.choice(_OPTIMIZERS)
        self.optimizer = kind(self.parameters)
        self.scaler = GradScaler("cpu", init_scale=64.0, growth_interval=3, enabled=self.chance.random() < 0.5)
        self.clips = self.chance.random() < 0.5
        self.needs_input_gradient = self.chance.random() < 0.5

    def step(self, between: Callable[[], None] = lambda: None) -> float:
        """One step; ``between`` is called before each forward and before each backward. Gives the loss."""
        self.optimizer.zero_grad(set_to_none=self.chance.random() < 0.8)
        for _ in range(self.chance.choice((1, 1, 2, 3))):
            between()
            loss = self.model(torch.randn(2, 3, WIDTH, requires_grad=self.needs_input_gradient)).square().mean()
            between()
            self.scaler.scale(loss).backward()
        if self.clips:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss.item()

    def bits(self) -> list[bytes]:
        """Everything that training changes: weights, buffers, the optimizer's state, the random numbers."""
        states = (value for state in self.optimizer.state.values() for value in state.values())
        tensors = [*self.model.state_dict().values(), *(value for value in states if isinstance(value, torch.Tensor))]
        return [*(tensor.detach().numpy().tobytes() for tensor in tensors), torch.get_rng_state().numpy().tobytes()]

    def true_norms(self) -> Iterator[tuple[str, float]]:
        """Of the gradients as they are now, in float64."""
        for fqn, parameter in self.model.named_parameters():
            if parameter.grad is not None and parameter.requires_grad:
                yield fqn, parameter.grad.double().norm().item()


_OPTIMIZERS: tuple[Callable[[Any], torch.optim.Optimizer], ...] = (
    lambda parameters: torch.optim.SGD(parameters, lr=0.01, momentum=0.9),
    lambda parameters: torch.optim.SGD(parameters, lr=0.01, fused=True),
    lambda parameters: torch.optim.AdamW(parameters, lr=0.01),
    lambda parameters: torch.optim.AdamW(parameters, lr=0.01, foreach=True),
)
