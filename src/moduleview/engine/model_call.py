"""Hands a batch to a model and its outputs to a loss, in the ways that ``TrainingTask`` promises."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from moduleview.errors import TaskError
from moduleview.telemetry.number_words import shape_words


def split_batch(batch: Any) -> tuple[Any, Any]:
    """Inputs and target of a batch; a dict is both.

    Raises:
        TaskError: It is neither a pair nor a dict.
    """
    if isinstance(batch, Mapping):
        return batch, batch
    if isinstance(batch, (tuple, list)) and len(batch) == 2:
        return batch[0], batch[1]
    kind = type(batch).__name__
    what = f"a {kind} of {len(batch)}" if isinstance(batch, (tuple, list)) else f"of type {kind}"
    raise TaskError(f"A batch is {what}; let the batches yield (inputs, target) or a dict, or give the task a step.")


def call_model(model: nn.Module, inputs: Any, *, is_whole_batch: bool) -> Any:
    """``model(inputs)``, by position for a tuple or list, by name for a dict.

    Args:
        model: Called, never its ``forward``, so that hooks fire.
        inputs: As the batch holds them.
        is_whole_batch: ``inputs`` is a dict batch: only what ``forward`` has arguments for is given to it.
    """
    if isinstance(inputs, Mapping):
        names = _argument_names(model) if is_whole_batch else None
        return model(**{name: value for name, value in inputs.items() if names is None or name in names})
    if isinstance(inputs, (tuple, list)):
        return model(*inputs)
    return model(inputs)


def _argument_names(model: nn.Module) -> frozenset[str] | None:
    """Names of ``forward``'s arguments; None when it takes any."""
    parameters = inspect.signature(model.forward).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters)


def compute_loss(loss: Callable[[Any, Any], Any] | None, outputs: Any, target: Any) -> torch.Tensor:
    """The loss of one batch: a tensor of one element that a gradient can be taken of.

    Raises:
        TaskError: It is not, or there is none.
    """
    value = _loss_of_outputs(outputs) if loss is None else loss(outputs, target)
    if not isinstance(value, torch.Tensor):
        what = "None" if value is None else f"of type {type(value).__name__}"
        raise TaskError(f"The loss is {what}; return a tensor of one element, and leave .item() to the viewer.")
    if value.numel() != 1:
        raise TaskError(
            f"The loss has shape {shape_words(value.shape)}, not one element; reduce it, for example with .mean()."
        )
    if not value.requires_grad:
        raise TaskError(
            "The loss has no gradient; look for torch.no_grad(), .detach() or .item() on the way to it, "
            "or for a model whose parameters are all frozen."
        )
    return value


def step_loss(value: Any) -> torch.Tensor | float:
    """What a task's own ``step`` returned, as a loss.

    Raises:
        TaskError: It is not one number.
    """
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        return value.detach()
    if isinstance(value, numbers.Real) and not isinstance(value, bool):  # NumPy's numbers too
        return float(value)
    if isinstance(value, torch.Tensor):
        raise TaskError(
            f"The step returned a tensor of shape {shape_words(value.shape)}; return its loss as one number."
        )
    what = "nothing" if value is None else f"a {type(value).__name__}"
    raise TaskError(f"The step returned {what}; return its loss as a number or a tensor of one element.")


def _loss_of_outputs(outputs: Any) -> Any:
    value = outputs.get("loss") if isinstance(outputs, Mapping) else getattr(outputs, "loss", None)
    if value is None:
        raise TaskError("The task has no loss and the model's output has none either; give loss=, or labels.")
    return value
