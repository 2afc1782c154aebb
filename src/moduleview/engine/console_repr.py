"""What an expression gave, in few words: Python's own repr, bounded before it is made and not after.

The repr of a person's class is their code: it may raise, and may be interrupted where it never ends.
"""

from __future__ import annotations

import reprlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

MAXIMUM_CHARACTERS = 20_000
_N_ITEMS = 100  # of a list, a dictionary
_N_MODULES = 1_000  # torch's repr builds all of it before it could be cut
_N_FIRST = 8  # values of a tensor that torch cannot summarise in little space
_MAXIMUM_DIMENSIONS = 3  # torch shows six slices along each: 6**3 numbers


def shown_value(value: object) -> str:
    """``value`` as a console shows it, at most about 20 000 characters.

    Raises:
        BaseException: What is no Exception and comes out of the value's own code: an interrupt.
    """
    try:
        text = _Bounded().repr(value)
    except Exception as error:
        text = _without_repr(value, error)
    if len(text) > MAXIMUM_CHARACTERS:
        text = f"{text[:MAXIMUM_CHARACTERS]}\n... cut at {MAXIMUM_CHARACTERS:,} characters"
    return text


def shown_tensor(tensor: torch.Tensor) -> str:
    """What it is in a line, and its values below; of a large one the first and last ones, as torch shows them."""
    if tensor.numel() <= 1 and tensor.dim() == 0:
        return repr(tensor)
    return f"{_facts(tensor)}\n{_values(tensor)}"


def _facts(tensor: torch.Tensor) -> str:
    dtype = str(tensor.dtype).removeprefix("torch.")
    shape = ", ".join(map(str, _shape(tensor)))
    facts = [f"{type(tensor).__name__} ({shape})", dtype, str(tensor.device)]
    if tensor.layout is not torch.strided:
        facts.append(str(tensor.layout).removeprefix("torch."))
    if tensor.grad_fn is not None:
        facts.append(f"from {type(tensor.grad_fn).__name__}")
    elif tensor.requires_grad:
        facts.append("requires grad")
    return ", ".join(facts)


def _shape(tensor: torch.Tensor) -> Iterable[object]:
    try:
        return tuple(tensor.shape)
    except RuntimeError:  # a nested tensor has none
        return ("nested",)


def _values(tensor: torch.Tensor) -> str:
    is_plain = type(tensor) in (torch.Tensor, nn.Parameter) and tensor.layout is torch.strided
    if not is_plain or tensor.is_nested or tensor.device.type == "meta":
        return repr(tensor)
    values = tensor.detach()
    if values.dim() <= _MAXIMUM_DIMENSIONS or values.numel() <= 1000 or not values.numel():
        return repr(values)
    first = values[(0,) * (values.dim() - 1)][:_N_FIRST]
    return f"first values: {', '.join(f'{number:.4g}' for number in first.tolist())}, ..."


class _Bounded(reprlib.Repr):
    """Looks at no more items than are shown, and leaves them in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = self.maxarray = _N_ITEMS
        self.maxdict = _N_ITEMS
        self.maxstring = self.maxlong = self.maxother = MAXIMUM_CHARACTERS

    def repr1(self, x: Any, level: int) -> str:
        if isinstance(x, torch.Tensor):
            return self._tensor(x, level)
        own_repr: object = type(x).__repr__
        if isinstance(x, dict) and own_repr in (dict.__repr__, OrderedDict.__repr__):
            return self._mapping(x, level)
        if isinstance(x, (set, frozenset)) and own_repr in (set.__repr__, frozenset.__repr__):
            return self._items(x, level) if x else repr(x)
        if is_dataclass(x) and not isinstance(x, type) and getattr(own_repr, "__wrapped__", None) is not None:
            return self._fields(x, level)
        if isinstance(x, nn.Module) and _has_many(x):
            return f"<{type(x).__name__} with more than {_N_MODULES:,} modules>"
        return super().repr1(x, level)

    def repr_instance(self, x: object, level: int) -> str:  # noqa: ARG002  reprlib's
        try:
            return repr(x)
        except Exception as error:
            return _without_repr(x, error)

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002  reprlib's
        if x.bit_length() > 10_000:
            return f"<an int of {x.bit_length():,} bits>"
        return repr(x)

    def _tensor(self, x: torch.Tensor, level: int) -> str:
        if is_lazy(x) or type(x).__repr__ not in (torch.Tensor.__repr__, nn.Parameter.__repr__):
            return repr(x)
        return _inside(x) if level < self.maxlevel else shown_tensor(x)

    def _mapping(self, x: Mapping[Any, Any], level: int) -> str:
        prefix, suffix = ("", "") if type(x) is dict else (f"{type(x).__name__}(", ")")
        if level <= 0:
            return f"{prefix}{{...}}{suffix}"
        items = [f"{self.repr1(k, level - 1)}: {self.repr1(v, level - 1)}" for k, v in islice(x.items(), _N_ITEMS)]
        return f"{prefix}{{{', '.join(_with_rest(items, len(x)))}}}{suffix}"

    def _items(self, x: Any, level: int) -> str:
        if level <= 0:
            return "{...}"
        items = [self.repr1(item, level - 1) for item in islice(x, _N_ITEMS)]
        return f"{{{', '.join(_with_rest(items, len(x)))}}}"

    def _fields(self, x: Any, level: int) -> str:
        if level <= 0:
            return f"{type(x).__qualname__}(...)"
        shown = [f"{one.name}={self.repr1(getattr(x, one.name), level - 1)}" for one in fields(x) if one.repr]
        return f"{type(x).__qualname__}({', '.join(shown)})"


def _has_many(module: nn.Module) -> bool:
    return next(islice(module.modules(), _N_MODULES, None), None) is not None


def _with_rest(items: list[str], n_all: int) -> list[str]:
    return [*items, f"... {n_all - len(items):,} more"] if n_all > len(items) else items


def _inside(tensor: torch.Tensor) -> str:
    """A tensor among others: what it is, and a value where it has one."""
    return repr(tensor) if tensor.numel() == 1 and tensor.dim() == 0 else f"<{_facts(tensor)}>"


def _without_repr(value: object, error: Exception) -> str:
    name = type(value).__name__
    return f"<{name} object whose repr raised {type(error).__name__}: {reprlib.repr(str(error))}>"
