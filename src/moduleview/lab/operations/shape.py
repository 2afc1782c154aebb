"""Operations on the shape: most give a view."""

from __future__ import annotations

import torch

from moduleview.lab.operations.base import Operation, dim, integer, integers

_TOPIC = "Shape"


def _swap(x: torch.Tensor, dim0: int, dim1: int) -> torch.Tensor:
    return torch.swapdims(x, dim0, dim1)


OPERATIONS = (
    Operation(
        "reshape",
        _TOPIC,
        "The same elements in another shape: a view where the strides allow it, else a copy.",
        torch.reshape,
        "torch.reshape",
        (integers("shape", "-1", "one size may be -1"),),
        moves=(),
    ),
    Operation(
        "permute",
        _TOPIC,
        "The axes in another order: a view.",
        torch.permute,
        "torch.permute",
        (integers("dims", "1, 0", "all axes, each once"),),
        moves=(),
    ),
    Operation(
        "swapdims",
        _TOPIC,
        "Two axes swapped, as transpose: a view.",
        _swap,
        "torch.swapdims",
        (integer("dim0", "0"), integer("dim1", "1")),
        moves=(),
    ),
    Operation(
        "squeeze",
        _TOPIC,
        "Without axes of size 1: a view.",
        torch.squeeze,
        "torch.squeeze",
        (integer("dim", "", "an axis, or several: 0, 2; empty for all of size 1", optional=True),),
        moves=(),
    ),
    Operation(
        "unsqueeze",
        _TOPIC,
        "With a new axis of size 1: a view.",
        torch.unsqueeze,
        "torch.unsqueeze",
        (dim(),),
        moves=(),
    ),
    Operation(
        "expand",
        _TOPIC,
        "Axes of size 1 repeated without a copy: their stride is 0.",
        lambda x, sizes: x.expand(sizes),
        "x.expand",
        (integers("sizes", "", "-1 leaves an axis as it is"),),
        moves=(),
    ),
    Operation(
        "broadcast_to",
        _TOPIC,
        "As expand, to a whole shape.",
        torch.broadcast_to,
        "torch.broadcast_to",
        (integers("size"),),
        moves=(),
    ),
    *(
        Operation(
            f"atleast_{n}d",
            _TOPIC,
            f"With at least {n} ax{'is' if n == 1 else 'es'}: a view.",
            function,
            f"torch.atleast_{n}d",
            moves=(),
        )
        for n, function in enumerate((torch.atleast_1d, torch.atleast_2d, torch.atleast_3d), start=1)
    ),
    Operation("contiguous", _TOPIC, "In row-major order: a copy where it is not.", torch.Tensor.contiguous,
              "x.contiguous", moves=()),
    Operation("clone", _TOPIC, "A copy with memory of its own.", torch.clone, "torch.clone", moves=()),
    Operation(
        "chunk",
        _TOPIC,
        "At most so many pieces of equal size; the last may be smaller, and there may be fewer: views.",
        torch.chunk,
        "torch.chunk",
        (integer("chunks", "2"), dim()),
        moves=(),
    ),
    Operation(
        "tensor_split",
        _TOPIC,
        "Exactly so many pieces, whose sizes differ by at most 1; or cut at indices: views.",
        torch.tensor_split,
        "torch.tensor_split",
        (integer("indices_or_sections", "2", "a number, or indices: (1, 3)"), dim()),
        moves=(),
    ),
    Operation(
        "split",
        _TOPIC,
        "Pieces of a given size, or of given sizes: views.",
        torch.split,
        "torch.split",
        (integer("split_size_or_sections", "2", "a size, or all sizes: [1, 3]"), dim()),
        moves=(),
    ),
)  # fmt: skip
