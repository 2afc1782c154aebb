"""Which parameters and modules a name means, and how Python reaches them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from moduleview.hooks.model_index import ModelIndex
from moduleview.interventions.base import InterventionError

_LEAST_BYTES = 2  # of an element: torch has next to no arithmetic for numbers of 8 bits and fewer


def chosen_parameters(model: nn.Module, fqn: str) -> Mapping[str, nn.Parameter]:
    """Parameters that a name means, each tensor once, whatever other names it has.

    Args:
        model: The live model.
        fqn: A parameter, or a module ("" for the whole model) with all below it.

    Raises:
        InterventionError: There is nothing of that name, or no parameter that could be trained.
    """
    index = ModelIndex(model)
    if fqn in index.parameters:
        named = {fqn: index.parameters[fqn]}
    elif fqn in index.modules:
        below = f"{fqn}." if fqn else ""
        named = {name: p for name, p in index.parameters.items() if name.startswith(below)}
    else:
        raise InterventionError(f"There is no module or parameter called {fqn} now. Choose another one.")
    seen: set[int] = set()
    chosen = {name: p for name, p in named.items() if not (id(p) in seen or seen.add(id(p)))}  # type: ignore[func-returns-value]
    chosen = {name: p for name, p in chosen.items() if p.is_floating_point() or p.is_complex()}
    if not chosen:
        raise InterventionError(
            f"{fqn or 'The model'} has no parameters that could be trained. Choose a module that has some."
        )
    return chosen


def parameters_with_gradients(model: nn.Module, fqn: str) -> Mapping[str, nn.Parameter]:
    """The same, where gradients are to be computed with.

    Raises:
        InterventionError: There are none, none of them is trained, or torch cannot compute with one of them.
    """
    chosen = chosen_parameters(model, fqn)
    if not any(p.requires_grad for p in chosen.values()):
        raise InterventionError(
            f"All parameters of {fqn or 'the model'} are frozen: they get no gradient. Unfreeze them first."
        )
    for name, parameter in chosen.items():
        if is_lazy(parameter):
            raise InterventionError(f"{name} waits for its first input and has no shape yet. Make one step first.")
        if parameter.dtype.itemsize < _LEAST_BYTES:
            kind = str(parameter.dtype).removeprefix("torch.")
            raise InterventionError(
                f"{name} is {kind}, which torch cannot compute with. Choose tensors of 16 bits or more."
            )
    return chosen


def chosen_modules(model: nn.Module, fqn: str) -> Mapping[str, nn.Module]:
    """A module and all below it by name, each of them once.

    Raises:
        InterventionError: There is no module of that name.
    """
    index = ModelIndex(model)
    if fqn not in index.modules:
        raise InterventionError(f"There is no module called {fqn} now. Choose another one.")
    below = f"{fqn}." if fqn else ""
    seen: set[int] = set()
    found: dict[str, nn.Module] = {}
    for name, module in index.modules.items():
        if (name == fqn or name.startswith(below)) and id(module) not in seen:
            seen.add(id(module))
            found[name] = module
    return found


def place(fqn: str) -> str:
    """What a name is called on the screen."""
    return fqn or "the whole model"


def module_python(fqn: str) -> str:
    """How Python reaches a module."""
    return f"model.get_submodule({fqn!r})" if fqn else "model"


def parameters_python(model: nn.Module, fqn: str) -> str:
    """How Python reaches the parameters that a name means."""
    if fqn in ModelIndex(model).parameters:
        return f"[model.get_parameter({fqn!r})]"
    return f"list({module_python(fqn)}.parameters())"


def is_plain(tensor: object) -> bool:
    """A tensor that is neither a parameter nor a subclass of its own."""
    return isinstance(tensor, torch.Tensor) and not isinstance(tensor, nn.Parameter)
