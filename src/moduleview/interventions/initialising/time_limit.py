"""How long a preview of new starting values, or the change itself, may call a person's code."""

from __future__ import annotations

from contextlib import AbstractContextManager

from moduleview.introspect import time_limit as limits
from moduleview.introspect.time_limit import TookTooLong

__all__ = ["LONGEST_S", "TookTooLong", "time_limit"]

LONGEST_S = 20.0
"""For everything that one preview, or one change, calls of a person's code at a time."""


def time_limit(seconds: float = LONGEST_S) -> AbstractContextManager[None]:
    """See ``introspect.time_limit``."""
    return limits.time_limit(seconds)
