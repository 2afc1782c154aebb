"""Numbers as the screen writes them: gradient-like in 6 characters, counts with a unit, a dash for no value."""

from __future__ import annotations

import math

from PySide6.QtCore import QLocale

from moduleview.telemetry.number_words import shape_words

NO_VALUE = "–"
MINUS = "\u2212"  # not in exponents
_BINARY_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
_DECIMAL_UNITS = ("", "k", "M", "G", "T")


def gradient(value: float | None, digits: int = 2) -> str:
    """``4.2e-1``: ``digits`` significant digits and an exponent, so that exponents stand in a column."""
    if value is None:
        return NO_VALUE
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else f"{MINUS}Inf"
    mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
    sign = MINUS if value < 0 else ""
    return f"{sign}{mantissa}e{'-' if int(exponent) < 0 else '+'}{abs(int(exponent))}"


def plain(value: float | None, digits: int = 4) -> str:
    """``0.0213``: significant digits without an exponent where that stays short, else as ``gradient``."""
    if value is None or not math.isfinite(value):
        return gradient(value, digits)
    if value != 0 and not 1e-3 <= abs(value) < 1e5:
        return gradient(value, 2)
    size = abs(value)
    text = f"{size:.{digits}g}" if round(size) < 10**digits else f"{size:.0f}"  # g would write an exponent
    return text if value >= 0 else f"{MINUS}{text}"


def short_count(count: int) -> str:
    """``9.86 M``, ``789.8 k``, ``512``."""
    if count < 1000:
        return str(count)
    size, unit = float(count), 0
    while size >= 999.95 and unit + 1 < len(_DECIMAL_UNITS):
        size, unit = size / 1000, unit + 1
    digits = 1 if size >= 100 or unit == 1 else 2
    return f"{size:.{digits}f} {_DECIMAL_UNITS[unit]}"


def exact_count(count: int) -> str:
    """``9,859,586``, with the locale's separators."""
    return QLocale().toString(count)


def n_bytes(size: int) -> str:
    """``1.31 GiB``."""
    value, unit = float(size), 0
    while value >= 1024 and unit + 1 < len(_BINARY_UNITS):
        value, unit = value / 1024, unit + 1
    return f"{value:.0f} {_BINARY_UNITS[unit]}" if unit == 0 else f"{value:.3g} {_BINARY_UNITS[unit]}"


def shape(sizes: tuple[int, ...] | None) -> str:
    """``768 × 256``; ``scalar`` for no dimension, a dash where it is not known yet."""
    return NO_VALUE if sizes is None else shape_words(sizes)


def duration(seconds: float) -> str:
    """``00:33``, ``1:02:09``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"
