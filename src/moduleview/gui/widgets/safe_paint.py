"""The one guard around painting: an exception in it would come back at every frame.

What raised is reported once, to ``sys.excepthook`` as every fault of ours, and paints nothing more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

P = TypeVar("P", bound=Callable[..., None])
_SWITCHED_OFF = "_painting_switched_off"


def safe_paint(paint: P) -> P:
    """Wrap a ``paint`` or ``paintEvent``: the first exception is reported and switches the object's painting off."""

    @wraps(paint)
    def guarded(self: Any, *arguments: Any) -> None:
        if getattr(self, _SWITCHED_OFF, False):
            return
        try:
            paint(self, *arguments)
        except Exception as error:  # whatever painting raised must not reach Qt
            setattr(self, _SWITCHED_OFF, True)
            sys.excepthook(type(error), error, error.__traceback__)

    return guarded  # type: ignore[return-value]


def is_switched_off(painted: object) -> bool:
    """It raised while it painted and paints nothing more."""
    return bool(getattr(painted, _SWITCHED_OFF, False))
