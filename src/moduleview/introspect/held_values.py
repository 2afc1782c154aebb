"""What a module holds in plain attributes: in containers and closures too, where torch does not look."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from types import FunctionType, MethodType
from typing import Any

import torch
from torch import Tensor, nn

from moduleview.introspect.registrations import RegisteredModule

_MAXIMUM_DEPTH = 4  # containers in containers
_MAXIMUM_ITEMS = 10_000  # looked at in one attribute
_SEQUENCES = (list, tuple, set, frozenset, deque)
_FUNCTIONS = (FunctionType, MethodType, functools.partial)
_PLAIN = frozenset({int, float, bool, str, bytes, type(None), torch.dtype, torch.device, torch.Size})
_WALKED = (nn.Module, Tensor, dict, *_SEQUENCES, *_FUNCTIONS)


@dataclass(frozen=True, eq=False)
class Held:
    """What one plain attribute of a module leads to.

    Attributes:
        owner: The module.
        attribute: Its name.
        value: What it is.
        modules, tensors: What is found in it, each with the way there (``parts['a'][0]``).
    """

    owner: RegisteredModule
    attribute: str
    value: Any
    modules: list[tuple[str, nn.Module]]
    tensors: list[tuple[str, Tensor]]


def held_values(entries: list[RegisteredModule]) -> list[Held]:
    """All plain attributes that lead to modules or tensors.

    ``vars(module)`` alone is read. What only looks like a module, as a ``weakref.proxy`` of one, is none: the type
    counts.
    """
    torchs_own = frozenset(vars(nn.Module()))
    walked = (
        _held(entry, attribute, value)
        for entry in entries
        if not _is_wrapper(entry.module)
        for attribute, value in list(vars(entry.module).items())
        if type(value) not in _PLAIN and attribute not in torchs_own and issubclass(type(value), _WALKED)
    )
    return [held for held in walked if held.modules or held.tensors]


def _is_wrapper(module: nn.Module) -> bool:
    """A script, or a class of torch's that wraps others (compiled, distributed): it keeps what is registered inside."""
    module_name = type(module).__module__
    is_wrapping = module_name.startswith("torch.") and not module_name.startswith("torch.nn.")
    return is_wrapping or isinstance(module, torch.jit.ScriptModule)


def _held(entry: RegisteredModule, attribute: str, value: Any) -> Held:
    held = Held(entry, attribute, value, [], [])
    for place, leaf in islice(_leaves(attribute, value, 0), _MAXIMUM_ITEMS):
        if issubclass(type(leaf), nn.Module):
            held.modules.append((place, leaf))
        else:
            held.tensors.append((place, leaf))
    return held


def _leaves(place: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    kind = type(value)
    if issubclass(kind, (nn.Module, Tensor)):
        yield place, value
        return
    if depth >= _MAXIMUM_DEPTH:
        return
    for where, item in _items(value):
        if type(item) not in _PLAIN and issubclass(type(item), _WALKED):
            yield from _leaves(place + where, item, depth + 1)


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in list(islice(dict.items(value), _MAXIMUM_ITEMS)):
            yield f"[{key!r}]" if isinstance(key, str | int) else f"[<{type(key).__name__}>]", item
    elif isinstance(value, _SEQUENCES):
        for number, item in enumerate(islice(value, _MAXIMUM_ITEMS)):
            yield f"[{number}]", item
    elif isinstance(value, functools.partial):
        yield "", value.func
        for number, item in enumerate(value.args):
            yield f".args[{number}]", item
        for name, item in value.keywords.items():
            yield f".keywords[{name!r}]", item
    elif isinstance(value, MethodType):
        yield "", value.__func__
        if issubclass(type(value.__self__), nn.Module):
            yield ".__self__", value.__self__
    elif isinstance(value, FunctionType):
        yield from _of_function(value)


def _of_function(function: FunctionType) -> Iterator[tuple[str, Any]]:
    if str(function.__module__).partition(".")[0] == "torch":
        return  # what torch wraps is the module itself
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield f" (its variable {name})", cell.cell_contents
        except ValueError:  # not filled yet
            continue
    defaults = chain(function.__defaults__ or (), (function.__kwdefaults__ or {}).values())
    for item in defaults:
        yield " (its default)", item
