"""Seconds that this thread itself has worked: what measuring costs is counted in them.

A clock on the wall also counts the time in which another thread has Python's lock or the processor, and that is not
what measuring costs: while the window draws it can be a hundred times as much.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_FINE_S = 1e-4

own_seconds: Callable[[], float] = (
    time.thread_time if time.get_clock_info("thread_time").resolution <= _FINE_S else time.perf_counter
)
"""Only differences mean something, and only within one thread. Windows counts too coarsely: there it is the wall's."""
