"""Finds the optimizers that train a model where the user's own step uses some that nobody named."""

from __future__ import annotations

from torch import nn
from torch.optim import Optimizer

from moduleview.introspect.living import instances_of


def living_optimizers(model: nn.Module, known: tuple[Optimizer, ...]) -> tuple[Optimizer, ...]:
    """``known``, and all others in this program that hold a parameter of ``model``. Training thread only.

    One that only wraps another shares its groups, and counts once.
    """
    ours = {id(parameter) for parameter in model.parameters()}
    found = list(known)
    shared = {id(group) for one in known for group in one.param_groups}
    for one in instances_of(Optimizer):
        if any(one is other for other in found):
            continue
        groups = vars(one).get("param_groups") or []
        if any(id(group) in shared for group in groups):
            continue
        if any(id(parameter) in ours for group in groups for parameter in group["params"]):
            found.append(one)
            shared.update(map(id, groups))
    return tuple(found)
