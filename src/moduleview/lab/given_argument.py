"""An argument of an operation as a person gave it: read once, evaluated as often as wanted, and written as Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from moduleview.lab.dtypes import DTYPES
from moduleview.lab.expression import Expression, ExpressionError, IndexExpression, Names
from moduleview.telemetry.lab_pipelines import ArgumentKind, ArgumentSpec

_NORMS = ("fro", "nuc")


@dataclass(frozen=True)
class GivenArgument:
    """One argument.

    Attributes:
        python: As it stands in the line.
        evaluate: Its value, given what ``x`` and ``t7`` stand for; raises what torch raises.
        names: Tensors that it speaks of.
    """

    python: str
    evaluate: Callable[[Names], Any]
    names: tuple[str, ...] = ()

    @property
    def is_tensor(self) -> bool:
        """It speaks of a tensor, or is a list that becomes one."""
        return bool(self.names) or self.python.startswith("torch.tensor(")


def read_argument(spec: ArgumentSpec, text: str) -> GivenArgument | None:
    """Read what was typed into the field of ``spec``.

    Returns:
        None where it is optional and was left empty.

    Raises:
        ExpressionError: It cannot be read; the sentence says what may be typed.
    """
    text = text.strip()
    if not text:
        if spec.is_optional:
            return None
        raise ExpressionError(f"Fill in {spec.name}{f': {spec.hint}' if spec.hint else ''}.")
    try:
        return _READERS.get(spec.kind, _read_plain)(spec, text)
    except ExpressionError as error:
        raise ExpressionError(f"{spec.name}: {error}") from None


def _read_plain(_: ArgumentSpec, text: str) -> GivenArgument:
    expression = Expression(text)
    return GivenArgument(expression.python, expression.evaluate, expression.names)


def _read_index(_: ArgumentSpec, text: str) -> GivenArgument:
    index = IndexExpression(text)
    return GivenArgument(index.python, index.evaluate, index.names)


def _read_integers(_: ArgumentSpec, text: str) -> GivenArgument:
    """``2, 3``, ``(2, 3)``, ``[2, 3]`` or ``2``: always a tuple, as functions of sizes and axes want it."""
    expression = Expression("()" if text == "()" else text)
    python = expression.python
    if python.startswith("["):
        python = f"({python[1:-1]}{'' if ',' in python or python == '[]' else ','})"
    elif not python.startswith("("):
        python = f"({python},)"

    def evaluate(names: Names) -> Any:
        value = expression.evaluate(names)
        return tuple(value) if isinstance(value, list | tuple) else (value,)

    return GivenArgument(python, evaluate, expression.names)


def _read_tensor(_: ArgumentSpec, text: str) -> GivenArgument:
    return _tensor_of(Expression(text))


def _tensor_of(expression: Expression) -> GivenArgument:
    if not expression.is_list:
        return GivenArgument(expression.python, expression.evaluate, expression.names)
    return GivenArgument(
        f"torch.tensor({expression.python})",
        lambda names: torch.tensor(expression.evaluate(names)),
        expression.names,
    )


def _read_tensors(spec: ArgumentSpec, text: str) -> GivenArgument:
    """``x, t7, [1, 2]``: a list; ``x`` alone stands for itself where tensors have to be: it may be what chunk gave."""
    texts = _split_at_commas(text[1:-1] if text.startswith("(") and text.endswith(")") else text)
    parts = [_tensor_of(Expression(part)) for part in texts]
    if text == "x" and not spec.is_optional:
        return GivenArgument(parts[0].python, parts[0].evaluate, parts[0].names)
    python = f"[{', '.join(part.python for part in parts)}]"
    names = tuple(name for part in parts for name in part.names)
    return GivenArgument(python, lambda given: [part.evaluate(given) for part in parts], names)


def _split_at_commas(text: str) -> list[str]:
    """At commas that are in no bracket."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part.strip()]


def _read_choice(spec: ArgumentSpec, text: str) -> GivenArgument:
    if text not in spec.choices:
        raise ExpressionError(f"“{text[:40]}” is not one of {', '.join(spec.choices)}.")
    return GivenArgument(repr(text), lambda _: text)


def _read_norm(_: ArgumentSpec, text: str) -> GivenArgument:
    """``fro`` and ``nuc``, quoted or not, or a number."""
    name = text.strip("'\"")
    if name in _NORMS:
        return GivenArgument(repr(name), lambda _: name)
    if name.isalpha() and name not in ("inf", "nan", "pi"):
        raise ExpressionError(f"“{name[:40]}” is no norm. There are {', '.join(_NORMS)}, inf, and numbers: 1, 2, -2.")
    return _read_plain(_, text)


def _read_dtype(_: ArgumentSpec, text: str) -> GivenArgument:
    name = text.removeprefix("torch.")
    if name not in DTYPES:
        raise ExpressionError(f"torch has no dtype “{name[:40]}”. There are {', '.join(DTYPES)}.")
    return GivenArgument(f"torch.{name}", lambda _: DTYPES[name])


def _read_equation(_: ArgumentSpec, text: str) -> GivenArgument:
    if not re.fullmatch(r"[A-Za-z.,\->\s]{1,200}", text):
        raise ExpressionError("An equation has letters, commas and one arrow: ij,jk->ik.")
    return GivenArgument(repr(text), lambda _: text)


_READERS: Mapping[ArgumentKind, Callable[[ArgumentSpec, str], GivenArgument]] = {
    ArgumentKind.INTEGERS: _read_integers,
    ArgumentKind.INDEX: _read_index,
    ArgumentKind.TENSOR: _read_tensor,
    ArgumentKind.OPERAND: _read_tensor,
    ArgumentKind.TENSORS: _read_tensors,
    ArgumentKind.CHOICE: _read_choice,
    ArgumentKind.NORM: _read_norm,
    ArgumentKind.DTYPE: _read_dtype,
    ArgumentKind.EQUATION: _read_equation,
}
