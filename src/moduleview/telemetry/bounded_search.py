"""Finds a regular expression in a long text, for no longer than a window may stand still.

``re`` can neither be ended nor does it let another thread run, and going back over one name may take it years:
``(a|aa)+$``. The ``regex`` package reads the same patterns and takes a limit; it is half as fast, so that what does not
repeat, and cannot go back far, is left to ``re``.
"""

from __future__ import annotations

import math
import re

import numpy as np
import regex
from numpy.typing import NDArray

LIMIT_S = 0.2  # of a text of up to two million characters
_CHARACTERS_PER_S = 10_000_000  # a quarter of what is usual: a long text gets longer
_REPEATS = frozenset("*+?{")
_COUNT = re.compile(r"\{(?:\d*,)?(\d+)")
_MOST_UNROLLED = 10_000  # regex writes a{1000} out: three in each other are gigabytes


class EndlessSearchError(Exception):
    """The limit was reached."""


def starts(pattern: str, text: str) -> NDArray[np.int64]:
    """Where each match begins.

    Args:
        pattern: One that ``re`` compiles; ``^`` and ``$`` are the ends of lines.
        text: What is searched.

    Raises:
        EndlessSearchError: It would go on.
    """
    if _REPEATS.isdisjoint(pattern):
        found = re.compile(pattern, re.MULTILINE).finditer(text)
        return np.fromiter((match.start() for match in found), dtype=np.int64)
    if math.prod(int(count) or 1 for count in _COUNT.findall(pattern)) > _MOST_UNROLLED:
        raise EndlessSearchError
    limit_s = max(LIMIT_S, len(text) / _CHARACTERS_PER_S)
    try:
        matches = regex.compile(pattern, regex.MULTILINE).finditer(text, timeout=limit_s)
        return np.fromiter((match.start() for match in matches), dtype=np.int64)
    except (TimeoutError, regex.error) as error:  # the second: what only re knows
        raise EndlessSearchError from error
