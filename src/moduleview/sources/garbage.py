"""Keeps the cyclic garbage collector on the GUI thread while another thread trains in the same process.

Python's collector runs in whichever thread allocates. In the training thread it would finalise widgets that lie in
reference cycles, and Qt ends the process for it (5 of 5 runs). So it is switched off, and the GUI's clock collects.
"""

from __future__ import annotations

import gc
import threading
import time

_PERIOD_S = 0.5  # young objects die as well in a heap of 15 ticks' garbage; each look costs 0.3 ms
_FULL_PERIOD_S = 10.0  # a full collection walks every object there is: about 50 ms with torch imported


class GarbageGuard:
    """Collects on the thread that made it, and nowhere else. One a process, for as long as there are windows.

    User code may call ``gc.collect`` itself, often after an epoch; from another thread that only asks for a full
    collection on this one.
    """

    def __init__(self) -> None:
        self._thread_id = threading.get_ident()
        self._was_enabled = gc.isenabled()
        self._collect_at_once = gc.collect
        self._is_asked = False
        self._next_s = time.monotonic()
        self._next_full_s = self._next_s + _FULL_PERIOD_S
        gc.disable()
        gc.collect = self._collect_if_ours

    def collect(self) -> None:
        """Collect what Python's own thresholds call for; costs next to nothing when that is nothing. Ours only."""
        gc.disable()  # user code may have enabled it
        if time.monotonic() < self._next_s and not self._is_asked:
            return
        self._next_s = time.monotonic() + _PERIOD_S
        young, middle, old = (
            count > threshold > 0 for count, threshold in zip(gc.get_count(), gc.get_threshold(), strict=True)
        )
        now_s = time.monotonic()
        if (old or self._is_asked) and now_s >= self._next_full_s:
            self._is_asked = False
            self._collect_at_once(2)
            self._next_full_s = time.monotonic() + _FULL_PERIOD_S
        elif middle:
            self._collect_at_once(1)
        elif young:
            self._collect_at_once(0)

    def release(self) -> None:
        """Give the collector back as it was found."""
        gc.collect = self._collect_at_once
        if self._was_enabled:
            gc.enable()

    def _collect_if_ours(self, generation: int = 2) -> int:
        if threading.get_ident() == self._thread_id:
            return self._collect_at_once(generation)
        self._is_asked = True
        return 0
