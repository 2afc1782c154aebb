"""What structure checks say of one kind of fault, and how they name and count what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_NAMES = 8


@dataclass(frozen=True)
class Words:
    """What is said of one kind.

    Attributes:
        title, rule, advice, fix: See ``Finding``.
    """

    title: str
    rule: str
    advice: str
    fix: str = ""


def first_names(names: Sequence[str], most: int = MOST_NAMES) -> tuple[str, ...]:
    """The first ``most`` of them, and how many there are beside: a line each."""
    more = (f"and {len(names) - most:,} more",) if len(names) > most else ()
    return (*names[:most], *more)


def counted(n: int, one: str) -> str:
    """``1 module``, ``1,200 modules``."""
    return f"{n:,} {one}{'' if n == 1 else 's'}"
