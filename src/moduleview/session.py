"""The run being looked at: a source, the store of what it said, and the detectors that read the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from moduleview.detectors.base import Detector
from moduleview.detectors.runner import DetectorRunner
from moduleview.sources.base import Source
from moduleview.telemetry.commands import Capability, Close, Command, SetHooks
from moduleview.telemetry.records import LogLine, ModelOpened, OpenFailed, Record
from moduleview.telemetry.store import SeriesStore
from moduleview.telemetry.store_view import StoreView

_CLOCK_EVERY = 16  # records between two looks at the clock: a record costs about 3 us


class Session:
    """Moves records from a source into a store. GUI thread only.

    A new source takes the place of the old one when its model is open, not before: what was open stays open when the
    new target fails.
    """

    def __init__(self, detectors: Sequence[Detector] = ()) -> None:
        self._thread = threading.current_thread()
        self._source: Source | None = None
        self._opening: Source | None = None
        self._leaving: list[Source] = []  # told to close; joined when the window closes
        self._store = SeriesStore()
        self._detectors = DetectorRunner(detectors)

    @property
    def store(self) -> StoreView:
        """What panels read; the same object whatever is open."""
        return self._store

    @property
    def capabilities(self) -> Capability:
        """What the source can do."""
        return Capability.NONE if self._source is None else self._source.capabilities

    @property
    def description(self) -> str:
        """Where the records come from, "" when nothing is open."""
        return "" if self._source is None else self._source.description

    @property
    def is_opening(self) -> bool:
        """A target is being loaded."""
        return self._opening is not None

    def open(self, source: Source) -> None:
        """Show ``source`` as soon as its model is open; a target that is still being opened is given up."""
        self._assert_own_thread()
        if self._opening is not None:
            self._leave(self._opening)
        self._opening = source

    def send(self, command: Command) -> None:
        """Pass a command to the source; a ticked hook shows as requested until the source confirms it."""
        self._assert_own_thread()
        if self._source is None:
            return
        if isinstance(command, SetHooks):
            self._store.request_hooks(command)
        self._source.send(command)

    def pump(self, budget_s: float) -> bool:
        """Take records for at most about ``budget_s`` seconds, then let the detectors look.

        Returns:
            True when records are left for the next time.
        """
        self._assert_own_thread()
        self._pump_opening()
        self._leaving = [source for source in self._leaving if not source.close(0.0)]
        if self._source is None:
            return False
        n_taken, left_over = self._drain(self._source, time.perf_counter() + budget_s)
        self._store.set_dropped(self._source.n_dropped)
        if n_taken:
            self._store.set_detected(self._detectors.check(self._store))
        return left_over

    def close_model(self) -> None:
        """Give up what is being opened, and what was open stays; otherwise close what is open."""
        if self._opening is not None:
            self._leave(self._opening)
            self._opening = None
            return
        if self._source is not None:
            self._leave(self._source)
            self._source = None
        self._store.forget_model()

    def close(self, timeout_s: float) -> bool:
        """Close all sources; False when a thread still runs after ``timeout_s``."""
        deadline = time.monotonic() + timeout_s
        for source in (self._opening, self._source):
            if source is not None:
                self._leave(source)
        self._opening = self._source = None
        self._leaving = [source for source in self._leaving if not source.close(max(0.0, deadline - time.monotonic()))]
        return not self._leaving

    def _assert_own_thread(self) -> None:
        """The store has no lock: a second thread would tear what panels read (fault row 80)."""
        name = threading.current_thread().name
        assert threading.current_thread() is self._thread, f"the session was used in thread {name}, not in its own"

    def _drain(self, source: Source, deadline: float) -> tuple[int, bool]:
        n_taken = 0
        while (record := source.take()) is not None:
            self._apply(record)
            n_taken += 1
            if n_taken % _CLOCK_EVERY == 0 and time.perf_counter() >= deadline:
                return n_taken, True
        return n_taken, False

    def _apply(self, record: Record) -> None:
        if isinstance(record, ModelOpened):
            self._detectors.reset()
        self._store.apply(record)

    def _pump_opening(self) -> None:
        """Look whether the target that is being opened has a model, or has failed; its log lines show meanwhile."""
        while self._opening is not None and (record := self._opening.take()) is not None:
            match record:
                case ModelOpened():
                    if self._source is not None:
                        self._leave(self._source)
                    self._source, self._opening = self._opening, None
                    self._apply(record)
                    self._store.books.changes.forget_runs()
                case OpenFailed():
                    self._leave(self._opening)
                    self._opening = None
                    self._apply(record)
                case LogLine():
                    self._apply(record)
                case _:
                    pass  # what it says of its state before it has a model is about itself, not about what is open

    def _leave(self, source: Source) -> None:
        source.send(Close())
        self._leaving.append(source)
