"""S7: a layer that is built anew on every call."""

import torch
from torch import nn

from moduleview import TrainingTask


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.Linear(4, 4)(self.linear(x))


def task() -> TrainingTask:
    model = Net()
    return TrainingTask(
        model,
        torch.optim.SGD(model.parameters(), lr=0.01),
        batches=[(torch.randn(8, 4), torch.randn(8, 4))],
        loss=nn.functional.mse_loss,
    )
