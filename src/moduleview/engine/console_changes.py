"""What a cell did to the run, as far as the run's own tables and tensors show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from moduleview.interventions.base import LiveRun

_State = tuple[object, ...]


class RunMarks:
    """Marks of the run at the moment that this is made; compared with those of a later one.

    Weights and buffers are told by their place in memory, version and shape. A change in place through ``.data`` moves
    none of them: whoever asks has to look at the code for that.
    """

    def __init__(self, run: LiveRun) -> None:
        self._run = run
        self._parts = _parts(run.model)  # holds them: an id that is let go is used again
        self._marks = _marks(run)

    def changes(self) -> list[str]:
        """What is another one now, in a word or two each."""
        now = _marks(self._run)
        changed = [name for name, before in self._marks.items() if now[name] != before]
        if "structure" in changed:  # other modules and tensors have other marks: that says nothing more
            changed = [name for name in changed if name in _OF_THE_WHOLE]
        return changed


_OF_THE_WHOLE = ("structure", "optimizer")
SHOWN_IN_PICTURE = frozenset({"structure", "what is trained", "shapes", "training mode", "hooks", "optimizer"})


def _parts(model: nn.Module) -> list[object]:
    return [*model.modules(), *model.parameters()]


def _marks(run: LiveRun) -> Mapping[str, Any]:
    model = run.model
    modules, parameters = list(model.named_modules(remove_duplicate=False)), list(model.parameters())
    return {
        "structure": [(name, id(module), type(module)) for name, module in modules]
        + [(name, id(parameter)) for name, parameter in model.named_parameters(remove_duplicate=False)]
        + [name for name, _ in model.named_buffers(remove_duplicate=False)],
        "what is trained": [parameter.requires_grad for parameter in parameters],
        "weights": [_mark(parameter) for parameter in parameters],
        "shapes": [_shape(tensor) for tensor in (*parameters, *model.buffers())],
        "buffers": [_mark(buffer) for buffer in model.buffers()],
        "training mode": [module.__dict__.get("training") for _, module in modules],
        "hooks": [_hooks(module) for _, module in modules],
        "optimizer": [_groups(optimizer) for optimizer in run.optimizers],
    }


def _mark(tensor: torch.Tensor) -> _State:
    if is_lazy(tensor):
        return (id(tensor),)
    version = -1 if tensor.is_inference() else tensor._version
    is_plain = type(tensor) in (torch.Tensor, nn.Parameter) and tensor.layout is torch.strided
    return (id(tensor), version, tensor.data_ptr() if is_plain and not tensor.is_meta else 0)


def _shape(tensor: torch.Tensor) -> _State:
    if is_lazy(tensor) or tensor.is_nested:
        return ()
    return (tuple(tensor.shape), tensor.dtype, tensor.device)


def _hooks(module: nn.Module) -> _State:
    own = module.__dict__
    names = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return tuple(tuple(own.get(name) or ()) for name in names)


def _groups(optimizer: torch.optim.Optimizer) -> _State:
    """Settings of each group, and which parameters are in it."""
    return tuple(
        (
            tuple((name, repr(value)[:80]) for name, value in group.items() if name != "params"),
            tuple(map(id, group["params"])),
        )
        for group in optimizer.param_groups
    )
