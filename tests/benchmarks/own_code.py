"""Where the time goes that a training step spends inside moduleview's own code, by Python's profiler.

Its own cost makes each line of Python look dearer than it is: shares are to be read from it, not sums. It sees the
thread that trains; hooks that autograd calls on a thread of its own, as it does for a GPU, are not in it.
"""

from __future__ import annotations

import cProfile
import pstats
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import moduleview

_PACKAGE = str(Path(moduleview.__file__).parent)

_Function = tuple[str, int, str]


def where_it_goes(run: Callable[[], object], n_lines: int = 8) -> list[str]:
    """The most expensive functions of the package, and what it calls outside, with their own time and calls."""
    profile = cProfile.Profile(time.thread_time)  # dearer than the default, but what else runs does not show
    profile.runcall(run)
    calls: dict[_Function, Any] = vars(pstats.Stats(profile))["stats"]
    found: list[tuple[float, int, str]] = []
    for function, (_, n_calls, own_s, _, callers) in calls.items():
        if _is_ours(function):
            found.append((own_s, n_calls, f"{Path(function[0]).name}:{function[1]} {function[2]}"))
        elif not function[2].endswith("run_backward' of 'torch._C._EngineBase' objects>"):
            from_us = [called for caller, called in callers.items() if _is_ours(caller)]
            found.append((sum(called[2] for called in from_us), sum(called[1] for called in from_us), function[2]))
    return [f"{1e3 * own_s:9.3f} ms {n:6} calls  {name}" for own_s, n, name in sorted(found, reverse=True)[:n_lines]]


def _is_ours(function: _Function) -> bool:
    return function[0].startswith(_PACKAGE)
