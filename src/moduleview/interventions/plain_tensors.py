"""Tensors that a module holds as plain attributes: neither saved nor moved with it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from moduleview.hooks.model_index import ModelIndex
from moduleview.interventions.base import InterventionError
from moduleview.interventions.fields import choice
from moduleview.interventions.targets import place
from moduleview.telemetry.changes_messages import ChangeField


def module_called(model: nn.Module, fqn: str) -> nn.Module:
    """The module of a name.

    Raises:
        InterventionError: There is none.
    """
    modules = ModelIndex(model).modules
    if fqn not in modules:
        raise InterventionError(f"There is no module called {fqn} now. Choose another one.")
    return modules[fqn]


def attribute_field(model: nn.Module, fqn: str, *, is_trainable: bool) -> ChangeField:
    """A choice of the plain tensors of a module.

    Args:
        model: The live model.
        fqn: Of the module.
        is_trainable: Only those that could be parameters.

    Raises:
        InterventionError: It has none.
    """
    names = _plain_names(module_called(model, fqn), is_trainable=is_trainable)
    if not names:
        kind = "floating-point tensor" if is_trainable else "tensor"
        raise InterventionError(
            f"{place(fqn)} holds no {kind} as a plain attribute. "
            "Choose a module that does; lists of tensors do not count."
        )
    return choice("attribute", "Attribute", names, "A tensor that the module holds without having registered it")


def plain_tensor(module: nn.Module, name: str) -> torch.Tensor:
    """The tensor that is a plain attribute.

    Raises:
        InterventionError: It is not there any more.
    """
    tensor = module.__dict__.get(name)
    if not isinstance(tensor, torch.Tensor):
        raise InterventionError(f"The module has no plain tensor called {name} now. Choose another one.")
    return tensor


def _plain_names(module: nn.Module, *, is_trainable: bool) -> Sequence[str]:
    return [
        name
        for name, value in module.__dict__.items()
        if isinstance(value, torch.Tensor)
        and (value.is_floating_point() or value.is_complex() or not is_trainable)
        and name.isidentifier()
    ]
