"""Elements of a tensor as text: short for a cell, whole for a tip and for the clipboard."""

from __future__ import annotations

import math
from typing import Any

from moduleview.gui.look import number_format

_DIGITS = 4


def short(value: Any) -> str:
    """``0.0213``, ``1.2e-7``, ``True``, ``128``, ``0.5+2j``: what stands in a cell, of a numpy scalar."""
    kind = value.dtype.kind
    if kind == "f":
        return number_format.plain(float(value), _DIGITS)
    if kind == "c":
        imaginary = number_format.plain(float(value.imag), 3)
        plus = "" if imaginary.startswith(number_format.MINUS) else "+"
        return f"{number_format.plain(float(value.real), 3)}{plus}{imaginary}j"
    return str(value)


def whole(value: Any, digits: int) -> str:
    """All digits that tell values of the type apart, as Python reads them."""
    kind = value.dtype.kind
    if kind == "f":
        return f"{float(value):.{max(digits, 1)}g}"
    if kind == "c":
        return f"{complex(value):.{max(digits, 1)}g}"
    return str(value)


def is_finite(value: Any) -> bool:
    """Neither NaN nor Inf."""
    kind = value.dtype.kind
    if kind == "f":
        return math.isfinite(float(value))
    return kind != "c" or (math.isfinite(value.real) and math.isfinite(value.imag))
