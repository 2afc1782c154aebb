"""Random batches and a loss for a bare model, so that it can train without data of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from moduleview.engine.task import TrainingTask
from moduleview.errors import TaskError
from moduleview.telemetry.commands import SetTrainingData
from moduleview.telemetry.training_data_code import (
    INTEGER_DTYPES,
    MEAN_LOSS,
    N_BATCHES,
    NO_PARAMETERS,
    SEED,
    VALUE_LOSSES,
    check_training_data,
)


def task_on_random_batches(task: TrainingTask, command: SetTrainingData) -> TrainingTask:
    """The same model with an optimizer, batches and a loss as ``training_data_code.preview_code`` spells them.

    Draws from generators of its own: the default one belongs to the user's code, as the default device does.

    Raises:
        TaskError: The command asks for what there is not, or there is no room for the batches.
    """
    check_training_data(command)
    params = list(task.model.parameters())
    if not params:
        raise TaskError(NO_PARAMETERS)
    return TrainingTask(
        model=task.model,
        optimizer=torch.optim.AdamW(params, lr=command.learning_rate),
        batches=_draw_batches(command),
        loss=RandomTargetLoss(command),
        title=task.title,
    )


class RandomTargetLoss:
    """A loss against a target that is drawn to fit the outputs, always the same one for the same seed."""

    def __init__(self, command: SetTrainingData) -> None:
        self._name = command.loss
        self._compute: Callable[..., torch.Tensor] = getattr(functional, command.loss, torch.mean)
        self._n_classes = command.n_classes
        self._takes_tokens = command.dtype in INTEGER_DTYPES

    def __call__(self, outputs: Any, seed: int) -> torch.Tensor:
        """The loss of one batch, a scalar."""
        while not isinstance(outputs, torch.Tensor):  # the first tensor of a tuple, list or dict
            outputs = next(iter(outputs.values() if isinstance(outputs, dict) else outputs))
        if self._name == MEAN_LOSS:
            return self._compute(outputs)
        draw = torch.Generator().manual_seed(seed)
        if self._name in VALUE_LOSSES:
            return self._compute(outputs, torch.rand(outputs.shape, generator=draw, device="cpu").to(outputs))
        if self._takes_tokens:
            outputs = outputs.flatten(0, -2)
        n_classes = min(self._n_classes, outputs.shape[1])
        target = torch.randint(n_classes, (len(outputs), *outputs.shape[2:]), generator=draw, device="cpu")
        return self._compute(outputs, target.to(outputs.device))


def _draw_batches(command: SetTrainingData) -> list[tuple[tuple[torch.Tensor, ...], int]]:
    generator = torch.Generator().manual_seed(SEED)
    try:
        return [
            (tuple(_draw(shape, command, generator) for shape in command.input_shapes), seed)
            for seed in range(N_BATCHES)
        ]
    except (RuntimeError, MemoryError):
        raise TaskError("There is no memory for batches of these shapes; give smaller ones.") from None


def _draw(shape: tuple[int, ...], command: SetTrainingData, generator: torch.Generator) -> torch.Tensor:
    dtype: torch.dtype = getattr(torch, command.dtype)
    if command.dtype in INTEGER_DTYPES:
        return torch.randint(command.n_classes, shape, generator=generator, dtype=dtype, device="cpu")
    return torch.randn(shape, generator=generator, device="cpu").to(dtype)
