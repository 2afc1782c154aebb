"""S4: one parameter in two groups: torch refuses that in the optimizer, but not in its list of groups."""

import torch
from torch import nn

from moduleview import TrainingTask


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


def optimizer_of(model: nn.Module) -> torch.optim.Optimizer:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    optimizer.param_groups.append({**optimizer.param_groups[0], "params": list(model.parameters())})
    return optimizer


def task() -> TrainingTask:
    model = Net()
    return TrainingTask(
        model,
        optimizer_of(model),
        batches=[(torch.randn(8, 4), torch.randn(8, 4))],
        loss=nn.functional.mse_loss,
    )
