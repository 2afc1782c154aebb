"""Keeps the cyclic garbage collector on the GUI thread while another thread trains in the same process.

Python's collector runs in whichever thread allocates. In the training thread it would finalise widgets that lie in
reference cycles, and Qt ends the process for it (5 of 5 runs). So it is switched off, and the GUI's clock collects.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable

_PERIOD_S = 0.5  # young objects die as well in a heap of 15 ticks' garbage; each look costs 0.3 ms
_FULL_PERIOD_S = 10.0  # a full collection walks every object there is: 50 to 200 ms with torch imported
_N_GENERATIONS = 3
_SHARE = 4  # Python's own rule: a full collection once a quarter as many objects have come as it will walk
N_MANY = 20_000  # new objects at once: something was imported, or a model made, and stays


class GarbageGuard:
    """Collects on the thread that made it, and nowhere else. One a process, for as long as there are windows.

    A collection holds the window up for as long as it takes to walk what it looks at. So what stays is walked once:
    many new objects go to the oldest generation at once, and that one is walked when Python would, or when it is asked
    for. User code may call ``gc.collect`` itself, often after an epoch; from another thread that only asks for a full
    collection on this one.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._thread_id = threading.get_ident()
        self._was_enabled = gc.isenabled()
        self._collect_at_once = gc.collect
        self._is_asked = self._is_released = False
        self._n_new = self._n_pending = 0  # in the younger generations; in the oldest since it was walked last
        # in one call, so that no other thread runs while a list of everything is held: see introspect/living.py
        self._n_old = sum(map(len, map(gc.get_objects, range(_N_GENERATIONS))))
        self._next_s = clock()
        self._next_full_s = self._next_s + _FULL_PERIOD_S
        gc.disable()
        gc.collect = self._collect_if_ours

    def collect(self) -> None:
        """Collect what Python's own thresholds call for; costs next to nothing when that is nothing. Ours only."""
        gc.disable()  # user code may have enabled it
        now_s = self._clock()
        is_full_due = now_s >= self._next_full_s
        if now_s < self._next_s and not (self._is_asked and is_full_due):
            return
        self._next_s = now_s + _PERIOD_S
        n_new = gc.get_count()[0]
        young, middle, old = (
            count > threshold > 0 for count, threshold in zip(gc.get_count(), gc.get_threshold(), strict=True)
        )
        has_grown = old and self._n_pending > self._n_old / _SHARE
        if is_full_due and (has_grown or self._is_asked):
            self._is_asked = False
            self._collect_all(n_new)
            self._next_full_s = self._clock() + _FULL_PERIOD_S
        elif n_new > N_MANY:
            self._n_old += self._n_new + n_new - self._collect_at_once(1)
            self._n_new = 0
        elif middle:
            self._n_pending += self._n_new + n_new - self._collect_at_once(1)
            self._n_new = 0
        elif young:
            self._n_new += n_new - self._collect_at_once(0)

    def spare_what_is_there(self) -> None:
        """Leave all that lives now out of later collections; the first call counts, from any thread.

        For the moment when torch is imported and no model is there yet: what is there stays for good, and a full
        collection walks 130 000 objects then instead of 370 000, 27 ms instead of 155. A model must never be spared:
        it could not be freed any more.
        """
        if not self._is_released and gc.get_freeze_count() == 0:
            gc.freeze()
            self._n_old = 0

    def release(self) -> None:
        """Give the collector back as it was found."""
        self._is_released = True
        gc.unfreeze()
        gc.collect = self._collect_at_once
        if self._was_enabled:
            gc.enable()

    def _collect_all(self, n_new: int) -> None:
        n = self._n_old + self._n_pending + self._n_new + n_new
        self._n_old = max(n - self._collect_at_once(2), 0)
        self._n_pending = self._n_new = 0

    def _collect_if_ours(self, generation: int = 2) -> int:
        if threading.get_ident() == self._thread_id:
            return self._collect_at_once(generation)
        self._is_asked = True
        return 0
