"""The rate of steps is kept on average; a budget is counted; a stopped watch stands still."""

from __future__ import annotations

import pytest

from moduleview.engine import pacing
from moduleview.engine.pacing import Pacing, Stopwatch


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def perf_counter(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(pacing, "time", made)
    return made


def make_steps(pace: Pacing, clock: Clock, n: int, *, step_s: float) -> float:
    """Make steps that take ``step_s`` seconds, waiting as told; gives the seconds that all took."""
    began_s = clock.now_s
    for _ in range(n):
        clock.now_s += pace.wait_s()
        pace.count_step()
        clock.now_s += step_s
    return clock.now_s - began_s


def test_without_a_limit_nothing_is_waited_for(clock: Clock) -> None:
    assert make_steps(Pacing(), clock, 10, step_s=0.0) == 0.0


def test_rate_does_not_depend_on_how_long_a_step_takes(clock: Clock) -> None:
    for step_s in (0.0, 0.01, 0.09):
        pace = Pacing()
        pace.limit(10.0)
        assert make_steps(pace, clock, 101, step_s=step_s) == pytest.approx(10.0 + step_s)


def test_one_late_step_does_not_delay_those_after_it(clock: Clock) -> None:
    pace = Pacing()
    pace.limit(10.0)
    make_steps(pace, clock, 1, step_s=0.15)  # 0.05 too late
    assert pace.wait_s() == 0.0
    pace.count_step()
    assert pace.wait_s() == pytest.approx(0.05)


def test_time_lost_is_not_made_up_for_in_a_rush(clock: Clock) -> None:
    pace = Pacing()
    pace.limit(10.0)
    make_steps(pace, clock, 1, step_s=5.0)
    pace.count_step()
    assert pace.wait_s() == pytest.approx(0.1)


@pytest.mark.parametrize("lifted", [None, 0.0, -1.0, float("nan")])
def test_limit_can_be_lifted(clock: Clock, lifted: float | None) -> None:
    pace = Pacing()
    pace.limit(0.001)
    make_steps(pace, clock, 1, step_s=0.0)
    pace.limit(lifted)
    assert pace.wait_s() == 0.0


@pytest.mark.parametrize("rate", [1e-300, 5e-324, 1e-6])
def test_hardly_any_rate_is_waited_for_an_hour_at_most(clock: Clock, rate: float) -> None:
    pace = Pacing()
    pace.limit(rate)
    pace.count_step()
    assert pace.wait_s() == pytest.approx(3600.0)


def test_budget_is_counted_down_and_renewed() -> None:
    pace = Pacing()
    assert not pace.is_used_up
    pace.allow(2)
    pace.count_step()
    assert not pace.is_used_up
    pace.count_step()
    assert pace.is_used_up
    pace.allow(None)
    assert not pace.is_used_up


def test_first_step_after_a_pause_is_due_at_once(clock: Clock) -> None:
    pace = Pacing()
    pace.limit(0.01)
    make_steps(pace, clock, 1, step_s=0.0)
    pace.allow(1)
    assert pace.wait_s() == 0.0


def test_stopwatch_leaves_pauses_out(clock: Clock) -> None:
    watch = Stopwatch()
    clock.now_s += 5.0
    assert watch.elapsed_s == 0.0
    watch.start()
    clock.now_s += 2.0
    watch.start()
    watch.stop()
    clock.now_s += 5.0
    watch.stop()
    watch.start()
    clock.now_s += 1.0
    assert watch.elapsed_s == pytest.approx(3.0)
