"""What a cell did to the run, as far as the run's own tables and tensors show it."""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from moduleview.engine.console_values import SomeValues
from moduleview.interventions.base import LiveRun
from moduleview.introspect.module_attributes import attributes_of

SHOWN_IN_PICTURE = frozenset({"structure", "what is trained", "shapes", "training mode", "hooks", "optimizer"})
_OF_THE_WHOLE = ("structure", "optimizer")
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_version_of = attrgetter("_version")
_shape_of = attrgetter("shape", "dtype", "device")
_is_trained = attrgetter("requires_grad")
_PLAIN_TYPES = (int, float, bool, str, type(None))


class RunMarks:
    """Marks of the run at the moment that this is made; compared with those of a later one.

    Taken before and after a cell, they cost a third of a step of a model of 100 000 modules, and 2 ms at 100.

    Weights and buffers are told by their version, their place in memory and their shape. What moves none of them (a
    change in place through ``.data``, a NumPy array or a storage) is told by some of their values, and so may be
    missed in a tensor of more than 1 024 elements, or among more than 1 000 tensors: ``may_miss`` says whether.
    """

    def __init__(self, run: LiveRun) -> None:
        self._run = run
        self._before = _Look.at(run)  # holds what it looked at: an id that is let go is used again
        self._weights = SomeValues(self._before.parameters)
        self._buffers = SomeValues(self._before.buffers)

    @property
    def may_miss(self) -> bool:
        """Not every value was looked at."""
        return not (self._weights.are_all and self._buffers.are_all)

    def changes(self) -> list[str]:
        """What is another one now, in a word or two each."""
        now = _Look.at(self._run)
        changed = self._before.differences(now)
        if "structure" in changed:  # other modules and tensors have other marks: that says nothing more
            return [name for name in changed if name in _OF_THE_WHOLE]
        for name, before, tensors in (
            ("weights", self._weights, now.parameters),
            ("buffers", self._buffers, now.buffers),
        ):
            if name not in changed and not before.are_those_of(SomeValues(tensors)):
                changed.append(name)
        return changed


@dataclass(eq=False)
class _Look:
    """One walk through the tables.

    Attributes:
        held: What is told by being the same object, by topic.
        facts: What is told by being equal, by topic.
    """

    parameters: list[torch.Tensor]
    buffers: list[torch.Tensor]
    held: Mapping[str, list[Any]]
    facts: Mapping[str, list[Any]]

    @classmethod
    def at(cls, run: LiveRun) -> _Look:
        """Look at the model and its optimizers now."""
        with torch._C.DisableTorchFunctionSubclass():  # a person's own kind of tensor is not asked
            tables = _Tables(run.model)
            parameters, buffers = tables.parameters, tables.buffers
            held, settings = _optimizers(run.optimizers)
            return cls(
                parameters,
                buffers,
                {"structure": tables.objects, "buffers": buffers, "optimizer": held},
                {
                    "structure": tables.names,
                    "what is trained": list(map(_is_trained, parameters)),
                    "weights": _places(parameters),
                    "shapes": _shapes([*parameters, *buffers]),
                    "buffers": _places(buffers),
                    "gradients": _gradients(parameters),
                    "training mode": tables.modes,
                    "hooks": tables.hooks,
                    "optimizer": settings,
                },
            )

    def differences(self, later: _Look) -> list[str]:
        """The topics in which the later look saw something else."""
        return [
            topic
            for topic, facts in self.facts.items()
            if facts != later.facts[topic] or not _are_same(self.held.get(topic, []), later.held.get(topic, []))
        ]


class _Tables:
    """What stands in a model's tables, each module once; no attribute is asked for.

    Attributes:
        objects: Modules, their types and their parameters, in one order.
        names: Those in the tables, in the same order.
        modes: ``training`` of each module.
        hooks: Module, kind and keys of the hooks, where there are some.
        parameters: Each once.
        buffers: Each once; many are made anew in each step.
    """

    def __init__(self, model: nn.Module) -> None:
        self.objects: list[object] = []
        self.names: list[str] = []
        self.modes: list[object] = []
        self.hooks: list[tuple[object, ...]] = []
        self.parameters: list[torch.Tensor] = []
        self.buffers: list[torch.Tensor] = []
        waiting: list[nn.Module | None] = [model]
        entered: set[int] = set()
        while waiting:
            module = waiting.pop()
            self.objects.append(module)
            if module is not None and id(module) not in entered:
                entered.add(id(module))
                waiting += self._take(module)
        self.parameters, self.buffers = _each_once(self.parameters), _each_once(self.buffers)

    def _take(self, module: nn.Module) -> Collection[nn.Module | None]:
        own = attributes_of(module)
        self.objects.append(type(module))
        self.modes.append(own.get("training"))
        if table := own.get("_parameters"):
            self.names += table.keys()
            self.objects += table.values()
            self.parameters += table.values()
        if table := own.get("_buffers"):
            self.names += table.keys()
            self.buffers += table.values()
        for kind in _HOOKS:
            if table := own.get(kind):
                self.hooks.append((len(self.modes), kind, *table))
        if table := own.get("_modules"):
            self.names += table.keys()
            return list(table.values())
        return ()


def _each_once(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    return [*{id(tensor): tensor for tensor in tensors if tensor is not None}.values()]


def _are_same(before: list[object], now: list[object]) -> bool:
    return len(before) == len(now) and all(map(operator.is_, before, now))


def _places(tensors: Sequence[torch.Tensor]) -> list[object]:
    """Versions and places in memory, as far as they have them."""
    try:
        return [*map(_version_of, tensors), *map(torch.Tensor.data_ptr, tensors)]
    except RuntimeError:
        return list(map(_place, tensors))


def _place(tensor: torch.Tensor) -> object:
    try:
        return tensor._version, tensor.data_ptr()
    except RuntimeError:  # sparse, made in inference mode, somebody's own
        return 0 if tensor.is_inference() else tensor._version


def _shapes(tensors: Sequence[torch.Tensor]) -> list[object]:
    try:
        return list(map(_shape_of, tensors))
    except RuntimeError:
        return list(map(_shape, tensors))


def _shape(tensor: torch.Tensor) -> object:
    try:
        return _shape_of(tensor)
    except RuntimeError:  # lazy, nested
        return None


def _gradients(parameters: Sequence[torch.Tensor]) -> list[object]:
    """None, or which one it is and what was done to it."""
    found = [parameter.grad for parameter in parameters]
    there = [gradient for gradient in found if gradient is not None]
    return [*(0 if gradient is None else id(gradient) for gradient in found), *_places(there)]


def _optimizers(optimizers: tuple[Optimizer, ...]) -> tuple[list[object], list[object]]:
    """Which parameters and objects are in each group, and the settings."""
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    settings = [(name, value) for group in groups for name, value in group.items() if name != "params"]
    held = [parameter for group in groups for parameter in group["params"]]
    held += [value for _, value in settings if not _is_plain(value)]
    facts = [(name, value if _is_plain(value) else getattr(value, "_version", 0)) for name, value in settings]
    return held, [*(len(group["params"]) for group in groups), *facts]


def _is_plain(value: object) -> bool:
    parts = value if type(value) is tuple else (value,)
    return all(type(part) in _PLAIN_TYPES for part in parts)
