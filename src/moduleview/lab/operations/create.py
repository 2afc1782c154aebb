"""Creation: a tensor that begins a pipeline, and why it has the dtype that it has."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from moduleview.lab.dtypes import dtype_name
from moduleview.lab.expression import ExpressionError
from moduleview.lab.operations.base import Operation, Values, dtype, integer, integers, number
from moduleview.telemetry.lab_pipelines import ArgumentKind, ArgumentSpec

_TOPIC = "Create"
_LITERAL = ArgumentSpec("data", ArgumentKind.LITERAL, "[[1, 2], [3, 4]]", hint="numbers in lists: [[1, 2.5], [3, 4]]")
_SIZE = integers("size", "2, 3", "2, 3")


def _legacy(literal: Any) -> torch.Tensor:
    if not isinstance(literal, list | tuple):
        raise ExpressionError(
            f"torch.Tensor({literal}) is that many numbers of whatever was in the memory: a size, not a value. "
            "Type a list, [3], or use torch.tensor."
        )
    return torch.Tensor(literal)


def _from_numpy(literal: Any, dtype: str | None = None) -> torch.Tensor:
    return torch.from_numpy(np.array(literal, dtype=dtype))


def _why_this_dtype(values: Values, result: torch.Tensor) -> str:
    if "dtype" in values:
        return f"It is {dtype_name(result.dtype)} because dtype says so."
    kinds = {type(number) for number in _numbers(values["data"])}
    default = dtype_name(torch.get_default_dtype())
    if not kinds:
        why = f"there is nothing in it: the default dtype is {default}"
    elif complex in kinds:
        why = f"one of the numbers is complex; its parts are of the default dtype, {default}"
    elif float in kinds:
        why = f"one of the numbers has a decimal point: the default dtype is {default}"
    elif int in kinds:
        why = "all are whole numbers"
    else:
        why = "all are True or False"
    return f"torch.tensor looks at the numbers: {dtype_name(result.dtype)}, since {why}. It copies them."


def _why_legacy(_: Values, result: torch.Tensor) -> str:
    return (
        f"torch.Tensor is always of the default dtype, {dtype_name(result.dtype)}, whatever numbers are given: whole "
        "numbers and booleans lose their type. torch.Tensor(2, 3) would be 2 × 3 numbers that nobody set. "
        "Prefer torch.tensor."
    )


def _what_it_shares(values: Values, result: torch.Tensor) -> str:
    array = np.array(values["data"], dtype=values.get("dtype"))
    shared = torch.from_numpy(array)
    is_shared = shared.numel() > 0 and shared.data_ptr() == array.ctypes.data
    kept = f"numpy made {array.dtype} of the numbers, and torch keeps it ({dtype_name(result.dtype)})."
    if not is_shared:
        return kept
    return (
        f"{kept} Tensor and array share one memory of {array.nbytes} bytes: what is written into one is in the other. "
        "torch.tensor(array) would copy."
    )


def _numbers(literal: Any) -> list[Any]:
    if isinstance(literal, list | tuple):
        return [number for part in literal for number in _numbers(part)]
    return [literal]


_NUMPY_DTYPE = ArgumentSpec(
    "dtype",
    ArgumentKind.CHOICE,
    "",
    is_optional=True,
    choices=("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool", "complex128"),
    hint="numpy's choice where it is empty",
)

OPERATIONS = (
    Operation("tensor", _TOPIC, "torch.tensor: numbers with the dtype that fits them; a copy.", torch.tensor,
              "torch.tensor", (_LITERAL, dtype()), needs_input=False, remark=_why_this_dtype),
    Operation("Tensor", _TOPIC, "torch.Tensor: numbers in the default dtype, whatever they are.", _legacy,
              "torch.Tensor", (_LITERAL,), needs_input=False, remark=_why_legacy),
    Operation("from_numpy", _TOPIC, "A tensor on the memory of a numpy array.", _from_numpy,
              "torch.from_numpy(np.array({data}, dtype={dtype}))", (_LITERAL, _NUMPY_DTYPE), needs_input=False,
              remark=_what_it_shares),
    Operation("zeros", _TOPIC, "Zeros, in the default dtype.", torch.zeros, "torch.zeros", (_SIZE, dtype()),
              needs_input=False),
    Operation("ones", _TOPIC, "Ones, in the default dtype.", torch.ones, "torch.ones", (_SIZE, dtype()),
              needs_input=False),
    Operation("full", _TOPIC, "One number everywhere; its kind decides the dtype.", torch.full, "torch.full",
              (_SIZE, number("fill_value", "0.5"), dtype()), needs_input=False),
    Operation("arange", _TOPIC, "start, start + step, ... below end.", torch.arange, "torch.arange",
              (number("start", "0"), number("end", "6"), number("step", "1"), dtype()), needs_input=False),
    Operation("eye", _TOPIC, "Ones on the diagonal.", torch.eye, "torch.eye",
              (integer("n", "3"), integer("m", "", "columns; empty for as many as rows", optional=True), dtype()),
              needs_input=False),
    Operation("zeros_like", _TOPIC, "Zeros of x's shape, dtype and device.", torch.zeros_like, "torch.zeros_like",
              (dtype(),)),
    Operation("ones_like", _TOPIC, "Ones of x's shape, dtype and device.", torch.ones_like, "torch.ones_like",
              (dtype(),)),
    Operation("full_like", _TOPIC, "One number everywhere, of x's shape, dtype and device.", torch.full_like,
              "torch.full_like", (number("fill_value", "0.5"), dtype())),
)  # fmt: skip
