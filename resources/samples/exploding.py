"""Built badly on purpose: weights drawn too large, and a learning rate that grows until training explodes.

Each layer makes what passes through it larger, so that a small change of the weights is a large one of the outputs,
and the warm-up of the learning rate never ends. The loss falls at first and trembles, then it climbs, and within a few
steps NaN stands in all layers. The cure is an initialisation that keeps the scale (``nn.init.kaiming_normal_``), a
warm-up with an end, and a limit on the gradient.

It also shows a task with a ``step`` of its own, for whatever is more than forward, loss, backward and optimizer.

The digits are described in ``digits.py``.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from moduleview import TrainingTask

N_LAYERS = 8
WIDTH = 64


def load_digits() -> TensorDataset:
    """Images (1797, 64) as float32 in 0..1 and labels (1797,) as int64."""
    with np.load(Path(__file__).with_name("digits.npz")) as data:
        images = torch.from_numpy(data["images"]).float().div(16).flatten(1)
        return TensorDataset(images, torch.from_numpy(data["labels"]).long())


class ExplodingNet(nn.Module):
    """Linear layers with residual additions that nothing normalises, and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(N_LAYERS))
        self.classifier = nn.Linear(WIDTH, 10)
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=0.1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Ten numbers for each image, (batch, 10) of (batch, 64)."""
        x = images
        for layer in self.layers:
            x = x + torch.relu(layer(x))
        return self.classifier(x)


def squared_error(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean squared distance to the one-hot labels: unlike cross-entropy its gradient has no bound."""
    return nn.functional.mse_loss(outputs, nn.functional.one_hot(labels, 10).float())


def task() -> TrainingTask:
    """What moduleview opens: the batches, and a function that does one whole step on one of them."""
    torch.manual_seed(0)
    model = ExplodingNet()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    warm_up = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=1.04)  # 4 % more each step, without end

    def step(batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        images, labels = batch
        optimizer.zero_grad()
        loss = squared_error(model(images), labels)
        loss.backward()
        optimizer.step()
        warm_up.step()
        return loss

    return TrainingTask(
        model=model,
        optimizer=optimizer,
        batches=DataLoader(load_digits(), batch_size=64, shuffle=True),
        step=step,
        title="Digits, exploding",
    )
