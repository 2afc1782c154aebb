"""Shapes as a person types them: ``32 × 3 × 28 × 28`` or ``32, 16; 32, 8``, and back."""

from __future__ import annotations

import re

from moduleview.errors import TaskError
from moduleview.telemetry.number_words import shape_words

_BETWEEN_SIZES = re.compile(r"[\s×xX*,]+")
_BETWEEN_SHAPES = re.compile(r"[,;]")


def read_shapes(text: str) -> tuple[tuple[int, ...], ...]:
    """Shapes, one an argument of ``forward``: ``×``, ``x``, ``*`` or blanks between sizes, a comma between shapes.

    As Python writes them is understood too: ``(32, 16), (32, 8)``, and ``32, 3, 28, 28`` for a single one.

    Raises:
        TaskError: Something in it is no whole number.
    """
    text = text.strip()
    bracketed = re.findall(r"[(\[]([^()\[\]]*)[)\]]", text)
    if bracketed:
        parts = bracketed
    elif re.fullmatch(r"-?\d+(\s*,\s*-?\d+)+\s*,?", text):
        parts = [text]
    else:
        parts = _BETWEEN_SHAPES.split(text)
    return tuple(_read_shape(part) for part in parts if part.strip())


def write_shapes(shapes: tuple[tuple[int, ...], ...]) -> str:
    """``32 × 16, 32 × 8``."""
    return ", ".join(map(shape_words, shapes))


def _read_shape(text: str) -> tuple[int, ...]:
    sizes = [part for part in _BETWEEN_SIZES.split(text.strip()) if part]
    wrong = next((size for size in sizes if not re.fullmatch(r"-?[0-9]{1,12}", size)), None)
    if wrong is not None:
        raise TaskError(f"{wrong!r} in the input shape is no whole number; write it as 32 × 3 × 28 × 28.")
    return tuple(int(size) for size in sizes)
