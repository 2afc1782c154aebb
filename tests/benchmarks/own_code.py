"""The time that a training step spends inside moduleview's own code, measured directly.

A ratio of whole steps cannot show 0.1 %; this can, but not what watching costs elsewhere (a cold cache, a fast path
that is lost). Python's profiler counts each call that comes into the package from outside, and takes off what the
package passes on to: the backward and the scaler of torch, around which it stands. What the profiler itself adds to
each call is measured and taken off: of a step of a few milliseconds it was as much again as all of ours. It sees the
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
_PASSED_ON_TO = {"_engine_run_backward", "scale", "unscale_", "step"}  # what hooks/taps.py wraps

_Function = tuple[str, int, str]


def _nothing() -> None:
    """Called to see what a call costs."""


def _seconds_of_calls(n_calls: int) -> float:
    began_s = time.thread_time()
    for _ in range(n_calls):
        _nothing()
    return time.thread_time() - began_s


def profiled_call_s(n_calls: int = 100_000) -> float:
    """What the profiler adds to a call of a Python function, in seconds."""
    plain_s = min(_seconds_of_calls(n_calls) for _ in range(3))
    profile = cProfile.Profile(time.thread_time, builtins=False)
    return (min(profile.runcall(_seconds_of_calls, n_calls) for _ in range(3)) - plain_s) / n_calls


def seconds_inside(run: Callable[[], object]) -> float:
    """CPU seconds that ``run`` spends in calls into the package."""
    profile = cProfile.Profile(time.thread_time, builtins=False)
    profile.runcall(run)
    calls: dict[_Function, Any] = vars(pstats.Stats(profile))["stats"]
    seconds, n_calls = 0.0, 0
    for callee, (*_, callers) in calls.items():
        for caller, (n_from, *_, cumulative_s) in callers.items():
            if _is_ours(callee) or _is_ours(caller):
                n_calls += n_from
            if _is_ours(callee) and not _is_ours(caller):
                seconds += cumulative_s
            elif _is_ours(caller) and not _is_ours(callee) and callee[2] in _PASSED_ON_TO:
                seconds -= cumulative_s
    return seconds - n_calls * profiled_call_s()


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
