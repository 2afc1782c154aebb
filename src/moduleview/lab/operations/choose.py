"""Operations that choose elements, or put them together."""

from __future__ import annotations

from typing import Any

import torch

from moduleview.lab.operations.base import Operation, boolean, dim, operand, tensor, tensors
from moduleview.telemetry.lab_pipelines import ArgumentKind, ArgumentSpec

_TOPIC = "Choose and join"


def _index(x: Any, index: Any) -> Any:
    return x[index]


def _scatter(x: torch.Tensor, dim_: int, index: torch.Tensor, src: Any) -> torch.Tensor:
    return x.clone().scatter_(dim_, index, src)


def _scatter_reduce(
    x: torch.Tensor, dim_: int, index: torch.Tensor, src: torch.Tensor, reduce: str, include_self: bool = True
) -> torch.Tensor:
    return x.clone().scatter_reduce_(dim_, index, src, reduce, include_self=include_self)


def _masked_fill(x: torch.Tensor, mask: torch.Tensor, value: Any) -> torch.Tensor:
    return x.clone().masked_fill_(mask, value)


OPERATIONS = (
    Operation(
        "index",
        _TOPIC,
        "NumPy indexing: integers, slices, None, ..., lists, tensors, and a condition for boolean selection.",
        _index,
        "x{index}",
        (ArgumentSpec("index", ArgumentKind.INDEX, "[0]", hint="[:, None, ::2], [..., -1], [x > 0]"),),
        moves=(),
    ),
    Operation(
        "index_select",
        _TOPIC,
        "Whole slices along one axis, by their numbers: a copy.",
        torch.index_select,
        "torch.index_select",
        (dim(), tensor("index", "whole numbers in one dimension: [0, 2]", "[0]")),
        moves=(),
    ),
    Operation(
        "gather",
        _TOPIC,
        "One element for each of the index: result[i][j] = x[index[i][j]][j] for dim 0.",
        torch.gather,
        "torch.gather",
        (dim(), tensor("index", "whole numbers, as many axes as x: [[0, 1], [1, 0]]")),
        moves=(),
    ),
    Operation(
        "take_along_dim",
        _TOPIC,
        "As gather, and index and x are broadcast; undoes argsort.",
        torch.take_along_dim,
        "torch.take_along_dim",
        (tensor("indices", "what argsort gave, or [[0], [1]]"), dim(optional=True)),
        moves=(),
    ),
    Operation(
        "masked_select",
        _TOPIC,
        "Elements where the mask is True, in one dimension: a copy.",
        torch.masked_select,
        "torch.masked_select",
        (tensor("mask", "x > 0, or a boolean tensor: t1", "x > 0"),),
        moves=(),
    ),
    Operation(
        "masked_fill_",
        _TOPIC,
        "A number where the mask is True; on a copy.",
        _masked_fill,
        "x.clone().masked_fill_",
        (tensor("mask", "x > 0, or a boolean tensor: t1", "x < 0"), operand("value", "0")),
        moves=("value",),
    ),
    Operation(
        "scatter_",
        _TOPIC,
        "Writes elements of src to where the index says, the opposite of gather; on a copy.",
        _scatter,
        "x.clone().scatter_",
        (dim(), tensor("index", "whole numbers, as many axes as x: [[0, 1]]"), operand("src", "1.0")),
        moves=("src",),
    ),
    Operation(
        "scatter_reduce_",
        _TOPIC,
        "As scatter_, and what comes to one place is summed, multiplied, ...; on a copy.",
        _scatter_reduce,
        "x.clone().scatter_reduce_",
        (
            dim(),
            tensor("index", "whole numbers, as many axes as x: [[0, 1]]"),
            tensor("src", "as many as the index, of x's dtype"),
            ArgumentSpec("reduce", ArgumentKind.CHOICE, "sum", choices=("sum", "prod", "mean", "amax", "amin")),
            boolean("include_self"),
        ),
    ),
    Operation("cat", _TOPIC, "One behind the other along an axis: a copy.", torch.cat, "torch.cat",
              (tensors(), dim()), moves=("tensors",), needs_input=False),
    Operation("stack", _TOPIC, "Beside each other along a new axis: a copy.", torch.stack, "torch.stack",
              (tensors(), dim()), moves=("tensors",), needs_input=False),
)  # fmt: skip
