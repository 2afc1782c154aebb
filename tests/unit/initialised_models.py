"""Models for the tests of initialisers, and a picture of all that must stay as it is."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from moduleview.interventions.base import LiveRun
from moduleview.interventions.initialising.preview import Batch, Preview
from moduleview.telemetry.initialising_book import InitialisingBook
from moduleview.telemetry.initialising_messages import Choice

WEIGHTS_FIT = {  # an initialiser and arguments that torch has no default for
    "uniform_": (),
    "normal_": (),
    "trunc_normal_": (),
    "constant_": (("val", 0.5),),
    "ones_": (),
    "zeros_": (),
    "eye_": (),
    "dirac_": (),
    "xavier_uniform_": (),
    "xavier_normal_": (),
    "kaiming_uniform_": (),
    "kaiming_normal_": (),
    "orthogonal_": (),
    "sparse_": (("sparsity", 0.5),),
}


class Tanned(nn.Module):
    """Functional activations, dropout, a batch norm, a shared module and a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.hidden = nn.Linear(144, 16)
        self.shared = nn.Linear(16, 16)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(16, 3)
        self.register_buffer("scale", torch.ones(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.conv(x))).flatten(1)
        x = nn.functional.leaky_relu(self.drop(self.hidden(x)), 0.2)
        x = torch.tanh(self.shared(x))
        x = self.shared(x).sigmoid()
        return self.head(x) * self.scale  # type: ignore[no-any-return]


def images() -> torch.Tensor:
    return torch.linspace(-1, 1, 2 * 64).view(2, 1, 8, 8)


def trained(model: nn.Module) -> torch.optim.Optimizer:
    """After two steps, so that there are gradients and moments."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(2):
        optimizer.zero_grad()
        model(images()).square().sum().backward()
        optimizer.step()
    return optimizer


def bits(tensor: torch.Tensor) -> bytes:
    return tensor.detach().reshape(-1).view(torch.uint8).numpy().tobytes()


def picture(model: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> list[object]:
    """Identity, bits, version and gradient of every tensor, moments, hooks, modes and random states."""
    tensors = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    seen: list[object] = [
        (name, id(t), bits(t), t._version, t.requires_grad, None if t.grad is None else (id(t.grad), bits(t.grad)))
        for name, t in tensors
    ]
    for fqn, module in model.named_modules():
        seen.append((fqn, id(module), module.training, sorted(module.__dict__), len(module._forward_hooks)))
    states = {} if optimizer is None else optimizer.state
    for parameter, state in states.items():
        seen += [(id(parameter), name, bits(v) if isinstance(v, torch.Tensor) else v) for name, v in state.items()]
    name, keys, place, *rest = np.random.get_state()
    seen += [bits(torch.get_rng_state()), random.getstate(), name, keys.tobytes(), place, rest]
    return seen


def previewed(
    model: nn.Module,
    choice: Choice,
    optimizer: torch.optim.Optimizer | None = None,
    *,
    batch: torch.Tensor | None = None,
) -> InitialisingBook:
    """The book after a preview."""
    forward = None if batch is None else lambda copied: copied(batch.clone())
    run = LiveRun(model, () if optimizer is None else (optimizer,))
    book = InitialisingBook()
    for record in Preview(1, choice, run, 3, Batch(forward, "a batch")).pieces():
        if record is not None:
            book.take(record)
    return book


def values_of(model: nn.Module) -> dict[str, bytes]:
    return dict(_values(model))


def _values(model: nn.Module) -> Iterator[tuple[str, bytes]]:
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        yield name, bits(tensor)
