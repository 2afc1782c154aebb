"""Numbers and shapes in words, the same on both sides: no digits that say nothing, no padded exponents."""

from __future__ import annotations

from collections.abc import Iterable


def scientific(value: float, digits: int = 2) -> str:
    """``2.4e-2``: significant digits and an exponent without padding."""
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent):+d}"


def significant(value: float, digits: int = 3) -> str:
    """``0.048``, ``79``, ``2.4e-2`` below a thousandth and above a hundred thousand."""
    if value != 0 and not 1e-3 <= abs(value) < 1e5:
        return scientific(value, 2)
    return f"{float(f'{value:.{digits}g}'):,.15g}" if abs(value) >= 1000 else f"{value:.{digits}g}"


def shape_words(sizes: Iterable[int]) -> str:
    """``768 × 256``; ``scalar`` for no dimension."""
    return " × ".join(map(str, sizes)) or "scalar"
