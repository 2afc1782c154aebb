"""Models put together at random from what is in order, and the same with one fault planted somewhere."""

from __future__ import annotations

import random
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.utils import parametrizations
from torch.utils.checkpoint import checkpoint

from moduleview import TrainingTask

WIDTH = 4


class Residual(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inner(x)


class Listed(nn.Module):
    def __init__(self, *parts: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for part in self.parts:
            x = part(x)
        return x


class Named(nn.Module):
    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({"first": first, "second": second})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.parts["first"](x) + self.parts["second"](x)


class Recomputed(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return checkpoint(self.inner, x, use_reentrant=False)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(WIDTH, WIDTH, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.lstm(x)[0]


class Attentive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, 2, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x, x, x)[0]


class Scaled(nn.Module):
    """Own parameters, a list of them, a saved buffer that changes, a cache that is filled once, a closure in order."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(WIDTH))
        self.shifts = nn.ParameterList([nn.Parameter(torch.zeros(WIDTH)) for _ in range(2)])
        self.gate = nn.Linear(WIDTH, WIDTH)
        gate = self.gate
        self.gated = lambda x: torch.sigmoid(gate(x))
        self.register_buffer("seen", torch.zeros(WIDTH))
        self.register_buffer("cache", torch.zeros(WIDTH), persistent=False)
        self.last: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            self.seen += x.mean((0, 1))
            self.cache.fill_(3.0)
        self.last = self.scale * x  # a method that runs holds on to it: no parameter
        return self.gated(x) * self.last + self.shifts[0] + self.shifts[1]


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH, bias=False)
        self.second.weight = self.first.weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x))


class Normed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(x.flatten(0, 1)).view_as(x)


class Teacher(nn.Module):
    """Frozen, in eval, under no_grad: as meant. Its copy is in no optimizer."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen = nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Dropout(0.1)).requires_grad_(False).eval()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            target = self.frozen(x)
        return x + target


def good_block(chance: random.Random, depth: int = 0) -> nn.Module:
    def inside() -> nn.Module:
        return good_block(chance, depth + 1)

    leaves: list[Callable[[], nn.Module]] = [
        lambda: nn.Linear(WIDTH, WIDTH),
        lambda: nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.ReLU(inplace=True), nn.Dropout(0.1)),
        lambda: parametrizations.spectral_norm(nn.Linear(WIDTH, WIDTH)),
        lambda: nn.utils.parametrizations.weight_norm(nn.Linear(WIDTH, WIDTH)),
        lambda: nn.TransformerEncoderLayer(WIDTH, 2, 8, batch_first=True),
        Recurrent,
        Attentive,
        Scaled,
        Tied,
        Normed,
        Teacher,
    ]
    shared = nn.Linear(WIDTH, WIDTH)
    wholes: list[Callable[[], nn.Module]] = [
        lambda: Residual(inside()),
        lambda: Listed(inside(), inside()),
        lambda: Named(inside(), inside()),
        lambda: Recomputed(inside()),
        lambda: nn.Sequential(shared, nn.Tanh(), shared),
        lambda: nn.Sequential(inside(), inside()),
    ]
    return chance.choice(leaves if depth > 2 else [*leaves, *wholes])()


# -- faults: each takes (2, 3, WIDTH) and gives as much, with something wrong -----------------------------------------


class HiddenInList(nn.Module):
    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        hidden = nn.Linear(WIDTH, WIDTH)
        kept: list[object] = [[hidden], (hidden,), {"a": hidden}, {hidden}, [[hidden]], {"a": [(hidden,)]}]
        self.hidden = chance.choice(kept)
        self.use = hidden.forward if chance.random() < 0.3 else (lambda x: hidden(x))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.use(x)


class HiddenInClosure(nn.Module):
    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        hidden = nn.Linear(WIDTH, WIDTH)
        self.use = (lambda x: hidden(x)) if chance.random() < 0.5 else (lambda x, layer=hidden: layer(x))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.use(x)


class PlainTensor(nn.Module):
    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        kept = [
            lambda: torch.ones(WIDTH, requires_grad=True),
            lambda: torch.ones(WIDTH, requires_grad=True) * 0.5,
            lambda: [nn.Parameter(torch.ones(WIDTH))],
            lambda: {"a": nn.Parameter(torch.ones(WIDTH))},
            lambda: (torch.ones(WIDTH, requires_grad=True),),
        ]
        self.scale = chance.choice(kept)()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 1.0


class NeverCalled(nn.Module):
    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.used = nn.Linear(WIDTH, WIDTH)
        made = [
            lambda: nn.Linear(2, 2),
            lambda: nn.ModuleList([nn.Linear(2, 2)]),
            lambda: nn.Sequential(nn.Linear(2, 2)),
        ]
        self.forgotten = chance.choice(made)()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.used(x)


class PastHooks(nn.Module):
    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.layer = nn.Linear(WIDTH, WIDTH)
        self.as_function = chance.random() < 0.5

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (
            self.layer.forward(x) if self.as_function else nn.functional.linear(x, self.layer.weight, self.layer.bias)
        )


class BuiltInForward(nn.Module):
    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.kind = chance.randrange(3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.kind == 0:
            return nn.Linear(WIDTH, WIDTH)(x)
        return nn.Dropout(0.5)(x) if self.kind == 1 else nn.Sequential(nn.LayerNorm(WIDTH), nn.ReLU())(x)


class WithoutGradient(nn.Module):
    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.cut = nn.Linear(WIDTH, WIDTH)
        self.kind = chance.randrange(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.kind == 0:
            with torch.no_grad():
                y = self.cut(x)
            return x + y
        if self.kind == 1:
            return x + self.cut(x).detach()
        y = self.cut(x)
        return x + torch.tensor(y.tolist()) if self.kind == 2 else x * 1.0


class UntoldDropout(nn.Module):
    def __init__(self, chance: random.Random) -> None:
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.dropout(x, 0.1)


class LostBuffer(nn.Module):
    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(WIDTH), persistent=False)
        self.is_in_place = chance.random() < 0.5

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        new = self.mean.lerp(x.detach().mean((0, 1)), 0.1) + 1e-3
        if self.is_in_place:
            self.mean.copy_(new)
        else:
            self.mean = new
        return x * 1.0


MODULES: dict[str, tuple[type[nn.Module], ...]] = {
    "S1": (HiddenInList, HiddenInClosure),
    "S2": (PlainTensor,),
    "S7": (NeverCalled, PastHooks, BuiltInForward),
    "S8": (WithoutGradient,),
    "S12": (UntoldDropout,),
    "S18": (LostBuffer,),
}
CHECKS = ("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S12", "S17", "S18")


class LazyUnused(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lazy = nn.LazyLinear(WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * 1.0


def task_with(fault: str, seed: int) -> TrainingTask:
    """A task that makes steps, with this fault ("" for none) planted at a place that the seed gives."""
    chance = random.Random(seed)
    torch.manual_seed(seed)
    blocks = [nn.Linear(WIDTH, WIDTH), *(good_block(chance) for _ in range(chance.randrange(1, 4)))]
    planted: nn.Module | None = None
    if fault in MODULES:
        planted = chance.choice(MODULES[fault])(chance)
    elif fault in ("S3", "S4", "S17"):
        planted = nn.Linear(WIDTH, WIDTH)
    elif fault == "S5":
        planted = Tied()
    elif fault == "S6":
        planted = LazyUnused()
    if planted is not None:
        is_deep = chance.random() < 0.5
        blocks.insert(chance.randrange(1, len(blocks) + 1), Residual(planted) if is_deep else planted)
    blocks.append(nn.Linear(WIDTH, WIDTH))
    model = nn.Sequential(*blocks)
    optimizer = _optimizer(fault, model, planted)
    batches = [(torch.randn(2, 3, WIDTH), torch.randn(2, 3, WIDTH)) for _ in range(3)]
    return TrainingTask(model, optimizer, batches, nn.functional.mse_loss)


def _optimizer(fault: str, model: nn.Module, planted: nn.Module | None) -> torch.optim.Optimizer:
    left_out = set(planted.parameters()) if fault == "S3" and planted is not None else set()
    trained = [p for p in model.parameters() if p.requires_grad and p not in left_out]
    optimizer = torch.optim.SGD(trained, lr=1e-3)
    if fault == "S4" and planted is not None:
        optimizer.param_groups.append({**optimizer.param_groups[0], "params": list(planted.parameters())})
    if fault == "S17" and isinstance(planted, nn.Linear):
        planted.weight = nn.Parameter(planted.weight.detach().clone())
    if fault == "S5" and isinstance(planted, Tied):
        planted.second.weight = nn.Parameter(planted.first.weight.detach())  # the same memory, another parameter
        optimizer.add_param_group({"params": [planted.second.weight]})
    return optimizer
