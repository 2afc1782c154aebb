"""The map of a model with more rows than fit: paged, scrolled, and never lost."""

from __future__ import annotations

import numpy as np
import pytest
from plot_builders import Bench, make_bench, more_steps, run_store, show
from PySide6.QtCore import QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from builders import snapshot_of, task_info
from moduleview.gui.panels.gradient_map import GradientMapPanel
from moduleview.gui.panels.profile import ProfilePanel
from moduleview.gui.plots.map_canvas import MapCanvas
from moduleview.gui.plots.profile_chart import ProfileChart
from moduleview.gui.plots.row_axis import fitted_name
from moduleview.gui.plots.row_place import RowPlace, RowScrollBar
from moduleview.gui.plots.step_place import StepScrollBar
from moduleview.telemetry.records import ModelOpened

N_ROWS = 1000


def tall_model(n_rows: int = N_ROWS):
    blocks = [(f"blocks.{at}", "Linear", (("weight", (2, 2)),)) for at in range(n_rows)]
    return snapshot_of([("", "Net", ()), ("blocks", "ModuleList", ()), *blocks])


@pytest.fixture
def bench(qapp: QObject) -> Bench:
    return make_bench(QObject(qapp), run_store(30, snapshot=tall_model()))


@pytest.fixture
def panel(bench: Bench, qtbot: QtBot) -> GradientMapPanel:
    panel = GradientMapPanel(bench.context)
    show(qtbot, panel)
    return panel


def canvas_of(panel: QWidget) -> MapCanvas:
    canvas = panel.findChild(MapCanvas)
    assert canvas is not None
    return canvas


def bar_of(panel: QWidget) -> RowScrollBar:
    bar = panel.findChild(RowScrollBar)
    assert bar is not None
    return bar


def in_view(bench: Bench) -> tuple[int, int]:
    top, bottom = bench.context.axes.rows_in_view(N_ROWS)
    return round(top), round(bottom)


def turn_wheel(
    canvas: QWidget, notches: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier, *, sideways: int = 0
) -> None:
    at = QPointF(canvas.rect().center())
    turned = QPoint(-120 * sideways, -120 * notches)
    phase = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, at, QPoint(), turned, Qt.MouseButton.NoButton, keys, phase, False)
    QApplication.sendEvent(canvas.viewport(), event)


def test_rows_that_would_be_too_low_to_see_are_shown_in_pages(panel: GradientMapPanel, bench: Bench) -> None:
    first, end = in_view(bench)
    assert first == 0
    assert 10 < end < 200
    assert canvas_of(panel).y_range == (end, 0)
    assert bar_of(panel).isVisible()
    assert (bar_of(panel).maximum(), bar_of(panel).pageStep()) == (N_ROWS - end, end)


def test_pages_are_drawn_from_the_first_step_on(bench: Bench, qtbot: QtBot, qapp: QObject) -> None:
    bench = make_bench(QObject(qapp), run_store(0, snapshot=tall_model()))
    panel = GradientMapPanel(bench.context)
    show(qtbot, panel)
    more_steps(bench.store, 1e-7)  # far from the colours there are: other limits are told while it draws
    panel.refresh(bench.store)
    first, end = in_view(bench)
    assert (first, end < 200) == (0, True)
    assert canvas_of(panel).y_range == (end, 0)


def test_wheel_scrolls_down_to_the_last_row_and_no_further(panel: GradientMapPanel, bench: Bench) -> None:
    height = in_view(bench)[1]
    turn_wheel(canvas_of(panel), 1)
    first = in_view(bench)
    assert first[0] > 0
    assert first[1] - first[0] == height
    turn_wheel(canvas_of(panel), 1000)
    assert in_view(bench) == (N_ROWS - height, N_ROWS)
    turn_wheel(canvas_of(panel), -1000)
    assert in_view(bench) == (0, height)


