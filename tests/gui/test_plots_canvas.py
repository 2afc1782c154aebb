"""What all plots share: the guard around painting, the window of steps, the mouse."""

from __future__ import annotations

import pytest
from plot_builders import make_bench, run_store
from PySide6.QtCore import QObject
from PySide6.QtGui import QPainter
from pytestqt.qtbot import QtBot

from moduleview.gui.plots.canvas import Canvas, Margins
from moduleview.gui.plots.series_chart import SeriesChart
from moduleview.gui.shared_axes import SharedAxes
from moduleview.gui.widgets.safe_paint import is_switched_off


def test_exception_in_painting_is_reported_once_and_switches_the_drawing_off(qtbot: QtBot, qapp: QObject) -> None:
    """Fault row 38: an exception in paint would come back at every frame."""
    canvas = Canvas(make_bench(QObject(qapp), run_store(0)).context.theme, Margins(10, 10, 10, 10))
    qtbot.addWidget(canvas)
    painted: list[int] = []

    def explode(_painter: QPainter) -> None:
        painted.append(1)
        raise RuntimeError("in paint")

    broken = canvas.decorate(explode)
    sound: list[int] = []
    canvas.decorate(lambda _painter: sound.append(1))
    with qtbot.captureExceptions() as exceptions:
        for _ in range(5):
            canvas.grab()

    assert len(exceptions) == len(painted) == 1
    assert is_switched_off(broken)
    assert len(sound) == 5


def test_new_run_fills_the_window_in_doublings() -> None:
    axes = SharedAxes()
    ranges = []
    for last in (0, 29, 30, 59, 60, 239, 240, 500):
        axes.take_extent(0, last)
        ranges.append(axes.steps)

    assert ranges[:2] == [(-0.5, 29.5)] * 2
    assert ranges[2:4] == [(-0.5, 59.5)] * 2
    assert ranges[5] == (-0.5, 239.5)
    assert ranges[-1] == (260.5, 500.5)


def test_steps_that_a_person_chose_stay_while_others_arrive() -> None:
    axes = SharedAxes()
    axes.take_extent(0, 999)
    axes.show_steps(100, 200)
    axes.take_extent(0, 1500)
    assert axes.steps == (100, 200)

    axes.follow()
    assert axes.steps[1] == pytest.approx(1500.5)


def test_run_that_begins_anew_is_followed() -> None:
    axes = SharedAxes()
    axes.take_extent(0, 999)
    axes.show_steps(100, 200)
    axes.take_extent(0, 3)

    assert axes.is_following
    assert axes.steps == (-0.5, 29.5)


def test_panning_never_leaves_the_data_behind() -> None:
    axes = SharedAxes()
    axes.take_extent(0, 999)
    axes.show_steps(50_000, 50_240)
    assert axes.steps[0] < 999
    axes.show_steps(-50_000, -49_760)
    assert axes.steps[1] > 0


def test_all_steps_are_shown_when_asked_for() -> None:
    axes = SharedAxes()
    axes.take_extent(0, 99_999)
    axes.set_window(None)

    assert axes.steps[0] == -0.5
    assert 99_999 <= axes.steps[1] <= 99_999 * 1.01


@pytest.mark.parametrize("width", [120, 200, 400, 900])
def test_axis_has_a_label_however_narrow_the_plot_is(qtbot: QtBot, qapp: QObject, width: int) -> None:
    chart = SeriesChart(make_bench(QObject(qapp), run_store(0)).context.theme)
    qtbot.addWidget(chart)
    chart.resize(width, 90)
    chart.grab()
    for steps in ((59.5, 299.5), (99_759.5, 99_999.5), (-0.5, 29.5), (1001.0, 1005.0)):
        chart.draw_lines([], steps, has_smooth=True)
        assert chart._steps.ticks().major, steps
