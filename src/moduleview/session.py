"""One run being looked at: a source, the store of what it said, and the detectors that read the store."""

from __future__ import annotations

import time
from collections.abc import Sequence

from moduleview.detectors.base import Detector
from moduleview.detectors.runner import DetectorRunner
from moduleview.sources.base import Source
from moduleview.telemetry.commands import Capability, Command, SetHooks
from moduleview.telemetry.store import SeriesStore
from moduleview.telemetry.store_view import StoreView

_CLOCK_EVERY = 16  # records between two looks at the clock: a record costs about 3 us


class Session:
    """Moves records from a source into a store. GUI thread only."""

    def __init__(self, source: Source, detectors: Sequence[Detector] = ()) -> None:
        self._source = source
        self._store = SeriesStore()
        self._detectors = DetectorRunner(detectors)

    @property
    def store(self) -> StoreView:
        """What panels read."""
        return self._store

    @property
    def capabilities(self) -> Capability:
        """What the source can do."""
        return self._source.capabilities

    @property
    def description(self) -> str:
        """Where the records come from."""
        return self._source.description

    def send(self, command: Command) -> None:
        """Pass a command to the source; a ticked hook shows as requested until the source confirms it."""
        if isinstance(command, SetHooks):
            self._store.request_hooks(command)
        self._source.send(command)

    def pump(self, budget_s: float) -> bool:
        """Take records for at most about ``budget_s`` seconds, then let the detectors look.

        Returns:
            True when records are left for the next time.
        """
        deadline = time.perf_counter() + budget_s
        n_taken = 0
        left_over = False
        while (record := self._source.take()) is not None:
            self._store.apply(record)
            n_taken += 1
            if n_taken % _CLOCK_EVERY == 0 and time.perf_counter() >= deadline:
                left_over = True
                break
        self._store.set_dropped(self._source.n_dropped)
        if n_taken:
            self._store.set_suspicions(self._detectors.check(self._store))
        return left_over

    def close(self, timeout_s: float) -> bool:
        """Close the source; False when its thread still runs after ``timeout_s``."""
        return self._source.close(timeout_s)
