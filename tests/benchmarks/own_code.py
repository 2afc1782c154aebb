"""The time that a training step spends inside moduleview's own code, measured directly.

A ratio of whole steps cannot show 0.1 %; this can, but not what watching costs elsewhere (a cold cache, a fast path
that is lost). Python's profiler counts each call that comes into the package from outside, and takes off what the
package passes on to: the backward and the scaler of torch, around which it stands. The profiler's own cost makes the
number some per cent of itself too large. It sees the thread that trains; hooks that autograd calls on a thread of its
own, as it does for a GPU, are not in it.
"""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from pathlib import Path
from typing import Any

import moduleview

_PACKAGE = str(Path(moduleview.__file__).parent)
_PASSED_ON_TO = {"backward", "scale", "unscale_", "step"}  # what hooks/taps.py wraps

_Function = tuple[str, int, str]


def seconds_inside(run: Callable[[], object]) -> float:
    """Seconds that ``run`` spends in calls into the package."""
    profile = cProfile.Profile(builtins=False)
    profile.runcall(run)
    calls: dict[_Function, Any] = vars(pstats.Stats(profile))["stats"]
    seconds = 0.0
    for callee, (*_, callers) in calls.items():
        for caller, (*_, cumulative_s) in callers.items():
            if _is_ours(callee) and not _is_ours(caller):
                seconds += cumulative_s
            elif _is_ours(caller) and not _is_ours(callee) and callee[2] in _PASSED_ON_TO:
                seconds -= cumulative_s
    return seconds


def _is_ours(function: _Function) -> bool:
    return function[0].startswith(_PACKAGE)
