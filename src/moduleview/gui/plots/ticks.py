"""Where the ticks of an axis stand, and what they are called. Pure numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from moduleview.gui.look import number_format

_MOST_DIGITS = 9
_NICE_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)


@dataclass(frozen=True)
class Ticks:
    """Positions on an axis: major ones have a label and a grid line, minor ones are short.

    On a logarithmic axis positions are decades (the log10 of a value).
    """

    major: tuple[tuple[float, str], ...]
    minor: tuple[float, ...] = ()


def step_ticks(low: float, high: float, most: int) -> Ticks:
    """Whole steps between two edges, at most ``most`` of them, at multiples of 1, 2 or 5 times a power of ten."""
    width = max(1, math.ceil(nice_width((high - low) / max(most, 1))))
    first = max(0, math.ceil(low / width))
    return Ticks(
        tuple(
            (float(n * width), number_format.exact_count(n * width)) for n in range(first, math.floor(high / width) + 1)
        )
    )


def time_ticks(low: float, high: float, most: int) -> Ticks:
    """Seconds as ``duration``, at round seconds, minutes or hours; below a second as ``0.2 s``."""
    least = (high - low) / max(most, 1)
    if least < 1:
        width = nice_width(least)
        seconds = _multiples(width, low, high)
        return Ticks(tuple(zip(seconds, (f"{text} s" for text in _told_apart(seconds)), strict=True)))
    width = next((nice for nice in _NICE_SECONDS if nice >= least), 0.0) or nice_width(least / 86_400) * 86_400
    return Ticks(tuple((at, number_format.duration(at)) for at in _multiples(width, low, high)))


def decade_ticks(low: float, high: float, most: int) -> Ticks:
    """Ticks of a logarithmic axis: a label at each decade, or at every so many, minor ticks at 2 to 9.

    Less than a decade and a half has labels at 1, 2 and 5.
    """
    first, last = math.ceil(low), math.floor(high)
    if high - low < 1.5:
        labelled = [(d + math.log10(m), f"{m}e{d:+d}") for d in range(first - 1, last + 1) for m in (1, 2, 5)]
        major = tuple((at, label) for at, label in labelled if low <= at <= high)
    else:
        every = max(1, math.ceil((last - first + 1) / max(most, 1)))
        major = tuple((float(d), f"1e{d:+d}") for d in range(first, last + 1) if d % every == 0)
    if high - low > 8:
        return Ticks(major, tuple(float(d) for d in range(first, last + 1)))
    minor = (d + math.log10(m) for d in range(first - 1, last + 1) for m in range(2, 10))
    return Ticks(major, tuple(at for at in minor if low <= at <= high))


def linear_ticks(low: float, high: float, most: int) -> Ticks:
    """Ticks of a linear axis at multiples of 1, 2 or 5 times a power of ten."""
    width = nice_width((high - low) / max(most, 1))
    first, last = math.ceil(low / width), math.floor(high / width)
    values = [n * width for n in range(first, last + 1)]
    return Ticks(tuple(zip(values, _told_apart(values), strict=True)))


def _told_apart(values: Sequence[float]) -> list[str]:
    """With as many digits as it takes: 2.3026 and 2.3027 are not both 2.30."""
    texts: list[str] = []
    for digits in range(3, _MOST_DIGITS + 1):
        texts = [_written(value, digits) for value in values]
        if len(set(texts)) == len(texts):
            break
    return texts


def _written(value: float, digits: int) -> str:
    text = number_format.plain(value, digits)
    return number_format.gradient(value, digits - 1) if "e" in text else text


def _multiples(width: float, low: float, high: float) -> list[float]:
    """Not below zero."""
    return [n * width for n in range(max(0, math.ceil(low / width)), math.floor(high / width) + 1)]


def nice_width(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below ``least``."""
    if not (math.isfinite(least) and least > 0):
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))
