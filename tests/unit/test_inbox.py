"""The hand-over between two threads."""

from __future__ import annotations

import threading

import numpy as np

from moduleview.telemetry.costs import CostsMeasured
from moduleview.telemetry.histograms import HistogramsMeasured
from moduleview.telemetry.inbox import Inbox
from moduleview.telemetry.records import LogLine, RunChanged, RunState, StepRecord


def step(number: int) -> StepRecord:
    return StepRecord(0, number, 0.0, np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32))


def test_full_inbox_drops_steps_and_lines_and_counts() -> None:
    inbox = Inbox(capacity=2)
    for number in range(5):
        inbox.put(step(number))
    inbox.put(LogLine(0.0, "stdout", "x"))
    assert inbox.n_dropped_steps == 3
    assert inbox.n_dropped_lines == 1
    assert len(inbox) == 2


def test_full_inbox_drops_what_is_measured_anew_before_long() -> None:
    """Beside a frozen window it would grow for ever."""
    inbox = Inbox(capacity=1)
    inbox.put(step(0))
    counts = np.zeros((1, 68), dtype=np.uint16)
    inbox.put(HistogramsMeasured(0, 0, "grad_magnitudes", ("weight",), counts))
    inbox.put(CostsMeasured((), 1.0, None, 0.0))
    assert len(inbox) == 1


def test_full_inbox_keeps_what_is_said_only_once() -> None:
    inbox = Inbox(capacity=1)
    inbox.put(step(0))
    inbox.put(RunChanged(RunState.PAUSED))
    assert inbox.n_dropped_steps == 0
    inbox.take()
    assert inbox.take() == RunChanged(RunState.PAUSED)
    assert inbox.take() is None


def test_records_arrive_in_order_from_another_thread() -> None:
    inbox = Inbox(capacity=100_000)
    writer = threading.Thread(target=lambda: [inbox.put(step(number)) for number in range(2000)])
    writer.start()
    seen: list[int] = []
    while len(seen) < 2000:
        record = inbox.take()
        if isinstance(record, StepRecord):
            seen.append(record.step)
    writer.join()
    assert seen == list(range(2000))
