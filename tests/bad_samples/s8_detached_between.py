"""S8: what the encoder returns is detached before the head takes it."""

import torch
from torch import nn

from moduleview import TrainingTask


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(4, 4)
        self.head = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = self.encoder(x)
        return self.head(features.detach())


def task() -> TrainingTask:
    model = Net()
    return TrainingTask(
        model,
        torch.optim.SGD(model.parameters(), lr=0.01),
        batches=[(torch.randn(8, 4), torch.randn(8, 4))],
        loss=nn.functional.mse_loss,
    )
