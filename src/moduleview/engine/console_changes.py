"""What a cell did to the run, as far as the run's own tables and tensors show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from moduleview.engine.structure_watch import StructureWatch
from moduleview.interventions.base import LiveRun

_State = tuple[object, ...]


class RunMarks:
    """Marks of the run at the moment that this is made; compared with those of a later one.

    Weights and buffers are told by their place in memory, version and shape. A change in place through ``.data`` moves
    none of them: whoever asks has to look at the code for that.
    """

    def __init__(self, run: LiveRun) -> None:
        self._run = run
        self._structure = StructureWatch(run.model)
        self._marks = _marks(run)

    def changes(self) -> list[str]:
        """What is another one now, in a word or two each; "structure" comes first."""
        now = _marks(self._run)
        found = ["structure"] if self._structure.has_changed() else []
        return found + [name for name, before in self._marks.items() if now[name] != before]


def _marks(run: LiveRun) -> Mapping[str, Any]:
    modules = list(run.model.modules())
    return {
        "weights": [_mark(parameter) for parameter in run.model.parameters()],
        "shapes": [_shape(tensor) for tensor in (*run.model.parameters(), *run.model.buffers())],
        "buffers": [_mark(buffer) for buffer in run.model.buffers()],
        "training mode": [module.__dict__.get("training") for module in modules],
        "hooks": [_hooks(module) for module in modules],
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
