"""The letters of an einsum on the axes of its operands, as a drawing shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from moduleview.lab.operations.base import Values
from moduleview.telemetry.lab_pipelines import AxisLabel, EinsumDrawing

if TYPE_CHECKING:
    from moduleview.lab.pipeline import ReadStep


def draw_einsum(read: ReadStep, values: Values, x: torch.Tensor) -> EinsumDrawing:
    """Letters and sizes of all axes.

    Args:
        read: The step, for the operands' names.
        values: Its arguments; torch has computed with them, so the equation fits the operands.
        x: The first operand.
    """
    operands = [x, *values.get("others", ())]
    left, _, right = values["equation"].replace(" ", "").partition("->")
    terms = [_spread(term, operand.dim()) for term, operand in zip(left.split(","), operands, strict=True)]
    sizes = _sizes(terms, operands)
    result = _result_letters(terms, right, has_arrow="->" in values["equation"])
    axes = [
        tuple(AxisLabel(letter, size, letter not in result) for letter, size in zip(term, operand.shape, strict=True))
        for term, operand in zip(terms, operands, strict=True)
    ]
    others = read.given["others"].python.strip("[]").split(", ") if "others" in read.given else []
    return EinsumDrawing(
        tuple(axes), tuple(AxisLabel(letter, sizes[letter], False) for letter in result), ("x", *others)[: len(axes)]
    )


def _spread(term: str, n_axes: int) -> list[str]:
    """One letter an axis; those of an ellipsis are …0, …1 from the right."""
    before, dots, after = term.partition("...")
    if not dots:
        return list(term)
    n = n_axes - len(before) - len(after)
    return [*before, *(f"…{n - 1 - k}" for k in range(n)), *after]


def _sizes(terms: list[list[str]], operands: list[Any]) -> dict[str, int]:
    largest: dict[str, int] = {}
    for term, operand in zip(terms, operands, strict=True):
        for letter, size in zip(term, operand.shape, strict=True):
            largest[letter] = size if largest.get(letter, 1) == 1 else largest[letter]
    return largest


def _result_letters(terms: list[list[str]], right: str, *, has_arrow: bool) -> list[str]:
    """As torch takes them: without an arrow the letters that stand once, in alphabetical order, behind the ellipsis."""
    letters = [letter for term in terms for letter in term]
    dots = sorted({letter for letter in letters if letter.startswith("…")}, reverse=True)
    if not has_arrow:
        return dots + sorted(letter for letter in set(letters) if letters.count(letter) == 1 and letter not in dots)
    before, found, after = right.partition("...")
    return [*before, *(dots if found else []), *after]
