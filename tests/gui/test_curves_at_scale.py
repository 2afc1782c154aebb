"""Curves of many series and steps: no spike is lost, groups, time, order at the crosshair, gaps."""

from __future__ import annotations

import numpy as np
import pytest
from plot_builders import make_bench, run_store, show
from PySide6.QtCore import QObject, QPointF
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QLabel, QMenu
from pytestqt.qtbot import QtBot

from builders import add_steps, declare_gradients, opened_store, snapshot_of
from moduleview.gui.panels.curves import CurvesPanel
from moduleview.gui.panels.loss import LossPanel
from moduleview.gui.plots import chosen_series
from moduleview.gui.plots.chart_lines import value_at
from moduleview.gui.plots.curve_points import LinePoints, newest_values, running_median, smoothed
from moduleview.gui.plots.legend import Legend
from moduleview.gui.plots.run_time import RunTime
from moduleview.gui.plots.series_chart import SeriesChart
from moduleview.gui.plots.series_groups import Grouping, group_series
from moduleview.gui.plots.ticks import time_ticks
from moduleview.telemetry.records import RunChanged, RunState, SeriesDeclared, SeriesKey, StepRecord
from moduleview.telemetry.store import SeriesStore

NORM = "grad_norm"
N_STEPS = 100_000
SPIKES = (0, 1, 4_711, 50_001, 83_333, 99_934, 99_998, 99_999)
_ONE = (("", "Net", ()), ("lin", "Linear", (("weight", (2, 2)),)))


@pytest.fixture(scope="module")
def long_run() -> SeriesStore:
    """One parameter, 100 000 steps around 1e-2; spikes to 1e+3. Only 2 000 steps are kept one by one."""
    store = opened_store(snapshot_of(_ONE))
    n = len(declare_gradients(store))
    store._series._archive.raw.resize(n, 2000, (np.nan,))
    values = (10.0 ** np.random.default_rng(0).normal(-2, 0.1, N_STEPS)).astype(np.float32)
    values[list(SPIKES)] = 1e3
    series = np.array([1], dtype=np.int32)
    for step in range(N_STEPS):
        store.apply(StepRecord(0, step, step * 0.5, series, values[step : step + 1]))
    store.apply(RunChanged(RunState.PAUSED))
    return store


def chart_of(panel: CurvesPanel | LossPanel) -> SeriesChart:
    chart = panel.findChild(SeriesChart)
    assert chart is not None
    return chart


def is_drawn(chart: SeriesChart, image: QImage, step: int, lowest: float, highest: float) -> bool:
    """Something of the first line is drawn at a step between two decades."""
    step_px = chart.area.width() / (chart.x_range[1] - chart.x_range[0])
    x, reach = chart.x_px(step), 2 + step_px
    columns = range(max(round(x - reach), round(chart.area.left())), min(round(x + reach), round(chart.area.right())))
    rows = range(round(chart.y_px(highest)), round(chart.y_px(lowest)))
    series = QColor(chart.theme.tokens.series[0])
    least = (series.blue() - series.red()) * 0.1  # the band's opacity is 0.15
    colors = [QColor(image.pixel(column, row)) for column in columns for row in rows]
    return any(color.blue() - color.red() > least for color in colors)


