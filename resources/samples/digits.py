"""A small convolutional net that reads handwritten digits.

The data are the 1 797 images of 8 x 8 pixels that scikit-learn ships: the test part of "Optical Recognition of
Handwritten Digits" by E. Alpaydin and C. Kaynak (1998), UCI Machine Learning Repository,
https://doi.org/10.24432/C50P49, licensed under CC BY 4.0. Here they are packed as bytes in ``digits.npz``.

To bring a model of your own, write a file like this one: a function that gives a ``TrainingTask``.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from moduleview import TrainingTask


def load_digits() -> TensorDataset:
    """Images (1797, 1, 8, 8) as float32 in 0..1 and labels (1797,) as int64."""
    with np.load(Path(__file__).with_name("digits.npz")) as data:
        images = torch.from_numpy(data["images"]).float().div(16).unsqueeze(1)
        return TensorDataset(images, torch.from_numpy(data["labels"]).long())


def conv_block(channels_in: int, channels_out: int) -> nn.Sequential:
    """A convolution that keeps the size, normalised."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class DigitsNet(nn.Module):
    """Two convolutions, a pooling, two more, and a linear classifier over the mean of each channel."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.stem = conv_block(1, width)
        self.features = nn.Sequential(
            conv_block(width, width),
            nn.MaxPool2d(2),
            conv_block(width, 2 * width),
            conv_block(2 * width, 2 * width),
        )
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(2 * width, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (batch, 10) of images (batch, 1, 8, 8)."""
        maps = self.features(self.stem(images))
        return self.classifier(self.dropout(maps.mean(dim=(2, 3))))


def task() -> TrainingTask:
    """What moduleview opens: the model, its optimizer, its data and its loss."""
    torch.manual_seed(0)
    model = DigitsNet()
    return TrainingTask(
        model=model,
        optimizer=torch.optim.AdamW(model.parameters(), lr=2e-3),
        batches=DataLoader(load_digits(), batch_size=64, shuffle=True),
        loss=nn.functional.cross_entropy,
        title="Digits",
    )
