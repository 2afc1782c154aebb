"""S1: layers in a list, and one in a closure."""

import torch
from torch import nn

from moduleview import TrainingTask


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(4, 4)
        self.layers = [nn.Linear(4, 4) for _ in range(2)]
        gate = nn.Linear(4, 4)
        self.gate = lambda x: torch.sigmoid(gate(x))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for layer in self.layers:
            x = layer(x)
        return x * self.gate(x)


def task() -> TrainingTask:
    model = Net()
    return TrainingTask(
        model,
        torch.optim.SGD(model.parameters(), lr=0.01),
        batches=[(torch.randn(8, 4), torch.randn(8, 4))],
        loss=nn.functional.mse_loss,
    )
