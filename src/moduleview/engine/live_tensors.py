"""Finds the live tensor that somebody asks for. Training thread only."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from moduleview.engine.model_call import split_batch
from moduleview.engine.services.base import LiveModel
from moduleview.errors import ModuleViewError
from moduleview.hooks.leaves import bounded_leaves
from moduleview.introspect.lookup import module_at
from moduleview.telemetry.lab_tensors import TakeTensor, TensorKind


class NoTensorError(ModuleViewError):
    """There is none now; the sentence says why and what to do."""


def find_tensor(live: LiveModel, asked: TakeTensor) -> torch.Tensor:
    """A parameter, buffer, gradient, or a tensor of the last batch.

    Raises:
        NoTensorError: There is none.
    """
    if asked.kind in (TensorKind.INPUT, TensorKind.TARGET):
        return _of_batch(live.last_batch, asked)
    tensor = _registered(live.run.model, asked)
    if asked.kind is not TensorKind.GRADIENT:
        return tensor
    gradient = tensor.grad
    if gradient is None:
        why = "it is frozen" if not tensor.requires_grad else "no step was made, or it was set to None after use"
        raise NoTensorError(f"{asked.fqn} has no gradient now: {why}. Make a step and ask again.")
    return gradient


def find_module(live: LiveModel, fqn: str) -> nn.Module:
    """The module of that name.

    Raises:
        NoTensorError: There is none.
    """
    module = module_at(live.run.model, fqn)
    if module is None:
        raise NoTensorError(f"There is no module called {fqn} now. Choose another one.")
    return module


def _registered(model: nn.Module, asked: TakeTensor) -> torch.Tensor:
    """From the module's own tables: an attribute of a parametrized module computes."""
    owner, _, name = asked.fqn.rpartition(".")
    module = module_at(model, owner)
    if module is not None:
        for table in (module._parameters, module._buffers):
            found = dict(table.items()).get(name)
            if isinstance(found, torch.Tensor):
                return found
    raise NoTensorError(f"There is no parameter or buffer called {asked.fqn} now. Choose another one.")


def _of_batch(batch: Any, asked: TakeTensor) -> torch.Tensor:
    if batch is None:
        raise NoTensorError("There is no batch yet, or the task makes its own. Make a step and ask again.")
    try:
        inputs, target = split_batch(batch)
        leaves = bounded_leaves(inputs if asked.kind is TensorKind.INPUT else target)
    except Exception as error:
        raise NoTensorError(f"The last batch cannot be looked at: {error}") from None
    found = next((tensor for place, tensor in leaves if place == asked.part), None)
    if found is None:
        places = ", ".join(place or "the first" for place, _ in leaves) or "no tensor"
        raise NoTensorError(f"The last batch has no {asked.kind} {asked.part}: it has {places}. Choose one of these.")
    return found
