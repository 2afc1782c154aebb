"""Operations that make many elements few, or order them."""

from __future__ import annotations

import torch

from moduleview.lab.operations.base import Operation, boolean, choice, dim, dtype, integer, integers, operand

_TOPIC = "Reduce and order"
_KEEPDIM = boolean("keepdim")
_DIMS = integers("dim", "", "one axis or several: 0, 1; empty for all", optional=True)
_DIM = dim("", optional=True)

OPERATIONS = (
    *(
        Operation(name, _TOPIC, summary, getattr(torch, name), f"torch.{name}", (_DIMS, _KEEPDIM, *more))
        for name, summary, *more in (
            ("sum", "Sum; whole numbers and booleans as int64.", dtype()),
            ("mean", "Mean; of floating numbers only, or with a floating dtype.", dtype()),
            ("amax", "Largest element; NaN where there is one."),
            ("amin", "Smallest element; NaN where there is one."),
            ("all", "Whether all are nonzero."),
            ("any", "Whether one is nonzero."),
        )
    ),
    *(
        Operation(name, _TOPIC, f"{word}; correction 1 divides by n - 1, 0 by n.", getattr(torch, name),
                  f"torch.{name}", (_DIMS, integer("correction", "1", optional=True), _KEEPDIM))
        for name, word in (("std", "Standard deviation"), ("var", "Variance"))
    ),
    *(
        Operation(name, _TOPIC, summary, getattr(torch, name), f"torch.{name}", (_DIM, _KEEPDIM))
        for name, summary in {
            "argmax": "Place of the largest element; without an axis, in the flattened tensor.",
            "argmin": "Place of the smallest element; without an axis, in the flattened tensor.",
        }.items()
    ),
    Operation(
        "quantile",
        _TOPIC,
        "The value below which a share q lies; at most 16 million elements.",
        torch.quantile,
        "torch.quantile",
        (
            operand("q", "0.5"),
            _DIM,
            _KEEPDIM,
            choice("interpolation", "linear", "lower", "higher", "midpoint", "nearest"),
        ),
    ),
    Operation(
        "topk",
        _TOPIC,
        "The k largest along an axis, and their places.",
        torch.topk,
        "torch.topk",
        (integer("k", "1"), dim("-1", optional=True), boolean("largest"), boolean("sorted")),
    ),
    Operation(
        "sort",
        _TOPIC,
        "In order along an axis, and from where they come.",
        torch.sort,
        "torch.sort",
        (dim("-1", optional=True), boolean("descending"), boolean("stable")),
    ),
    Operation(
        "argsort",
        _TOPIC,
        "Places in order along an axis; take_along_dim with them sorts.",
        torch.argsort,
        "torch.argsort",
        (dim("-1", optional=True), boolean("descending"), boolean("stable")),
    ),
    Operation("cumsum", _TOPIC, "Running sum along an axis.", torch.cumsum, "torch.cumsum", (dim(), dtype())),
    Operation("softmax", _TOPIC, "exp(x) as shares that sum to 1 along an axis.", torch.softmax, "torch.softmax",
              (dim("-1"), dtype())),
)  # fmt: skip
