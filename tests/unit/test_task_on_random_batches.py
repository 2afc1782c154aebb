"""Random training data do exactly what their preview says."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import nn

from moduleview import TrainingTask
from moduleview.engine.random_batches import task_on_random_batches
from moduleview.engine.training_step import TrainingStep
from moduleview.telemetry.commands import SetTrainingData
from moduleview.telemetry.training_data_code import DTYPES, FLOAT_DTYPES, INTEGER_DTYPES, LOSSES, preview_code
from toy_tasks import toy_model


class TokenNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(20, 6)
        self.head = nn.Linear(6, 7)

    def forward(self, codes: torch.Tensor) -> dict[str, Any]:
        return {"logits": (self.head(self.embedding(codes)),)}


def commands() -> list[tuple[type[nn.Module] | Any, SetTrainingData]]:
    floats = [
        (lambda dtype=dtype: toy_model().to(getattr(torch, dtype)), SetTrainingData(((8, 4),), dtype=dtype, loss=loss))
        for dtype, loss in itertools.product(FLOAT_DTYPES, LOSSES)
        if dtype != "float16"  # the CPU computes little in it
    ]
    integers = [
        (TokenNet, SetTrainingData(((4, 5),), dtype=dtype, loss=loss, n_classes=20))
        for dtype, loss in itertools.product(INTEGER_DTYPES, LOSSES)
    ]
    image = nn.Conv2d
    return [
        *floats,
        *integers,
        (lambda: image(3, 5, 3), SetTrainingData(((2, 3, 8, 8),), loss="cross_entropy", n_classes=5)),
        (lambda: nn.Bilinear(4, 3, 2), SetTrainingData(((8, 4), (8, 3)), learning_rate=0.02)),
    ]


@pytest.mark.parametrize(("make", "command"), commands())
def test_preview_is_the_code_that_it_stands_for(make: Any, command: SetTrainingData) -> None:
    """The losses of five steps are bit-equal to those of the code that the dialog showed."""
    torch.manual_seed(0)
    model = make()
    namespace: dict[str, Any] = {"model": model}
    exec(preview_code(command), namespace)
    expected = []
    for inputs, seed in namespace["batches"][:5]:
        namespace["optimizer"].zero_grad()
        loss = namespace["loss"](model(*inputs), seed)
        loss.backward()
        namespace["optimizer"].step()
        expected.append(loss.item())
    torch.manual_seed(0)
    step = TrainingStep(task_on_random_batches(TrainingTask(make()), command))
    losses = []
    for _ in range(5):
        step.fetch()
        losses.append(float(step.train()))
    assert losses == expected


def test_every_type_can_be_drawn() -> None:
    for dtype in DTYPES:
        command = SetTrainingData(((2, 3),), dtype=dtype)
        task = task_on_random_batches(TrainingTask(toy_model()), command)
        assert isinstance(task.batches, list)
        assert task.batches[0][0][0].dtype == getattr(torch, dtype)


def test_random_data_can_be_learned_by_heart() -> None:
    command = SetTrainingData(((8, 4),), loss="cross_entropy", n_classes=2, learning_rate=0.05)
    step = TrainingStep(task_on_random_batches(TrainingTask(toy_model().eval()), command))
    losses = []
    for _ in range(200):
        step.fetch()
        losses.append(float(step.train()))
    assert sum(losses[-8:]) < 0.8 * sum(losses[:8])


def test_users_random_numbers_are_left_alone() -> None:
    model = toy_model()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    command = SetTrainingData(((8, 4),), loss="cross_entropy")
    step = TrainingStep(task_on_random_batches(TrainingTask(model.eval()), command))
    step.fetch()
    step.train()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("loss", ["mse_loss", "cross_entropy", "mean"])
def test_default_device_of_the_user_is_left_alone(loss: str) -> None:
    torch.set_default_device("meta")
    try:
        step = TrainingStep(task_on_random_batches(TrainingTask(toy_model().to_empty(device="cpu")), data(loss)))
        step.fetch()
        assert not step.train().is_meta
    finally:
        torch.set_default_device(None)


def data(loss: str) -> SetTrainingData:
    return SetTrainingData(((8, 4),), loss=loss)
