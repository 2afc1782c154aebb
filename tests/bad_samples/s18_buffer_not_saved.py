"""S18: a running mean in a buffer that is not saved."""

import torch
from torch import nn

from moduleview import TrainingTask


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.register_buffer("center", torch.zeros(4), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            self.center.lerp_(x.mean(0), 0.1)
        return self.linear(x - self.center)


def task() -> TrainingTask:
    model = Net()
    return TrainingTask(
        model,
        torch.optim.SGD(model.parameters(), lr=0.01),
        batches=[(torch.randn(8, 4), torch.randn(8, 4))],
        loss=nn.functional.mse_loss,
    )
