"""Taking records from a source until something is there; and small tasks to train."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from moduleview.sources.inprocess import InProcessSource
from moduleview.telemetry.records import (
    FailureReport,
    OpenFailed,
    Record,
    RunChanged,
    RunState,
    StepRecord,
)

TIMEOUT_S = 60.0  # only ever reached by a failure; the first import of torch is slow on a busy machine
R = TypeVar("R")


class Taken:
    """Everything taken from a source so far, in order."""

    def __init__(self, source: InProcessSource) -> None:
        self.source = source
        self.records: list[Record] = []

    def until(self, wanted: Callable[[Record], bool]) -> Record:
        """Take records up to the first that is wanted, and give that one."""
        pause = threading.Event()
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            record = self.source.take()
            if record is None:
                pause.wait(0.001)
                continue
            self.records.append(record)
            if wanted(record):
                return record
        raise AssertionError(f"waited in vain; the last records: {self.records[-5:]}")

    def until_state(self, state: RunState) -> RunChanged:
        """Take records until the run is in this state."""
        record = self.until(lambda record: isinstance(record, RunChanged) and record.state is state)
        assert isinstance(record, RunChanged)
        return record

    def until_type(self, kind: type[R]) -> R:
        """Take records until one of this kind."""
        record = self.until(lambda record: isinstance(record, kind))
        assert isinstance(record, kind)
        return record

    def until_step(self, step: int) -> StepRecord:
        """Take records until this step, or a later one."""
        record = self.until(lambda record: isinstance(record, StepRecord) and record.step >= step)
        assert isinstance(record, StepRecord)
        return record

    def failure(self) -> FailureReport:
        """Take records until one says that something failed or could not be done."""
        record = self.until(
            lambda record: (
                isinstance(record, OpenFailed) or (isinstance(record, RunChanged) and record.failure is not None)
            )
        )
        assert isinstance(record, OpenFailed | RunChanged)
        assert record.failure is not None
        return record.failure

    def rest(self) -> list[Record]:
        """Take what is there now; gives everything taken so far."""
        while (record := self.source.take()) is not None:
            self.records.append(record)
        return self.records

    def of_type(self, kind: type[R]) -> list[R]:
        """Of what was taken, all of one kind."""
        return [record for record in self.records if isinstance(record, kind)]


@contextmanager
def opened(
    target: str | Callable[[], object], *, run_at_once: bool = False, device: str | None = None
) -> Iterator[Taken]:
    """A source that is closed at the end, whatever happens in between."""
    source = InProcessSource(target, run_at_once=run_at_once, device=device)
    try:
        yield Taken(source)
    finally:
        assert source.close(10.0), "the training thread still runs"
