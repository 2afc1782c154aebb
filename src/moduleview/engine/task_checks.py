"""What is wrong with a task, said before the first step where that is possible."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from moduleview.engine.task import TrainingTask
from moduleview.errors import TaskError
from moduleview.telemetry.training_data_code import NO_PARAMETERS


def check_types(task: TrainingTask) -> None:
    """Look whether each part of a task is the kind of thing it must be.

    Raises:
        TaskError: One is not.
    """
    if not isinstance(task.model, nn.Module):
        raise TaskError(f"The task's model is {_what(task.model)}; give an nn.Module.")
    if task.optimizer is not None and not isinstance(task.optimizer, torch.optim.Optimizer):
        raise TaskError(f"The task's optimizer is {_what(task.optimizer)}; give a torch.optim.Optimizer or a step.")
    if task.batches is not None:
        _check_batches(task.batches)
    for name in ("loss", "step"):
        value = getattr(task, name)
        if value is not None and not callable(value):
            raise TaskError(f"The task's {name} is {_what(value)}; give a callable.")
    if task.loss is not None and task.step is not None:
        raise TaskError("The task has a loss and a step; give the loss, or a step that computes it itself.")


def why_it_cannot_train(task: TrainingTask) -> str:
    """A sentence on what is missing for training; "" when nothing is."""
    if task.step is not None:
        return ""
    if task.batches is None:
        if not any(True for _parameter in task.model.parameters()):
            return NO_PARAMETERS
        rest = "give random ones with Model > Training data..., or open a TrainingTask that has batches."
        return f"There are no batches to train on; {rest}"
    if task.optimizer is None:
        return "The task has no optimizer; give it one, or a step that does without."
    if isinstance(task.optimizer, torch.optim.LBFGS):
        return "LBFGS evaluates the loss several times a step; give the task a step that calls it with a closure."
    return ""


def _check_batches(batches: Any) -> None:
    if callable(batches) and not hasattr(batches, "__iter__"):
        raise TaskError("The task's batches are a function; call it and give what it returns.")
    if isinstance(batches, (str, bytes, torch.Tensor)) or not (
        hasattr(batches, "__iter__") or hasattr(batches, "__getitem__")
    ):
        raise TaskError(f"The task's batches are {_what(batches)}; give an iterable of (inputs, target) or of dicts.")


def _what(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"of type {type(value).__name__}"