def test_page_keys_reach_every_row_once(panel: GradientMapPanel, bench: Bench, qtbot: QtBot) -> None:
    canvas, seen = canvas_of(panel), set(range(*in_view(bench)))
    height = len(seen)
    for _ in range(-(-N_ROWS // height) - 1):
        qtbot.keyClick(canvas, Qt.Key.Key_PageDown)
        page = range(*in_view(bench))
        assert panel._columns is not None
        assert panel._columns.seen == page
        assert not np.isnan(panel._columns.decades).any()
        seen |= set(page)
    assert seen == set(range(N_ROWS))
    qtbot.keyClick(canvas, Qt.Key.Key_PageUp)
    assert in_view(bench) == (N_ROWS - 2 * height, N_ROWS - height)
    qtbot.keyClick(canvas, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    assert in_view(bench)[0] == 0
    qtbot.keyClick(canvas, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    assert in_view(bench)[1] == N_ROWS


def test_scroll_bar_and_map_move_each_other(panel: GradientMapPanel, bench: Bench) -> None:
    bar_of(panel).setValue(500)
    assert in_view(bench)[0] == 500
    turn_wheel(canvas_of(panel), -1)
    assert bar_of(panel).value() == in_view(bench)[0] < 500


def test_a_spike_in_any_layer_is_drawn_when_one_scrolls_there(panel: GradientMapPanel, bench: Bench) -> None:
    norms = np.full(N_ROWS + 1, 0.01)
    norms[1 + 777] = np.nan
    more_steps(bench.store, norms)
    bar_of(panel).setValue(760)
    panel.refresh(bench.store)
    canvas = canvas_of(panel)
    image = canvas.grab().toImage()
    at = QPointF(canvas.x_px(30), canvas.y_px(777.5)).toPoint()
    assert QColor(image.pixel(at)).name() == bench.context.theme.tokens.non_finite.lower()
    above = QPointF(canvas.x_px(30), canvas.y_px(775.5)).toPoint()
    assert QColor(image.pixel(above)).name() != bench.context.theme.tokens.non_finite.lower()


def test_title_says_which_rows_are_in_view_and_shows_all_on_a_click(bench: Bench, qtbot: QtBot) -> None:
    panel = GradientMapPanel(bench.context)
    place = panel.title_controls()[0]
    assert isinstance(place, RowPlace)
    qtbot.addWidget(place)
    show(qtbot, panel)
    height = in_view(bench)[1]
    bar_of(panel).setValue(100)
    assert place.text() == f"rows 101 to {100 + height} of 1000"
    place.click()
    panel.refresh(bench.store)
    assert place.text() == "all 1000 rows"
    assert canvas_of(panel).y_range == (N_ROWS, 0)
    assert not bar_of(panel).isVisible()
    assert bench.context.axes.rows is None
    place.click()
    assert place.text() == f"rows 101 to {100 + height} of 1000"


def test_all_rows_at_once_stay_when_a_person_asked_for_them(panel: GradientMapPanel, bench: Bench) -> None:
    bench.context.axes.show_rows(None)
    more_steps(bench.store, 0.1)
    panel.refresh(bench.store)
    panel.resize(620, 400)
    panel.refresh(bench.store)
    assert canvas_of(panel).y_range == (N_ROWS, 0)


def test_overview_of_all_rows_keeps_a_nan_that_one_row_in_a_thousand_has(panel: GradientMapPanel, bench: Bench) -> None:
    norms = np.full(N_ROWS + 1, 0.01)
    norms[1 + 777] = np.nan
    more_steps(bench.store, norms)
    bench.context.axes.show_rows(None)
    canvas = canvas_of(panel)
    image, x = canvas.grab().toImage(), round(canvas.x_px(30))
    column = {QColor(image.pixel(x, y)).name() for y in range(round(canvas.area.top()), round(canvas.area.bottom()))}
    assert bench.context.theme.tokens.non_finite.lower() in column


def test_what_is_selected_elsewhere_is_scrolled_into_view(panel: GradientMapPanel, bench: Bench) -> None:
    bench.context.selection.select("blocks.600")
    first, end = in_view(bench)
    assert first <= 600 < end
    bench.context.selection.select("blocks.601")
    assert in_view(bench) == (first, end)  # it is in view already


def test_arrow_keys_walk_through_pages(panel: GradientMapPanel, bench: Bench, qtbot: QtBot) -> None:
    end = in_view(bench)[1]
    bench.context.selection.select(f"blocks.{end - 1}")
    qtbot.keyClick(canvas_of(panel), Qt.Key.Key_Down)
    assert bench.context.selection.fqn == f"blocks.{end}"
    assert in_view(bench)[0] <= end < in_view(bench)[1]


def test_wheel_still_zooms_steps_with_shift_and_where_all_rows_are_in_view(
    panel: GradientMapPanel, bench: Bench
) -> None:
    axes = bench.context.axes
    before, rows = axes.steps, axes.rows
    turn_wheel(canvas_of(panel), -3, Qt.KeyboardModifier.ShiftModifier)
    assert axes.steps[1] - axes.steps[0] < before[1] - before[0]
    assert axes.rows == rows
    axes.show_rows(None)
    between = axes.steps
    turn_wheel(canvas_of(panel), -3)
    assert axes.steps[1] - axes.steps[0] < between[1] - between[0]
    assert axes.rows is None


def test_wheel_turned_sideways_goes_back_in_time_and_forward_again(panel: GradientMapPanel, bench: Bench) -> None:
    more_steps(bench.store, 0.1, 300)
    panel.refresh(bench.store)
    axes, rows = bench.context.axes, in_view(bench)
    before = axes.steps
    turn_wheel(canvas_of(panel), 0, sideways=-5)
    assert axes.steps == pytest.approx((before[0] - 120, before[1] - 120))
    assert in_view(bench) == rows
    turn_wheel(canvas_of(panel), 0, sideways=3)
    assert axes.steps == pytest.approx((before[0] - 48, before[1] - 48))


def test_scroll_bar_below_the_steps_goes_back_in_time_while_there_are_more_than_fit(
    panel: GradientMapPanel, bench: Bench
) -> None:
    (bar,) = panel.findChildren(StepScrollBar)
    axes = bench.context.axes
    assert not bar.isVisible()
    more_steps(bench.store, 0.1, 970)
    panel.refresh(bench.store)
    assert bar.isVisible()
    assert (bar.value(), bar.maximum(), bar.pageStep()) == (760, 760, 240)
    bar.setValue(100)
    assert axes.steps == (99.5, 339.5)
    assert not axes.is_following
    axes.show_steps(499.5, 599.5)
    assert (bar.value(), bar.maximum(), bar.pageStep()) == (500, 900, 100)
    more_steps(bench.store, 0.1, 50)
    panel.refresh(bench.store)
    assert (bar.value(), bar.maximum()) == (500, 950)
    assert bar.geometry().top() > canvas_of(panel).area.bottom() + 16
    axes.set_window(None)
    assert not bar.isVisible()
    bench.store.apply(ModelOpened(tall_model(), task_info()))
    panel.refresh(bench.store)
    assert not bar.isVisible()


def test_colours_cover_the_rows_that_are_not_in_view_too(bench: Bench, qtbot: QtBot) -> None:
    norms = np.full(N_ROWS + 1, 0.03)
    norms[500:] = 3e-5
    more_steps(bench.store, norms, 300)
    panel = GradientMapPanel(bench.context)
    show(qtbot, panel)
    assert bench.context.scale.limits == (-5, -1)
    bar_of(panel).setValue(900)
    assert bench.context.scale.limits == (-5, -1)


def test_profile_scrolls_with_the_map(panel: GradientMapPanel, bench: Bench, qtbot: QtBot) -> None:
    profile = ProfilePanel(bench.context)
    show(qtbot, profile, 189, 340)
    chart = profile.findChild(ProfileChart)
    assert chart is not None
    turn_wheel(chart, 3)
    assert chart.y_range == canvas_of(panel).y_range
    assert chart.y_range[1] > 0


def test_opening_a_module_leaves_the_rows_where_they_are(panel: GradientMapPanel, bench: Bench) -> None:
    bar_of(panel).setValue(300)
    before = in_view(bench)
    bench.context.axes.toggle_opened("blocks.310")
    assert in_view(bench) == before
    assert canvas_of(panel).row_axis.rows is not None
    assert len(canvas_of(panel).row_axis.rows) == N_ROWS + 1


def test_a_small_model_that_is_opened_next_has_all_its_rows(panel: GradientMapPanel, bench: Bench) -> None:
    bar_of(panel).setValue(300)
    bench.store.apply(ModelOpened(tall_model(20), task_info()))
    panel.refresh(bench.store)
    assert bench.context.axes.rows is None
    bench.store.apply(ModelOpened(tall_model(900), task_info()))
    panel.refresh(bench.store)
    more_steps(bench.store, 0.1)
    for _ in range(2):
        panel.refresh(bench.store)
    top, bottom = bench.context.axes.rows or (-1.0, -1.0)
    assert top == 0
    assert 10 < bottom < 200


def test_focus_shows_in_a_frame_around_the_plot(panel: GradientMapPanel, bench: Bench, qtbot: QtBot) -> None:
    canvas, accent = canvas_of(panel), bench.context.theme.tokens.accent.lower()
    panel.activateWindow()
    canvas.clearFocus()
    assert QColor(canvas.grab().toImage().pixel(0, 100)).name() != accent
    canvas.setFocus()
    qtbot.waitUntil(canvas.hasFocus)
    image = canvas.grab().toImage()
    corners = [(0, 100), (100, 0), (image.width() - 1, 100), (100, image.height() - 1)]
    assert {QColor(image.pixel(*at)).name() for at in corners} == {accent}


@pytest.mark.parametrize(
    ("name", "n_letters", "shown"),
    [
        ("blocks.3", 8, "blocks.3"),
        ("transformer.blocks.3", 9, "…blocks.3"),
        ("transformer.blocks.13", 9, "blocks.13"),
        ("encoder.layer.3.attention.self.query", 12, "…self.query"),
        ("word_embeddings_of_everything", 10, "…verything"),
    ],
)
def test_names_lose_their_beginning_at_a_dot(bench: Bench, name: str, n_letters: int, shown: str) -> None:
    metrics = QFontMetrics(bench.context.theme.mono_font())
    assert fitted_name(name, metrics, n_letters * metrics.horizontalAdvance("m")) == shown
