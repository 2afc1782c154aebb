from functools import partial

import pytest

from moduleview.gui import clock as clock_module
from moduleview.gui.clock import DUTY, Clock, ClockWork


class FakeTime:
    """Wall and CPU time that a test moves."""

    def __init__(self):
        self.wall_s = 100.0
        self.cpu_s = 0.0

    def monotonic(self):
        return self.wall_s

    def thread_time(self):
        return self.cpu_s


class Recording:
    """What the clock did."""

    def __init__(self, time):
        self.time = time
        self.is_training = True
        self.frame_cpu_s = 0.006
        self.n_frames = self.n_pumps = self.n_collections = 0

    def draw(self):
        self.n_frames += 1
        self.time.cpu_s += self.frame_cpu_s

    def pump(self, _budget_s):
        self.n_pumps += 1
        return False

    def collect(self):
        self.n_collections += 1


@pytest.fixture
def time(monkeypatch):
    fake = FakeTime()
    monkeypatch.setattr(clock_module, "time", fake)
    return fake


@pytest.fixture
def work(time):
    return Recording(time)


@pytest.fixture
def clock(qapp, work):
    made = Clock(
        ClockWork(work.pump, lambda: work.is_training, work.draw, lambda: None, work.collect),
        qapp,
    )
    yield made
    made.stop()
    made.deleteLater()


def run_for(seconds, clock, time, qtbot):
    for _ in range(round(seconds / 0.033)):
        clock.tick()
        qtbot.waitUntil(lambda: not clock.is_painting)
        time.wall_s += 0.033


def test_while_training_frames_take_three_percent_of_a_core_whatever_they_cost(clock, work, time, qtbot):
    work.frame_cpu_s = 0.03
    run_for(10.0, clock, time, qtbot)
    share = work.n_frames * work.frame_cpu_s / 10.0
    assert share == pytest.approx(DUTY, rel=0.2)


def test_cheap_frames_are_drawn_at_every_tick(clock, work, time, qtbot):
    work.frame_cpu_s = 0.0005
    run_for(1.0, clock, time, qtbot)
    assert work.n_frames == work.n_pumps


def test_without_training_there_is_no_limit(clock, work, time, qtbot):
    work.is_training = False
    work.frame_cpu_s = 0.1
    run_for(1.0, clock, time, qtbot)
    assert work.n_frames == work.n_pumps


def test_records_are_taken_between_frames(clock, work, time, qtbot):
    work.frame_cpu_s = 1.0
    run_for(0.9, clock, time, qtbot)
    assert work.n_frames == 1
    assert work.n_pumps == 27


def test_frame_that_costs_very_much_does_not_leave_the_window_still(clock, work, time, qtbot):
    work.frame_cpu_s = 1.0
    run_for(3.3, clock, time, qtbot)
    assert work.n_frames >= 3


def test_what_a_person_does_is_drawn_at_the_next_tick(clock, work, time, qtbot):
    work.frame_cpu_s = 1.0
    run_for(0.2, clock, time, qtbot)
    clock.wake()
    clock.tick()
    qtbot.waitUntil(lambda: not clock.is_painting)
    assert work.n_frames == 2


def test_garbage_is_collected_on_the_clocks_thread(clock, work, time, qtbot):
    run_for(0.33, clock, time, qtbot)
    assert work.n_collections > 0


@pytest.mark.parametrize("part", ["pump", "look", "draw", "collect_garbage"])
def test_part_that_fails_is_reported_and_holds_no_other_part_back(qtbot, qapp, time, part):
    """Fault row 37: what a detector, the store or a panel raises must not stop commands, frames or the collector."""
    called = []

    def do(name):
        called.append(name)
        if name == part:
            raise ValueError(name)
        return False

    draw, look, collect = (partial(do, name) for name in ("draw", "look", "collect_garbage"))
    clock = Clock(ClockWork(lambda _budget_s: do("pump"), lambda: True, draw, look, collect), qapp)
    with qtbot.captureExceptions() as exceptions:
        for _ in range(2):
            clock.tick()
            qtbot.waitUntil(lambda: not clock.is_painting)
    clock.deleteLater()
    assert called == ["pump", "look", "draw", "collect_garbage"] * 2
    assert [str(error) for _kind, error, _trace in exceptions] == [part] * 2
