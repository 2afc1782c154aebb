"""Built badly on purpose: twenty sigmoid layers, so that the gradient vanishes on its way to the first one.

A sigmoid's slope is at most a quarter, so each layer leaves less than a quarter of the gradient. Look at the profile
over depth: the last layer learns, the first ones stand still, and the loss stays where guessing is (2.3). The cure is
ReLU, normalisation, or residual additions as in ``transformer.py``.

The digits are described in ``digits.py``.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from moduleview import TrainingTask

N_LAYERS = 20
WIDTH = 64


def load_digits() -> TensorDataset:
    """Images (1797, 64) as float32 in 0..1 and labels (1797,) as int64."""
    with np.load(Path(__file__).with_name("digits.npz")) as data:
        images = torch.from_numpy(data["images"]).float().div(16).flatten(1)
        return TensorDataset(images, torch.from_numpy(data["labels"]).long())


class DeepSigmoidNet(nn.Module):
    """Twenty times a linear layer and a sigmoid, then a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(N_LAYERS))
        self.classifier = nn.Linear(WIDTH, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (batch, 10) of images (batch, 64)."""
        x = images
        for layer in self.layers:
            x = torch.sigmoid(layer(x))
        return self.classifier(x)


def task() -> TrainingTask:
    """What moduleview opens."""
    torch.manual_seed(0)
    model = DeepSigmoidNet()
    return TrainingTask(
        model=model,
        optimizer=torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9),
        batches=DataLoader(load_digits(), batch_size=64, shuffle=True),
        loss=nn.functional.cross_entropy,
        title="Digits, vanishing",
    )
