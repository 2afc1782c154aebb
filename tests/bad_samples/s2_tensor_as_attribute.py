"""S2: a tensor that is to be learned, but is no parameter."""

import torch
from torch import nn

from moduleview import TrainingTask


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.scale = torch.ones(4, requires_grad=True)
        self.shifts = [nn.Parameter(torch.zeros(4))]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x) * self.scale + self.shifts[0]


def task() -> TrainingTask:
    model = Net()
    return TrainingTask(
        model,
        torch.optim.SGD(model.parameters(), lr=0.01),
        batches=[(torch.randn(8, 4), torch.randn(8, 4))],
        loss=nn.functional.mse_loss,
    )
