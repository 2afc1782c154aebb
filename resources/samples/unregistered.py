"""Built badly on purpose: a layer kept in a Python list, which PyTorch therefore never sees.

It works, after a fashion: the layer takes part in the forward pass. But it is missing from ``model.parameters()``, so
the optimizer never trains it; from ``state_dict()``, so it is never saved; and from ``.to()``, so the model breaks on a
GPU. It is missing from the tree on the left, too. The cure is ``nn.ModuleList``.

The digits are described in ``digits.py``.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from moduleview import TrainingTask


def load_digits() -> TensorDataset:
    """Images (1797, 64) as float32 in 0..1 and labels (1797,) as int64."""
    with np.load(Path(__file__).with_name("digits.npz")) as data:
        images = torch.from_numpy(data["images"]).float().div(16).flatten(1)
        return TensorDataset(images, torch.from_numpy(data["labels"]).long())


class ForgetfulNet(nn.Module):
    """A classifier whose hidden layers are in a list."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.stem = nn.Linear(64, width)
        self.hidden = [nn.Linear(width, width)]  # nn.ModuleList([...]) would register it
        self.classifier = nn.Linear(width, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (batch, 10) of images (batch, 64)."""
        x = torch.relu(self.stem(images))
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.classifier(x)


def task() -> TrainingTask:
    """What moduleview opens."""
    torch.manual_seed(0)
    model = ForgetfulNet()
    return TrainingTask(
        model=model,
        optimizer=torch.optim.AdamW(model.parameters(), lr=1e-3),
        batches=DataLoader(load_digits(), batch_size=64, shuffle=True),
        loss=nn.functional.cross_entropy,
        title="Digits, unregistered",
    )