@pytest.mark.parametrize("width_px", [320, 752, 1500])
@pytest.mark.parametrize("n_shown", [100_000, 30_000, 5_000, 700, 60])
@pytest.mark.parametrize("smooth", [True, False])
def test_single_spike_anywhere_in_100_000_steps_is_seen_at_every_zoom_and_width(
    qtbot: QtBot, qapp: QObject, long_run: SeriesStore, width_px: int, n_shown: int, smooth: bool
) -> None:
    bench = make_bench(QObject(qapp), long_run)
    bench.context.selection.select("lin", tensor_fqn="lin.weight")
    panel = CurvesPanel(bench.context)
    panel.title_controls()[1].setChecked(smooth)
    show(qtbot, panel, width_px, 292)
    chart = chart_of(panel)
    for spike in SPIKES:
        low = min(max(spike - n_shown // 3, 0), N_STEPS - n_shown) - 0.5
        bench.context.axes.show_steps(low, low + n_shown)
        panel.refresh(long_run)
        assert chart.y_range[1] > 2.9
        assert is_drawn(chart, chart.grab().toImage(), spike, 2.0, 3.0), spike


@pytest.mark.parametrize("n_shown", [60, 700, 5_000, 100_000])
def test_nan_of_old_steps_is_marked_wherever_one_looks_at_what_it_is_kept_with(
    qtbot: QtBot, qapp: QObject, n_shown: int
) -> None:
    """Old steps are kept in groups of 16 or 256: a group may begin long before what is in sight."""
    store = opened_store(snapshot_of(_ONE))
    n = len(declare_gradients(store))
    store._series._archive.raw.resize(n, 64, (np.nan,))
    for ring in store._series._archive._rings[1:2]:
        ring.resize(n, 64, (np.nan, np.nan, False))
    norms = np.full((20_000, n), 1e-2)
    norms[7_000] = np.nan
    add_steps(store, norms)
    bench = make_bench(QObject(qapp), store)
    bench.context.selection.select("lin", tensor_fqn="lin.weight")
    panel = CurvesPanel(bench.context)
    show(qtbot, panel, 752, 292)
    low = max(7_000 - n_shown // 3, 0) - 0.5
    bench.context.axes.show_steps(low, low + n_shown)
    chart = chart_of(panel)
    at = QPointF(chart.x_px(7_000), chart.area.top() + 3).toPoint()
    assert QColor(chart.grab().toImage().pixel(at)).name() == chart.theme.tokens.non_finite.lower()


def test_spike_among_zeros_is_seen_on_a_logarithmic_axis(qtbot: QtBot, qapp: QObject) -> None:
    store = opened_store(snapshot_of(_ONE))
    n = len(declare_gradients(store))
    norms = np.zeros((3000, n))
    norms[1520] = 1e3
    norms[::500] = 1e-2
    add_steps(store, norms)
    bench = make_bench(QObject(qapp), store)
    bench.context.selection.select("lin", tensor_fqn="lin.weight")
    panel = CurvesPanel(bench.context)
    show(qtbot, panel, 400, 292)
    bench.context.axes.set_window(None)
    chart = chart_of(panel)
    assert is_drawn(chart, chart.grab().toImage(), 1520, 1.0, 2.5)
    assert not is_drawn(chart, chart.grab().toImage(), 1300, 1.0, 2.5)


def test_zoomed_away_from_a_spike_the_rest_is_seen_at_its_own_height(
    qtbot: QtBot, qapp: QObject, long_run: SeriesStore
) -> None:
    bench = make_bench(QObject(qapp), long_run)
    bench.context.selection.select("lin", tensor_fqn="lin.weight")
    panel = CurvesPanel(bench.context)
    show(qtbot, panel, 752, 292)
    chart, axes = chart_of(panel), bench.context.axes
    axes.set_window(None)
    assert chart.y_range[1] >= 3.0
    axes.show_steps(60_000, 60_100)  # the first steps in sight, fewer than before
    assert chart.y_range[1] < 0.0
    axes.show_steps(49_950, 50_050)
    assert chart.y_range[1] >= 3.0
    axes.show_steps(49_850, 49_950)  # back in time
    assert chart.y_range[1] < 0.0
    axes.show_steps(49_950, 50_050)
    axes.show_steps(50_052, 50_152)  # and on
    assert chart.y_range[1] < 0.0


def test_hidden_line_leaves_the_axis_to_the_others(qtbot: QtBot, qapp: QObject) -> None:
    store = run_store(0)
    add_steps(store, np.tile([1.0, 1e-3, 1e4, 1e4, 1e-3, 1e-3, 1e-3], (40, 1)))
    bench = make_bench(QObject(qapp), store)
    bench.context.selection.select("")
    panel = CurvesPanel(bench.context)
    show(qtbot, panel, 752, 292)
    legend = panel.findChild(Legend)
    assert legend is not None
    number = next(row.number for row in legend.model.rows if row.text == "blocks.0.lin")
    assert chart_of(panel).y_range[1] > 4.0
    legend.view.line_toggled.emit(number)
    assert chart_of(panel).y_range[1] < 0.0


def signed_panel(qtbot: QtBot, qapp: QObject) -> CurvesPanel:
    """A mean that changes its sign, over one step and over many a point, and the loss beside it."""
    store = opened_store(snapshot_of(_ONE))
    store.apply(SeriesDeclared(0, (SeriesKey("grad_mean", "lin.weight"),)))
    values = np.where(np.arange(200) % 2, -1.0, 1.0) * 1e-3
    values[100:110] = -2e-3
    for step, value in enumerate(values):
        store.apply(StepRecord(0, step, step * 0.5, np.zeros(1, dtype=np.int32), np.array([value], dtype=np.float32)))
    bench = make_bench(QObject(qapp), store)
    bench.context.selection.select("lin", tensor_fqn="lin.weight")
    panel = CurvesPanel(bench.context)
    panel.restore_kept("quantity=grad_mean")
    show(qtbot, panel, 752, 292)
    return panel


def test_what_is_zero_or_less_is_marked_below_a_logarithmic_axis_and_the_legend_says_so(
    qtbot: QtBot, qapp: QObject
) -> None:
    panel = signed_panel(qtbot, qapp)
    chart, log = chart_of(panel), panel.title_controls()[0]
    panel.context.axes.show_steps(95.0, 115.0)
    note = [label for label in panel.findChildren(QLabel) if "Gap: not finite" in label.text()]
    assert not chart.is_log
    assert "zero or less" not in note[0].text()
    log.click()
    image = chart.grab().toImage()
    below = [QColor(image.pixel(round(chart.x_px(step)), round(chart.area.bottom()) - 3)).name() for step in (104, 112)]
    assert below == [chart.theme.tokens.series[0].lower(), chart.theme.tokens.panel.lower()]
    assert "Mark below: zero or less" in note[0].text()


def test_choices_are_kept_between_two_starts_and_nonsense_is_not(qtbot: QtBot, qapp: QObject) -> None:
    panel = signed_panel(qtbot, qapp)
    log, smooth, quantities, _menu = panel.title_controls()
    log.click()
    smooth.click()
    panel._choices.choose_grouping(Grouping.DEPTH)
    panel.context.axes.set_shows_time(True)
    kept = panel.kept()

    again = CurvesPanel(make_bench(QObject(qapp), panel.context.store).context)
    again.context.selection.select("lin", tensor_fqn="lin.weight")
    again.restore_kept(kept)
    show(qtbot, again, 752, 292)
    log, smooth, quantities, _menu = again.title_controls()
    assert (log.isChecked(), smooth.isChecked(), quantities.currentData()) == (True, False, "grad_mean")
    assert chart_of(again).is_log
    assert again.context.axes.shows_time
    assert again._choices.grouping is Grouping.DEPTH
    for nonsense in ("", "nonsense", "grouping=of mine&log=2&smooth=&time=never&quantity=grad_mean"):
        again.restore_kept(nonsense)
        assert again._choices.grouping is Grouping.DEPTH
        assert quantities.currentData() == "grad_mean"


def test_quantity_comes_back_with_its_axis_where_it_is_measured_again(qtbot: QtBot, qapp: QObject) -> None:
    store = run_store()
    store.apply(SeriesDeclared(store.n_series, (SeriesKey("forward.mean", "head"),)))
    bench = make_bench(QObject(qapp), store)
    panel = CurvesPanel(bench.context)
    show(qtbot, panel, 752, 292)
    quantities = panel.title_controls()[2]
    bench.context.selection.select("head")
    quantities.chosen.emit("forward.mean")
    assert not chart_of(panel).is_log
    bench.context.selection.select("embed")
    assert (quantities.currentData(), chart_of(panel).is_log) == (NORM, True)
    bench.context.selection.select("head")
    assert quantities.currentData() == "forward.mean"
    assert not panel.title_controls()[0].isChecked()


# -- reading -------------------------------------------------------------------------------------------------------


def test_points_read_step_by_step_are_those_that_are_read_at_once() -> None:
    store = opened_store()
    n = len(declare_gradients(store))
    norms = 10.0 ** np.random.default_rng(1).normal(-2, 1, (400, n))
    norms[[7, 300]], norms[[90, 91]] = np.nan, -1.0  # -1 is not measured
    lines = [
        (SeriesKey(NORM, "embed.weight"),),
        (SeriesKey(NORM, "blocks.0.lin.weight"), SeriesKey(NORM, "head.weight")),
    ]
    for width in (1, 4):
        growing = LinePoints(lines)
        for begin in range(0, 400, 9):
            if width == 1:
                add_steps(store, norms[begin : begin + 9], begin)
            last = min(begin + 8, 399)
            first = max(0, (last - 150) // width * width)
            points = growing.read(store, first, last, width)
        for one, again in zip(points, LinePoints(lines).read(store, first, last, width), strict=True):
            for part in ("steps", "n_steps", "low", "middle", "high", "non_finite", "smooth"):
                kept, whole = getattr(one, part), getattr(again, part)
                np.testing.assert_array_equal(kept[-len(whole) :], whole)


def test_smoothing_takes_no_value_over_a_gap_into_the_gap_and_none_that_is_not_finite() -> None:
    values = np.array([1.0, np.nan, 3.0, np.inf, -np.inf, 5.0, 7.0])
    np.testing.assert_allclose(smoothed(values), [1.0, np.nan, 2.0, np.nan, np.nan, 3.0, 4.0])
    assert smoothed(np.zeros(0)).shape == (0,)
    assert np.isnan(smoothed(np.full(20, np.nan))).all()
    np.testing.assert_array_equal(smoothed(np.array([3.0])), [3.0])


def test_median_leaves_gaps_and_what_is_not_finite_out() -> None:
    values = np.array([1.0, np.nan, 3.0, np.inf, 8.0])
    np.testing.assert_allclose(running_median(values), [1.0, np.nan, 2.0, np.nan, 3.0])
    assert running_median(np.zeros(0)).shape == (0,)
    assert np.isnan(running_median(np.full(20, np.nan))).all()


def test_single_spike_does_not_lift_the_line_of_the_thousand_steps_around_it() -> None:
    store = opened_store()
    n = len(declare_gradients(store))
    norms = np.full((4000, n), 1e-2)
    norms[2001] = 1e3
    add_steps(store, norms)
    (points,) = LinePoints([(SeriesKey(NORM, "embed.weight"),)]).read(store, 0, 3999, 16)
    assert points.high.max() == pytest.approx(1e3)
    np.testing.assert_allclose(points.smooth, 1e-2, rtol=1e-5)


def test_legend_says_of_how_many_steps_a_band_is_also_where_old_ones_are_kept_together(
    qtbot: QtBot, qapp: QObject, long_run: SeriesStore
) -> None:
    bench = make_bench(QObject(qapp), long_run)
    bench.context.selection.select("lin", tensor_fqn="lin.weight")
    panel = CurvesPanel(bench.context)
    show(qtbot, panel, 752, 292)
    bench.context.axes.show_steps(50_000.0, 50_100.0)
    (label,) = [label for label in panel.findChildren(QLabel) if "Gap: not finite" in label.text()]
    assert "Band: extremes of 16 steps" in label.text()
    bench.context.axes.show_steps(99_900.0, 100_000.0)
    assert "Line: mean of 8 of these" in label.text()


def test_smoothed_line_is_the_same_wherever_the_plot_begins() -> None:
    store = opened_store()
    n = len(declare_gradients(store))
    add_steps(store, 10.0 ** np.random.default_rng(1).normal(-2, 1, (3000, n)))
    keys = [(SeriesKey(NORM, "embed.weight"),)]
    for width in (1, 8):
        (whole,), (part,) = LinePoints(keys).read(store, 0, 2999, width), LinePoints(keys).read(store, 800, 2999, width)
        np.testing.assert_allclose(part.smooth[part.steps >= 800], whole.smooth[whole.steps >= 800])


# -- groups --------------------------------------------------------------------------------------------------------


def labels(store: SeriesStore, grouping: Grouping, *selected: str) -> dict[str, int]:
    choice = group_series(store, selected or ("",), (), NORM, grouping)
    return {series.label: len(series.keys) for series in choice.series}


def test_groups_are_named_after_what_their_series_share() -> None:
    store = run_store(1)
    assert labels(store, Grouping.PREFIX) == {"embed": 1, "blocks": 4, "head": 1}
    assert labels(store, Grouping.PREFIX, "blocks") == {"blocks.0": 2, "blocks.1": 2}
    assert labels(store, Grouping.DEPTH) == {"depth 1": 2, "depth 3": 4}
    assert labels(store, Grouping.TYPE) == {"Linear.bias": 2, "Linear.weight": 3, "Embedding.weight": 1}


def test_group_is_the_median_with_a_band_from_the_lowest_to_the_highest() -> None:
    store = run_store(0)
    norms = np.array([[0.0, 1.0, 2.0, 30.0, 4.0, 5.0, 6.0], [0.0, np.nan, 8.0, 7.0, 9.0, -1.0, 6.0]])
    add_steps(store, norms)
    keys = store.keys(NORM)
    (group,) = LinePoints([keys], {0}).read(store, 0, 1, 1)
    assert group.low.tolist() == [1.0, 6.0]
    assert group.middle.tolist() == [4.5, 7.5]
    assert group.high.tolist() == [30.0, 9.0]
    assert group.non_finite.tolist() == [False, True]
    assert value_at(group, 0) == 4.5
    (both,) = LinePoints([keys], {0}).read(store, 0, 1, 2)
    assert both.high.tolist() == [30.0]
    assert value_at(both, 0) == both.middle[0] == 5.5
    assert [value_at(group, step) for step in (1, 2)] == [7.5, None]
    assert newest_values(store, [keys], keys, {0}) == [7.5]


def test_median_of_a_group_is_faint_below_its_mean_and_a_band_of_steps_says_no_more_than_it_draws(
    qtbot: QtBot, qapp: QObject
) -> None:
    store = run_store(0)
    norms = np.full((2000, 7), 1e-2) * np.array([1, 0.1, 1, 1, 1, 1, 10])
    norms[::2, 2:6] = 2e-2
    add_steps(store, norms)
    bench = make_bench(QObject(qapp), store)
    bench.context.selection.select("")
    panel = CurvesPanel(bench.context)
    show(qtbot, panel, 752, 292)

    def note() -> list[str]:
        (label,) = [label for label in panel.findChildren(QLabel) if "Gap: not finite" in label.text()]
        return label.text().splitlines()[:-1]

    panel._choices.choose_grouping(Grouping.TYPE)
    bench.context.axes.show_steps(100.0, 130.0)
    assert note() == ["Band: all of the group", "Faint: its median", "Line: mean of 8 of these"]
    drawn = chart_of(panel)._lines[0].raw.getData()[1]
    assert np.isfinite(drawn).sum() > 25
    assert np.ptp(drawn) == pytest.approx(np.log10(2.0), rel=1e-3)
    panel._choices.choose_grouping(Grouping.NONE)
    bench.context.axes.set_window(None)
    assert note() == ["Band: extremes of 8 steps", "Line: median of 8 middles"]
    panel.title_controls()[1].click()
    assert note() == ["Band: extremes of 8 steps", "Line: its middle"]


def test_grouping_is_chosen_from_the_menu(qtbot: QtBot, qapp: QObject) -> None:
    bench = make_bench(QObject(qapp), run_store())
    bench.context.selection.select("")
    panel = CurvesPanel(bench.context)
    show(qtbot, panel, 752, 292)
    menu = QMenu(panel)
    for text, expected in (
        ("Group by beginning of the name", ["embed", "blocks", "head"]),
        ("Group by depth", ["depth 1", "depth 3"]),
        ("Group by type", ["Linear.bias", "Linear.weight", "Embedding.weight"]),
        ("A line for each module", ["embed", "blocks.0.lin", "blocks.1.lin", "head"]),
    ):
        panel._menu.fill(menu, None)
        next(action for action in menu.actions() if action.text() == text).trigger()
        legend = panel.findChild(Legend)
        assert legend is not None
        assert [row.text for row in legend.model.rows if row.number is not None] == expected
        panel._menu.fill(menu, None)
        checked = [action.text() for action in menu.actions() if action.isChecked()]
        assert checked == ["Steps from left to right", text]


def test_ten_thousand_series_in_groups_lose_no_spike(qtbot: QtBot, qapp: QObject) -> None:
    layers = [(f"l.{at}", "Linear", (("weight", (2, 2)),)) for at in range(10_000)]
    store = opened_store(snapshot_of([("", "Net", ()), ("l", "ModuleList", ()), *layers]))
    n = len(declare_gradients(store))
    norms = np.full((60, n), 0.01)
    norms[20, 7_777] = 1e3
    add_steps(store, norms)
    bench = make_bench(QObject(qapp), store)
    bench.context.selection.select("l")
    panel = CurvesPanel(bench.context)
    show(qtbot, panel, 752, 292)
    panel._choices.choose_grouping(Grouping.TYPE)
    for _ in range(20):
        panel.refresh(store)
    chart = chart_of(panel)
    assert panel._points[0].steps.tolist() == list(range(60))
    assert panel._points[0].high.max() == pytest.approx(1e3)
    assert is_drawn(chart, chart.grab().toImage(), 20, 0.0, 2.0)
    assert not is_drawn(chart, chart.grab().toImage(), 40, 0.0, 2.0)


# -- time ----------------------------------------------------------------------------------------------------------


def test_run_time_goes_both_ways_and_beyond_its_ends() -> None:
    run_time = RunTime([0, 10, 20], [0.0, 5.0, 25.0])
    assert run_time.of([5, 15, 20]).tolist() == [2.5, 15.0, 25.0]
    for step in (-7.0, 3.0, 12.0, 40.0):
        assert run_time.step_at(float(run_time.of(step))) == pytest.approx(step)
    assert RunTime([], []).of([3]).tolist() == [3.0]
    assert RunTime([4], [2.0]).step_at(2.0) == 4.0


def test_time_axis_has_round_times() -> None:
    assert [label for _at, label in time_ticks(0, 100, 5).major] == ["00:00", "00:30", "01:00", "01:30"]
    assert [label for _at, label in time_ticks(0, 1.1, 5).major] == ["0 s", "0.5 s", "1 s"]
    assert [label for _at, label in time_ticks(7000, 15_000, 3).major] == ["2:00:00", "3:00:00", "4:00:00"]
    days = [at for at, _label in time_ticks(0, 864_000, 4).major]
    assert days == [0, 432_000, 864_000]


def slow_then_fast() -> SeriesStore:
    """100 steps of a second, then 100 of a hundredth."""
    store = opened_store()
    series = np.arange(len(declare_gradients(store)), dtype=np.int32)
    for step in range(200):
        time_s = min(step, 100) + max(step - 100, 0) * 0.01
        store.apply(StepRecord(0, step, time_s, series, np.full(len(series), 0.1 + step, dtype=np.float32)))
    return store


@pytest.mark.parametrize("kind", [CurvesPanel, LossPanel])
def test_lines_can_be_drawn_against_time(qtbot: QtBot, qapp: QObject, kind: type[CurvesPanel]) -> None:
    bench = make_bench(QObject(qapp), slow_then_fast())
    bench.context.selection.select("head")
    panel = kind(bench.context)
    show(qtbot, panel, 752, 292)
    chart = chart_of(panel)
    bench.context.axes.show_steps(0, 199)
    assert chart.x_range == (0, 199)
    bench.context.axes.set_shows_time(True)
    assert chart.x_range == pytest.approx((0, 100.99))
    assert chart.step_under(QPointF(chart.x_px(50), 100)) == pytest.approx(50)
    assert chart.step_under(QPointF(chart.x_px(100.5), 100)) == pytest.approx(150)
    before = bench.context.axes.steps
    chart.zoomed.emit(0.5, QPointF(chart.x_px(50.0), 100), False)
    assert bench.context.axes.steps == pytest.approx((25, 124.5))
    assert before == (0, 199)
    qtbot.mouseMove(chart.viewport(), QPointF(chart.x_px(50), 100).toPoint())
    qtbot.mouseMove(chart.viewport(), QPointF(chart.x_px(60), 100).toPoint())
    assert bench.context.selection.crosshair_step == pytest.approx(60, abs=1)
    bench.context.axes.set_shows_time(False)
    assert chart.x_range == pytest.approx((25, 124.5))


# -- legend --------------------------------------------------------------------------------------------------------


def test_crosshair_sorts_the_legend_by_value_and_leaving_puts_it_back(qtbot: QtBot, qapp: QObject) -> None:
    store = run_store(0)
    add_steps(store, np.array([[0.0, 1.0, 2.0, 3.0, 9.0, 9.0, 5.0], [0.0, 8.0, np.nan, 3.0, 1.0, 1.0, 5.0]]))
    bench = make_bench(QObject(qapp), store)
    panel = CurvesPanel(bench.context)
    show(qtbot, panel, 752, 292)
    bench.context.selection.select("")
    bench.context.selection.toggle_pin("embed")
    legend = panel.findChild(Legend)
    assert legend is not None

    def order() -> list[str]:
        return [row.text for row in legend.model.rows if row.number is not None]

    assert order() == ["embed", "blocks.0.lin", "blocks.1.lin", "head", "embed"]
    bench.context.selection.set_crosshair(0)
    assert order() == ["blocks.1.lin", "head", "blocks.0.lin", "embed", "embed"]
    bench.context.selection.set_crosshair(1)
    assert order() == ["embed", "head", "blocks.1.lin", "blocks.0.lin", "embed"]
    colors = {row.text: row.style.color for row in legend.model.rows if row.style}
    bench.context.selection.set_crosshair(None)
    assert order() == ["embed", "blocks.0.lin", "blocks.1.lin", "head", "embed"]
    assert colors == {row.text: row.style.color for row in legend.model.rows if row.style}


def test_of_thousands_of_blocks_no_more_are_opened_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [
        entry
        for at in range(2_000)
        for entry in ((f"{at}", "Block", ()), (f"{at}.lin", "Linear", (("weight", (2, 2)), ("bias", (2,)))))
    ]
    store = opened_store(snapshot_of((("", "Net", ()), *blocks)))
    opened: list[int] = []
    open_one = chosen_series._opened
    monkeypatch.setattr(chosen_series, "_opened", lambda place, node: opened.append(node) or open_one(place, node))
    chosen = chosen_series.choose_series(store, ("",), None, (), NORM)
    assert [series.fqn for series in chosen.series] == [f"{at}" for at in range(16)]
    assert chosen.n_left_out == 2_000 - 16
    assert len(opened) < 30
