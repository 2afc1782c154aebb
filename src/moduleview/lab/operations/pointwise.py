"""Operations on each element."""

from __future__ import annotations

import torch

from moduleview.lab.operations.base import Operation, choice, dtype, integer, number, operand, tensor

_TOPIC = "Pointwise"

_OF_ONE = {
    "abs": "Magnitude; of a complex number too.",
    "neg": "With the other sign.",
    "sign": "-1, 0 or 1.",
    "square": "x times x.",
    "sqrt": "Square root; NaN for what is negative.",
    "real": "Real part: a view of a complex tensor.",
    "angle": "Angle of a complex number, in radians.",
    "rsqrt": "1 / square root.",
    "reciprocal": "1 / x.",
    "exp": "e to the power of x.",
    "log": "Natural logarithm; NaN for what is negative, -inf for 0.",
    "log1p": "log(1 + x), exact near 0.",
    "sin": "Sine, of radians.",
    "cos": "Cosine, of radians.",
    "tanh": "Hyperbolic tangent.",
    "sigmoid": "1 / (1 + exp(-x)).",
    "relu": "x where it is positive, else 0.",
    "round": "To the nearest whole number; halves to the even one.",
    "floor": "Down to a whole number.",
    "ceil": "Up to a whole number.",
    "isnan": "Where it is NaN.",
    "isinf": "Where it is infinite.",
    "isfinite": "Where it is neither NaN nor infinite.",
    "nan_to_num": "NaN becomes 0, infinity the largest number of the dtype.",
    "logical_not": "True where it is 0.",
}
_OF_TWO = {
    "add": "Sum.",
    "sub": "Difference.",
    "mul": "Product of elements.",
    "div": "Quotient.",
    "pow": "x to the power of the other.",
    "maximum": "The larger one.",
    "minimum": "The smaller one.",
    "remainder": "What is left of a division; has the divisor's sign.",
}
_NEEDS_TENSOR = frozenset(("maximum", "minimum"))
_ALPHA = number("alpha", "", "other is multiplied by it first", optional=True)
_MORE = {
    "round": (integer("decimals", "", "behind the point", optional=True),),
    "nan_to_num": tuple(number(name, "", optional=True) for name in ("nan", "posinf", "neginf")),
    "add": (_ALPHA,),
    "sub": (_ALPHA,),
    "div": (choice("rounding_mode", "floor", "trunc"),),
}
"""What some take besides, by their names."""


def _to(x: torch.Tensor, dtype_: torch.dtype) -> torch.Tensor:
    return x.to(dtype_)


OPERATIONS = (
    *(
        Operation(name, _TOPIC, summary, getattr(torch, name), f"torch.{name}", _MORE.get(name, ()))
        for name, summary in _OF_ONE.items()
    ),
    *(
        Operation(
            name,
            _TOPIC,
            summary,
            getattr(torch, name),
            f"torch.{name}",
            (tensor("other") if name in _NEEDS_TENSOR else operand("other", "1"), *_MORE.get(name, ())),
        )
        for name, summary in _OF_TWO.items()
    ),
    Operation(
        "addcmul",
        _TOPIC,
        "x + value * tensor1 * tensor2.",
        torch.addcmul,
        "torch.addcmul",
        (tensor("tensor1", default="x"), tensor("tensor2", default="x"), number("value", "1", optional=True)),
    ),
    Operation(
        "addcdiv",
        _TOPIC,
        "x + value * tensor1 / tensor2: Adam's step.",
        torch.addcdiv,
        "torch.addcdiv",
        (tensor("tensor1", default="x"), tensor("tensor2", default="x"), number("value", "1", optional=True)),
    ),
    Operation(
        "clamp",
        _TOPIC,
        "Between two bounds.",
        torch.clamp,
        "torch.clamp",
        (operand("min", "0", optional=True), operand("max", "", optional=True)),
    ),
    Operation(
        "where",
        _TOPIC,
        "x where the condition holds, else the other.",
        lambda x, condition, other: torch.where(condition, x, other),
        "torch.where({condition}, x, {other})",
        (tensor("condition", "x > 0, or a boolean tensor: t1", "x > 0"), operand("other", "0")),
    ),
    Operation("to", _TOPIC, "In another dtype; the same tensor where it has it already.", _to, "x.to",
              (dtype("float64", optional=False),)),
)  # fmt: skip
