"""Walks over whatever a loader may give: tensors in tuples, lists, dicts, and objects with a ``to`` of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import torch

from moduleview.telemetry.number_words import shape_words

_DEPTH = 8  # deeper than any batch; a structure that holds itself ends here
_N_DESCRIBED = 6


def move_tensors(tree: Any, device: torch.device, depth: int = _DEPTH) -> Any:
    """The same tree with its tensors on ``device``; what holds no tensor is passed on as it is.

    Tensors that are there already are not copied. Copies from pinned memory do not wait.
    """
    if isinstance(tree, torch.Tensor):
        return tree.to(device, non_blocking=True)
    if depth and callable(getattr(tree, "to", None)):  # a BatchEncoding, a graph batch, a PackedSequence (a tuple too)
        return tree.to(device)
    if depth and isinstance(tree, (list, tuple, dict)):
        return _move_parts(tree, device, depth - 1)
    return tree


def _move_parts(tree: Any, device: torch.device, depth: int) -> Any:
    if isinstance(tree, dict):
        return {key: move_tensors(value, device, depth) for key, value in tree.items()}
    parts = [move_tensors(part, device, depth) for part in tree]
    if isinstance(tree, list):
        return parts
    return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)


def describe_tensors(tree: Any) -> str:
    """Shapes and types of the tensors in a batch as a person reads them: ``64 × 1 × 8 × 8 float32, 64 int64``."""
    return ", ".join(_describe(tensor) for tensor in islice(_tensors(tree, _DEPTH), _N_DESCRIBED))


def _describe(tensor: torch.Tensor) -> str:
    dtype = str(tensor.dtype).removeprefix("torch.")
    try:
        shape = shape_words(tensor.shape)
    except RuntimeError:  # a nested tensor has no one shape
        shape = "nested"
    return f"{shape} {dtype}"


def _tensors(tree: Any, depth: int) -> Iterator[torch.Tensor]:
    if isinstance(tree, torch.Tensor):
        yield tree
    elif depth and isinstance(tree, Mapping):
        for value in tree.values():
            yield from _tensors(value, depth - 1)
    elif depth and isinstance(tree, (list, tuple)):
        for value in tree:
            yield from _tensors(value, depth - 1)
