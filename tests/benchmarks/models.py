"""The models that every benchmark of a training step takes: small, middling and large, real steps on seeded batches.

Their sizes are those of the design: the MLP's step is so short that overhead shows, the GPT's so long that only reads
of memory do. A step is forward, cross entropy, backward and AdamW; the batches are drawn once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle

import torch
from torch import Tensor, nn
from torch.nn import functional

_N_BATCHES = 4


@dataclass(eq=False)
class Workload:
    """A model that trains.

    Attributes:
        title: For tables.
        model: On its device, in training mode.
        optimizer: Of all its parameters.
        batches: Inputs and targets, on the same device.
    """

    title: str
    model: nn.Module
    optimizer: torch.optim.Optimizer
    batches: list[tuple[Tensor, Tensor]]
    loss: Callable[[Tensor, Tensor], Tensor] = functional.cross_entropy

    def __post_init__(self) -> None:
        self._next = cycle(self.batches)

    def step(self) -> Tensor:
        """One whole training step; gives its loss, gradients are left as they are."""
        inputs, target = next(self._next)
        self.optimizer.zero_grad()
        loss = self.loss(self.model(inputs), target)
        loss.backward()
        self.optimizer.step()
        return loss


def mlp(device: str = "cpu") -> Workload:
    """MLP 10x256: 20 tensors, 0.66 million parameters, about 4.5 ms a step."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    model = nn.Sequential(*(layer for _ in range(10) for layer in (nn.Linear(256, 256), nn.ReLU())))
    batches = [
        (torch.randn(64, 256, generator=generator), torch.randint(256, (64,), generator=generator))
        for _ in range(_N_BATCHES)
    ]
    return _workload("MLP 10x256", model, batches, device)


def resnet(device: str = "cpu") -> Workload:
    """ResNet-18 with a 3x3 stem at 32x32: 62 tensors, 11.2 million parameters, about 0.7 s a step."""
    generator = torch.Generator().manual_seed(1)
    torch.manual_seed(1)
    batches = [
        (torch.randn(18, 3, 32, 32, generator=generator), torch.randint(10, (18,), generator=generator))
        for _ in range(_N_BATCHES)
    ]
    return _workload("ResNet-18 at 32x32", _ResNet(), batches, device)


def gpt(device: str = "cpu") -> Workload:
    """GPT 6x256 with tied embeddings: 9.9 million parameters, about 1 s a step."""
    generator = torch.Generator().manual_seed(2)
    torch.manual_seed(2)
    tokens = [torch.randint(_VOCABULARY, (6, _CONTEXT + 1), generator=generator) for _ in range(_N_BATCHES)]
    batches = [(rows[:, :-1].contiguous(), rows[:, 1:].reshape(-1)) for rows in tokens]
    return _workload("GPT 6x256", _Gpt(), batches, device)


MODELS: dict[str, Callable[[str], Workload]] = {"mlp": mlp, "resnet": resnet, "gpt": gpt}


def _workload(title: str, model: nn.Module, batches: list[tuple[Tensor, Tensor]], device: str) -> Workload:
    model = model.to(device)
    there = [(inputs.to(device), target.to(device)) for inputs, target in batches]
    return Workload(title, model, torch.optim.AdamW(model.parameters(), lr=1e-4), there)


class _Residual(nn.Module):
    """Two convolutions and what goes round them."""

    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(into, out, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(out)
        self.act1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(out)
        self.act2 = nn.ReLU()
        is_same = into == out and stride == 1
        self.shortcut = (
            nn.Identity()
            if is_same
            else nn.Sequential(nn.Conv2d(into, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        )

    def forward(self, x: Tensor) -> Tensor:
        inner = self.norm2(self.conv2(self.act1(self.norm1(self.conv1(x)))))
        return self.act2(inner + self.shortcut(x))


class _ResNet(nn.Sequential):
    """ResNet-18 as it is trained on CIFAR."""

    def __init__(self) -> None:
        widths = [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)]
        stages = [nn.Sequential(_Residual(a, b, stride), _Residual(b, b, 1)) for a, b, stride in widths]
        stem = nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU())
        super().__init__(stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


_VOCABULARY, _CONTEXT, _WIDTH, _HEADS = 20_000, 256, 256, 8


class _Attention(nn.Module):
    """Causal self-attention."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(_WIDTH, 3 * _WIDTH)
        self.proj = nn.Linear(_WIDTH, _WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, _HEADS, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(mixed.transpose(1, 2).reshape(batch, length, width))


class _Block(nn.Module):
    """Attention and a perceptron, each behind a norm and beside a residual."""

    def __init__(self) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(_WIDTH)
        self.attn = _Attention()
        self.ln_2 = nn.LayerNorm(_WIDTH)
        self.mlp = nn.Sequential(nn.Linear(_WIDTH, 4 * _WIDTH), nn.GELU(), nn.Linear(4 * _WIDTH, _WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class _Gpt(nn.Module):
    """A GPT whose head is its embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(_VOCABULARY, _WIDTH)
        self.position = nn.Embedding(_CONTEXT, _WIDTH)
        self.blocks = nn.ModuleList(_Block() for _ in range(6))
        self.ln_f = nn.LayerNorm(_WIDTH)
        self.head = nn.Linear(_WIDTH, _VOCABULARY, bias=False)
        nn.init.normal_(self.embed.weight, std=0.02)
        self.head.weight = self.embed.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embed(tokens) + self.position(torch.arange(tokens.shape[1], device=tokens.device))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x)).flatten(0, 1)
