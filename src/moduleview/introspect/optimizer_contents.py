"""What optimizers hold beside the parameters of the model."""

from __future__ import annotations

from collections import Counter

from torch import Tensor

from moduleview.introspect.checked_run import CheckedRun


def foreign(run: CheckedRun) -> list[Tensor]:
    """Parameters in the optimizers that neither the model nor what trains beside it has, each once."""
    beside = {id(p) for module in run.beside for p in module.parameters()}
    once: dict[int, Tensor] = {}
    for _, parameter in run.in_optimizers():
        if id(parameter) not in run.parameters and id(parameter) not in beside:
            once.setdefault(id(parameter), parameter)
    return list(once.values())


def looks_replaced(run: CheckedRun) -> list[Tensor]:
    """Foreign ones for each of which the model has a parameter of the same shape that no optimizer holds; else none.

    That is what is left when a model is wrapped, converted or made anew after its optimizer.
    """
    strangers = foreign(run)
    if not strangers:
        return []
    outside = Counter(_shape(p) for i, (_, p) in run.parameters.items() if p.requires_grad and i not in run.optimized)
    wanted = Counter(map(_shape, strangers))
    return strangers if all(outside[shape] >= n for shape, n in wanted.items()) else []


def _shape(tensor: Tensor) -> tuple[int, ...]:
    try:
        return tuple(tensor.shape)
    except Exception:  # a lazy parameter
        return (-1,)
