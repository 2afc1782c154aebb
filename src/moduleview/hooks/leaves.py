"""The tensors in what a module takes or returns, however it is nested; bounded, since the value is the user's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import torch

MAX_DEPTH = 4
MAX_LEAVES = 64

Leaves = list[tuple[str, torch.Tensor]]


def bounded_leaves(value: Any) -> Leaves:
    """Tensors in tuples, lists, dicts and dataclasses, with their place (``[1][0]``, ``['logits']``, ``.hidden``).

    Args:
        value: Output or inputs of a module. Containers of a depth of more than 4 and leaves beyond the 64th are left
            alone; so is everything else that runs code when it is read.

    Returns:
        In order; the first needs no place: its is "".
    """
    if isinstance(value, torch.Tensor):
        return [("", value)]
    leaves = list(islice(_leaves(value, "", 0), MAX_LEAVES))
    return [("", leaves[0][1]), *leaves[1:]] if leaves else leaves


def _leaves(value: Any, place: str, depth: int) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield place, value
        return
    if depth == MAX_DEPTH:
        return
    for step, child in _children(value):
        yield from _leaves(child, place + step, depth + 1)


def _children(value: Any) -> Iterable[tuple[str, Any]]:
    """Items of the builtin containers, read by the builtin's own method: a subclass's may compute."""
    if isinstance(value, tuple):
        return ((f"[{i}]", child) for i, child in enumerate(islice(tuple.__iter__(value), MAX_LEAVES)))
    if isinstance(value, list):
        return ((f"[{i}]", child) for i, child in enumerate(islice(list.__iter__(value), MAX_LEAVES)))
    if isinstance(value, dict):
        return ((f"[{key!r}]" if type(key) in (str, int) else "[?]", child) for key, child in _first_items(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        own = getattr(value, "__dict__", {})
        return ((f".{field.name}", own[field.name]) for field in dataclasses.fields(value) if field.name in own)
    return ()


def _first_items(value: dict[Any, Any]) -> list[tuple[Any, Any]]:
    return list(islice(dict.items(value), MAX_LEAVES))
