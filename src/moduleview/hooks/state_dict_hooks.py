"""Hooks that count how often a module's state is saved and loaded, and say how long it took."""

from __future__ import annotations

import functools
import time
from typing import Any

from torch import nn

from moduleview.hooks.put_on import PutOn
from moduleview.hooks.silent_hook import SilentHook
from moduleview.hooks.ticked import StepSightings, Ticked


def put_state_dict_on(ticked: Ticked, module: nn.Module, sightings: StepSightings) -> PutOn:
    """A hook before and one after ``state_dict`` of this module, children included."""
    watch = _Watch(ticked, sightings, "state_dict()")
    before = module.register_state_dict_pre_hook(SilentHook(watch.begin, watch.fail))  # type: ignore[no-untyped-call]
    after = module._register_state_dict_hook(SilentHook(functools.partial(watch.end, ticked), watch.fail))  # type: ignore[no-untyped-call]
    return PutOn((before, after))


def put_load_state_dict_on(ticked: Ticked, module: nn.Module, sightings: StepSightings) -> PutOn:
    """A hook before and one after ``load_state_dict``."""
    watch = _Watch(ticked, sightings, "load_state_dict()")
    before = module._register_load_state_dict_pre_hook(SilentHook(watch.begin, watch.fail))  # type: ignore[no-untyped-call]
    after = module.register_load_state_dict_post_hook(SilentHook(functools.partial(watch.end, ticked), watch.fail))  # type: ignore[no-untyped-call]
    return PutOn((before, after))


class _Watch:
    """Times what runs between the two. A call that raised leaves its beginning behind, which the next replaces."""

    def __init__(self, ticked: Ticked, sightings: StepSightings, name: str) -> None:
        self._ticked, self._sightings, self._name = ticked, sightings, name
        self._began_s = 0.0

    def begin(self, *_: Any) -> None:
        self._began_s = time.perf_counter()

    def fail(self, error: Exception) -> None:
        self._ticked.fail(error, self._sightings.last_step)

    def end(self, ticked: Ticked, *_: Any) -> None:
        if ticked.is_armed:
            now_s = time.perf_counter()
            took_ms = (now_s - self._began_s) * 1e3
            step = self._sightings.last_step
            when = "before the first step" if step < 0 else f"at step {step}"
            ticked.count(f"{self._name} took {took_ms:.3g} ms {when}", now_s)
