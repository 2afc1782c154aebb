"""Finds what a person means by a few letters: ``gofo`` finds "Go forward"."""

from __future__ import annotations

import re
from collections.abc import Sequence

_EXACT_ONLY_FROM = 20_000  # titles; from here on letters must stand together, so that a keystroke stays under 16 ms
_WORD_START = re.compile(r"(?:^|[^a-z0-9])([a-z0-9])")


def best_matches(titles: Sequence[str], typed: str, limit: int) -> list[int]:
    """Rows of the titles that hold the typed letters in their order, best first.

    Letters that stand together come before letters that are spread, the start of a word before its middle, and a
    short title before a long one.

    Args:
        titles: In lower case.
        typed: As typed; case and spaces do not count.
        limit: Most rows to return.
    """
    letters = "".join(typed.lower().split())
    if not letters:
        return list(range(min(limit, len(titles))))
    if len(titles) >= _EXACT_ONLY_FROM:
        rows = [row for row, title in enumerate(titles) if letters in title]
    else:
        spread = re.compile(".*?".join(re.escape(letter) for letter in letters))
        rows = [row for row, title in enumerate(titles) if spread.search(title)]
    return sorted(rows, key=lambda row: (_distance(titles[row], letters), len(titles[row]), row))[:limit]


def _distance(title: str, letters: str) -> int:
    """0 for the best: the title begins with the letters."""
    joined = title.replace(" ", "")
    if joined.startswith(letters):
        return 0
    if letters in title.split() or letters in title.split("."):
        return 1
    initials = "".join(_WORD_START.findall(title))
    if initials.startswith(letters):
        return 2
    return 3 if letters in joined else 4
