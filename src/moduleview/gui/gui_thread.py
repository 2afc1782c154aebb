"""Widgets belong to the GUI thread: touched from another one they break minutes later and elsewhere, so it raises here.

The check is an ``assert``: tests and development have it, ``python -O`` does not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

M = TypeVar("M", bound=Callable[..., Any])


def gui_thread_only(method: M) -> M:
    """Wrap a method of a QObject: called in another thread than the GUI's it raises ``AssertionError`` (0.2 us)."""
    if not __debug__:
        return method

    @wraps(method)
    def checked(*arguments: Any, **named: Any) -> Any:
        assert threading.current_thread() is threading.main_thread(), (
            f"{method.__qualname__} was called in thread {threading.current_thread().name}; "
            "only the GUI thread may: hand a record over through the inbox instead"
        )
        return method(*arguments, **named)

    return checked  # type: ignore[return-value]
