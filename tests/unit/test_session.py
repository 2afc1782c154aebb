"""The session: records go into the store; what was open stays open until something else is."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
import pytest

from builders import snapshot_of, task_info
from moduleview.detectors.base import Detector
from moduleview.session import Session
from moduleview.telemetry.commands import Capability, Close, Command, Run, SetHooks
from moduleview.telemetry.hooks import HookKind, HookStatus
from moduleview.telemetry.records import (
    FailureReport,
    Finding,
    LogLine,
    ModelOpened,
    OpenFailed,
    Record,
    RunChanged,
    RunState,
    SeriesDeclared,
    SeriesKey,
    Severity,
    StepRecord,
    Tier,
)
from moduleview.telemetry.store_view import StoreView


class ScriptedSource:
    """Says what it is told to say."""

    def __init__(self, *records: Record) -> None:
        self.records = deque(records)
        self.sent: list[Command] = []
        self.ends = True
        self.n_dropped = 0
        self.description = "a script"
        self.capabilities = Capability.CONTROL | Capability.HOOKS

    def take(self) -> Record | None:
        return self.records.popleft() if self.records else None

    def send(self, command: Command) -> None:
        self.sent.append(command)

    def close(self, timeout_s: float) -> bool:
        return self.ends


def opened(title: str = "Net") -> ModelOpened:
    return ModelOpened(snapshot_of(), task_info(title=title))


def step(number: int) -> StepRecord:
    return StepRecord(0, number, number * 0.1, np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.float32))


def test_a_target_that_fails_leaves_what_was_open() -> None:
    session = Session()
    first = ScriptedSource(RunChanged(RunState.OPENING), opened("first"), RunChanged(RunState.READY))
    session.open(first)
    session.pump(1.0)
    assert session.store.task is not None
    bad = ScriptedSource(LogLine(0.0, "stdout", "hello"), OpenFailed("x.py", FailureReport("no model", "add one")))
    session.open(bad)
    assert session.is_opening
    session.pump(1.0)
    assert not session.is_opening
    assert session.store.task.title == "first"
    assert session.store.open_failure is not None
    assert bad.sent == [Close()]
    assert first.sent == []
    session.send(Run())
    assert first.sent == [Run()]


def test_a_new_model_takes_the_place_and_the_old_source_is_told_to_close() -> None:
    session = Session()
    first, second = ScriptedSource(opened("first")), ScriptedSource(opened("second"))
    session.open(first)
    session.pump(1.0)
    session.open(second)
    session.pump(1.0)
    assert session.store.task is not None
    assert session.store.task.title == "second"
    assert first.sent == [Close()]


def test_pump_gives_up_when_its_time_is_over_and_goes_on_later() -> None:
    session = Session()
    source = ScriptedSource(opened(), SeriesDeclared(0, (SeriesKey("loss"),)), *(step(n) for n in range(100)))
    session.open(source)
    left_over = session.pump(0.0)
    assert left_over
    assert source.records
    while session.pump(0.0):
        pass
    assert session.store.last_step == 99


def test_a_tick_shows_as_requested_at_once() -> None:
    session = Session()
    session.open(ScriptedSource(opened()))
    session.pump(1.0)
    session.send(SetHooks(("head",), HookKind.FORWARD, enabled=True))
    assert session.store.hooks["head", HookKind.FORWARD].status is HookStatus.REQUESTED


def test_closing_says_when_a_thread_still_runs() -> None:
    session = Session()
    source = ScriptedSource(opened())
    source.ends = False
    session.open(source)
    session.pump(1.0)
    assert not session.close(0.01)
    source.ends = True
    assert session.close(0.01)


def test_what_is_dropped_is_counted_where_panels_see_it() -> None:
    session = Session()
    source = ScriptedSource(opened())
    source.n_dropped = 3
    session.open(source)
    session.pump(1.0)
    assert session.store.n_dropped == 3


def test_without_a_source_there_is_nothing_to_do() -> None:
    session = Session()
    assert session.capabilities is Capability.NONE
    assert not session.pump(0.0)
    session.send(Run())
    session.close_model()
    assert session.close(0.0)


class Alarm(Detector):
    name = "alarm"
    explanation = "rings once there is a step"

    def __init__(self) -> None:
        self.n_resets = 0

    def check(self, store: StoreView, since_step: int) -> Sequence[Finding]:
        return [Finding("V9", Tier.SUSPICION, Severity.WARNING, "Alarm", "", "rule", (), "do", step=store.last_step)]

    def reset(self) -> None:
        self.n_resets += 1


def test_detectors_see_the_run_and_start_anew_with_each_model() -> None:
    alarm = Alarm()
    session = Session([alarm])
    session.open(ScriptedSource(opened(), SeriesDeclared(0, (SeriesKey("loss"),)), step(0)))
    session.pump(1.0)
    assert [finding.title for finding in session.store.findings] == ["Alarm"]
    session.open(ScriptedSource(opened("second")))
    session.pump(1.0)
    assert alarm.n_resets == 2
    assert session.store.findings == ()


def test_detector_that_raises_is_raised_once_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moduleview.detectors.runner._PERIOD_S", 0.0)

    class Broken(Alarm):
        def __init__(self) -> None:
            super().__init__()
            self.n_checks = 0

        def check(self, store: StoreView, since_step: int) -> Sequence[Finding]:
            self.n_checks += 1
            raise ZeroDivisionError

    broken, sound = Broken(), Alarm()
    session = Session([broken, sound])
    source = ScriptedSource(opened(), SeriesDeclared(0, (SeriesKey("loss"),)), step(0))
    session.open(source)
    with pytest.raises(ZeroDivisionError):
        session.pump(1.0)
    for number in range(1, 4):
        source.records.append(step(number))
        session.pump(1.0)
    assert broken.n_checks == 1
    assert [finding.id for finding in session.store.findings] == ["V9"]
