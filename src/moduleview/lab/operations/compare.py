"""Operations that compare: with another tensor, another step's copy, or a checkpoint's."""

from __future__ import annotations

import torch

from moduleview.lab.operations.base import Operation, boolean, number, operand, tensor

_TOPIC = "Compare"
_OTHER = tensor("other", "t1: another tensor, another step's copy, or a checkpoint's")

OPERATIONS = (
    Operation(
        "allclose",
        _TOPIC,
        "Whether |x - other| <= atol + rtol * |other| everywhere.",
        torch.allclose,
        "torch.allclose",
        (
            _OTHER,
            number("rtol", "1e-05", optional=True),
            number("atol", "1e-08", optional=True),
            boolean("equal_nan"),
        ),
    ),
    Operation(
        "isclose",
        _TOPIC,
        "The same, element by element.",
        torch.isclose,
        "torch.isclose",
        (
            _OTHER,
            number("rtol", "1e-05", optional=True),
            number("atol", "1e-08", optional=True),
            boolean("equal_nan"),
        ),
    ),
    Operation("equal", _TOPIC, "Whether shape and all elements are the same; NaN equals nothing.", torch.equal,
              "torch.equal", (_OTHER,)),
    *(
        Operation(name, _TOPIC, f"Where x {sign} other.", getattr(torch, name), f"torch.{name}", (operand("other"),))
        for name, sign in (("eq", "=="), ("ne", "!="), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="))
    ),
)  # fmt: skip
