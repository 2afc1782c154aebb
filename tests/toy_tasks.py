"""Small tasks that train in a millisecond a step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from moduleview import TrainingTask


def toy_model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.1), nn.Linear(8, 2))


def toy_batches(n: int = 4) -> list[tuple[torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(1)
    return [(torch.randn(16, 4, generator=generator), torch.randn(16, 2, generator=generator)) for _ in range(n)]


def toy_task(batches: Iterable[Any] | None = None, **changes: Any) -> TrainingTask:
    """A task over ``toy_model`` that trains, with some of its parts changed."""
    model = changes.pop("model", None) or toy_model()
    parts: dict[str, Any] = {
        "model": model,
        "optimizer": torch.optim.AdamW(model.parameters(), lr=0.01),
        "batches": toy_batches() if batches is None else batches,
        "loss": nn.functional.mse_loss,
    }
    return TrainingTask(**(parts | changes))


def plain_loop(task: TrainingTask, n_steps: int) -> list[float]:
    """Train without moduleview; gives the losses."""
    assert task.optimizer is not None
    assert task.loss is not None
    assert isinstance(task.batches, list)
    losses = []
    for step in range(n_steps):
        inputs, target = task.batches[step % len(task.batches)]
        task.optimizer.zero_grad()
        loss = task.loss(task.model(inputs), target)
        loss.backward()
        task.optimizer.step()
        losses.append(loss.item())
    return losses
