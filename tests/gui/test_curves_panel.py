"""The curves, their legend, and the loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plot_builders import Bench, make_bench, more_steps, run_store, show
from PySide6.QtCore import QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget
from pytestqt.qtbot import QtBot

from builders import add_steps, snapshot_of, tied
from moduleview.gui.look import number_format
from moduleview.gui.panels.curves import CurvesPanel
from moduleview.gui.panels.gradient_map import GradientMapPanel
from moduleview.gui.panels.loss import LossPanel
from moduleview.gui.plots.legend import Legend, most_telling_mode
from moduleview.gui.plots.series_chart import SeriesChart
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.records import SeriesDeclared, SeriesKey


@pytest.fixture
def bench(qapp: QObject) -> Bench:
    return make_bench(QObject(qapp), run_store())


@pytest.fixture
def panel(bench: Bench, qtbot: QtBot) -> CurvesPanel:
    panel = CurvesPanel(bench.context)
    show(qtbot, panel, 752, 292)
    bench.context.selection.select("blocks")
    return panel


def chart_of(panel: CurvesPanel | LossPanel) -> SeriesChart:
    chart = panel.findChild(SeriesChart)
    assert chart is not None
    return chart


def legend_of(panel: CurvesPanel) -> Legend:
    legend = panel.findChild(Legend)
    assert legend is not None
    return legend


def rows_of(panel: CurvesPanel) -> list[tuple[str, str, str]]:
    return [(row.text, row.note, row.value) for row in legend_of(panel).model.rows]


def note_of(panel: CurvesPanel) -> str:
    """What the legend says that the lines mean."""
    return next(label.text() for label in legend_of(panel).findChildren(QLabel) if "Gap:" in label.text())


def colors_in(chart: SeriesChart) -> set[str]:
    image = chart.grab().toImage()
    area = chart.area.toRect()
    return {
        QColor(image.pixel(x, y)).name()
        for x in range(area.left(), area.right())
        for y in range(area.top(), area.bottom())
    }


def click_line(panel: CurvesPanel, qtbot: QtBot, row: int, *, twice: bool = False) -> None:
    view = legend_of(panel).view
    at = view.visualRect(legend_of(panel).model.index(row)).center()
    if twice:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
        qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
        qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    else:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_selection_decides_what_is_drawn(panel: CurvesPanel, bench: Bench) -> None:
    assert [text for text, _note, _value in rows_of(panel)] == ["blocks", "0.lin", "1.lin"]
    bench.context.selection.select("head")
    assert [text for text, _note, _value in rows_of(panel)] == ["head", "head"]


def test_nothing_selected_says_what_to_do(qtbot: QtBot, bench: Bench) -> None:
    panel = CurvesPanel(bench.context)
    show(qtbot, panel)

    assert not chart_of(panel).isVisible()
    assert any("at most 16" in label.text() for label in panel.findChildren(QLabel) if label.isVisible())


def test_lines_are_named_without_what_all_of_them_begin_with(panel: CurvesPanel, bench: Bench) -> None:
    bench.context.selection.select("head")
    bench.context.selection.toggle_pin("blocks.0.lin")
    bench.context.selection.toggle_pin("blocks.1.lin")

    assert [text for text, _note, _value in rows_of(panel)] == ["head", "head", "", "0.lin", "1.lin"]
    view = legend_of(panel).view
    assert view.model().index(3, 0).data(Qt.ItemDataRole.ToolTipRole) == "blocks.0.lin"


def test_names_in_a_narrow_legend_are_cut_where_they_are_alike(bench: Bench) -> None:
    metrics = QFontMetrics(bench.context.theme.mono_font())
    width = 12 * metrics.horizontalAdvance("0")
    for names in (
        ("word_embeddings", "position_embeddings", "token_type_embeddings"),
        ("encoder.layer.0.attention", "encoder.layer.1.attention", "encoder.layer.2.attention", "pooler"),
        ("attention.self.query", "attention.self.key"),
    ):
        mode = most_telling_mode(names, metrics, width)
        shown = [metrics.elidedText(name, mode, width) for name in names]
        assert len(set(shown)) == len(names), shown
    assert most_telling_mode(("word_embeddings", "position_embeddings"), metrics, width) != Qt.TextElideMode.ElideLeft


def test_pinned_lines_stay_in_a_group_of_their_own(panel: CurvesPanel, bench: Bench) -> None:
    bench.context.selection.toggle_pin("embed")
    bench.context.selection.select("head")

    assert [(text, note) for text, note, _value in rows_of(panel)] == [
        ("head", "selected"),
        ("head", ""),
        ("", "pinned"),
        ("embed", ""),
    ]


def test_lines_are_drawn_in_the_colours_of_the_theme(panel: CurvesPanel, bench: Bench) -> None:
    series = bench.context.theme.tokens.series

    assert {series[0].lower(), series[1].lower()} <= colors_in(chart_of(panel))
    bench.context.theme.set_dark(True)
    dark = bench.context.theme.tokens
    assert {dark.series[0].lower(), dark.series[1].lower(), dark.panel.lower()} <= colors_in(chart_of(panel))


def test_click_hides_a_line_and_another_shows_it_again(panel: CurvesPanel, bench: Bench, qtbot: QtBot) -> None:
    color = bench.context.theme.tokens.series[0].lower()
    click_line(panel, qtbot, 1)
    assert color not in colors_in(chart_of(panel))
    click_line(panel, qtbot, 1)
    legend_of(panel).view.line_hovered.emit(None)
    assert color in colors_in(chart_of(panel))


def test_double_click_isolates_a_line_and_another_brings_all_back(panel: CurvesPanel, qtbot: QtBot) -> None:
    click_line(panel, qtbot, 1, twice=True)
    hidden = [row.style.is_hidden for row in legend_of(panel).model.rows if row.style]
    assert hidden == [False, True]
    click_line(panel, qtbot, 1, twice=True)
    assert not any(row.style.is_hidden for row in legend_of(panel).model.rows if row.style)


def test_legend_shows_values_at_the_crosshair(panel: CurvesPanel, bench: Bench) -> None:
    store = bench.store
    more_steps(store, 3.0)
    more_steps(store, np.nan)
    more_steps(store, 1.0)
    panel.refresh(store)
    assert rows_of(panel)[1][2] == "1.4e+0"  # the newest
    bench.context.selection.set_crosshair(60)
    assert rows_of(panel)[1][2] == "4.2e+0"
    bench.context.selection.set_crosshair(61)
    assert rows_of(panel)[1][2] == "NaN"


def test_nan_is_marked_at_the_upper_edge(panel: CurvesPanel, bench: Bench) -> None:
    more_steps(bench.store, np.nan)
    panel.refresh(bench.store)
    chart = chart_of(panel)
    image = chart.grab().toImage()
    x = round(chart.x_px(bench.store.last_step or 0))

    assert QColor(image.pixel(x, round(chart.area.top()) + 3)).name() == bench.context.theme.tokens.non_finite.lower()


@pytest.mark.parametrize("norms", [[0.01], [0.01, np.nan, 0.01, np.nan, 0.01]], ids=["one step", "between gaps"])
def test_value_without_a_neighbour_is_a_point(qtbot: QtBot, qapp: QObject, norms: list[float]) -> None:
    bench = make_bench(QObject(qapp), run_store(0))
    for norm in norms:
        more_steps(bench.store, norm)
    panel = CurvesPanel(bench.context)
    show(qtbot, panel)
    bench.context.selection.select("head")

    assert bench.context.theme.tokens.series[0].lower() in colors_in(chart_of(panel))


def test_pointer_near_a_line_brings_it_to_the_front_and_a_click_selects_it(
    panel: CurvesPanel, bench: Bench, qtbot: QtBot
) -> None:
    more_steps(bench.store, 1.0, 30)
    panel.refresh(bench.store)
    chart = chart_of(panel)
    at = QPointF(chart.x_px(70), chart.y_px(np.log10(np.sqrt(2.0)))).toPoint()
    qtbot.mouseMove(chart.viewport(), QPoint(5, 5))
    qtbot.mouseMove(chart.viewport(), at)

    assert bench.context.selection.crosshair_step == 70
    faded = [row.style.is_faded for row in legend_of(panel).model.rows if row.style]
    assert sorted(faded) == [False, True]
    qtbot.mouseClick(chart.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert bench.context.selection.fqn in {"blocks.0.lin", "blocks.1.lin"}


def test_hook_quantity_can_be_chosen_and_takes_a_linear_axis(panel: CurvesPanel, bench: Bench) -> None:
    n = 1 + len(bench.store.keys("grad_norm"))
    bench.store.apply(SeriesDeclared(n, (SeriesKey("forward.mean", "blocks.0"),)))
    panel.refresh(bench.store)
    _log, _smooth, quantities, _menu = panel.title_controls()
    assert [quantities.itemData(at) for at in range(quantities.count())] == ["grad_norm", "forward.mean"]
    quantities.chosen.emit("forward.mean")

    assert [text for text, _note, _value in rows_of(panel)] == ["blocks", "0"]
    assert not chart_of(panel).is_log


def test_hook_ticked_later_is_offered_though_another_module_has_the_quantity(panel: CurvesPanel, bench: Bench) -> None:
    n = 1 + len(bench.store.keys("grad_norm"))
    bench.store.apply(SeriesDeclared(n, (SeriesKey("forward.mean", "head"),)))
    panel.refresh(bench.store)
    quantities = panel.title_controls()[2]
    assert [quantities.itemData(at) for at in range(quantities.count())] == ["grad_norm"]
    bench.store.apply(SeriesDeclared(n + 1, (SeriesKey("forward.mean", "blocks.0"),)))
    panel.refresh(bench.store)

    assert [quantities.itemData(at) for at in range(quantities.count())] == ["grad_norm", "forward.mean"]


@pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard")
def test_choice_of_quantity_has_room_for_what_comes_into_it(panel: CurvesPanel, bench: Bench, qtbot: QtBot) -> None:
    controls = QWidget()
    qtbot.addWidget(controls)
    row = QHBoxLayout(controls)
    for control in panel.title_controls():
        row.addWidget(control)
    row.addStretch(1)
    controls.resize(900, 40)
    with qtbot.waitExposed(controls):
        controls.show()
    n = 1 + len(bench.store.keys("grad_norm"))
    bench.store.apply(SeriesDeclared(n, (SeriesKey("backward_pre.zero_share", "blocks.0"),)))
    panel.refresh(bench.store)

    quantities = panel.title_controls()[2]
    before = quantities.width()
    quantities.activated.emit(1)
    qtbot.waitUntil(lambda: quantities.width() == quantities.sizeHint().width() > before)
    quantities.activated.emit(0)
    qtbot.waitUntil(lambda: quantities.width() == before)
    quantities.showPopup()
    longest = quantities.fontMetrics().horizontalAdvance(quantities.itemText(1))
    assert quantities.view().width() > longest, "in the list nothing is cut"
    quantities.hidePopup()


def test_latest_is_the_newest_value_wherever_the_plot_looks(panel: CurvesPanel, bench: Bench) -> None:
    bench.context.axes.show_steps(10.0, 40.0)
    more_steps(bench.store, 3.0)
    panel.refresh(bench.store)
    assert rows_of(panel)[1][2] == "4.2e+0"
    more_steps(bench.store, 1.0)  # nothing new to draw, and yet another value
    panel.refresh(bench.store)

    assert rows_of(panel)[1][2] == "1.4e+0"


def test_tied_module_has_the_curve_of_its_first_place(qtbot: QtBot, qapp: QObject) -> None:
    bench = make_bench(QObject(qapp), run_store(snapshot=tied(snapshot_of(), "head.weight", "embed.weight")))
    panel = CurvesPanel(bench.context)
    show(qtbot, panel)
    bench.context.selection.select("head", tensor_fqn="head.weight")

    newest = bench.store.latest(SeriesKey("grad_norm", "embed.weight"))
    assert rows_of(panel)[1] == ("weight", "", number_format.gradient(newest))
    assert len(colors_in(chart_of(panel))) > 2


def test_without_a_gradient_it_says_what_the_hooks_have(panel: CurvesPanel, bench: Bench) -> None:
    def said() -> str:
        return " ".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())

    bench.context.selection.select("blocks.0.act")
    assert "no hook is ticked" in said()
    bench.store.request_hooks(SetHooks(("blocks.0.act",), HookKind.FORWARD, True))
    panel.refresh(bench.store)
    assert "its hooks have seen nothing yet" in said()
    n = 1 + len(bench.store.keys("grad_norm"))
    bench.store.apply(SeriesDeclared(n, (SeriesKey("forward.mean", "blocks.0.act"),)))
    panel.refresh(bench.store)
    assert "Choose above what its hooks saw" in said()


def test_step_is_one_column_through_map_and_curves(qtbot: QtBot, bench: Bench) -> None:
    top = GradientMapPanel(bench.context)
    show(qtbot, top, 562, 340)
    top.move(0, 0)
    below = CurvesPanel(bench.context)
    show(qtbot, below, 752, 292)
    below.move(0, 400)
    bench.context.selection.select("blocks")
    bench.context.axes.columns_changed.emit()
    qtbot.waitUntil(lambda: chart_of(below).area.width() == top._map.area.width())

    assert chart_of(below).mapToGlobal(chart_of(below).area.topLeft().toPoint()).x() == (
        top._map.mapToGlobal(top._map.area.topLeft().toPoint()).x()
    )
    assert chart_of(below).x_range == top._map.x_range


def test_nothing_is_drawn_when_nothing_changed(
    panel: CurvesPanel, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    monkeypatch.setattr(panel, "_draw", lambda: drawn.append(1))
    panel.refresh(bench.store)
    assert not drawn
    more_steps(bench.store, 0.1)
    panel.refresh(bench.store)
    assert drawn == [1]


def test_loss_is_drawn_with_a_linear_axis_first(qtbot: QtBot, bench: Bench) -> None:
    panel = LossPanel(bench.context)
    show(qtbot, panel)
    chart = chart_of(panel)
    assert bench.context.theme.tokens.series[0].lower() in colors_in(chart)
    assert chart.y_range[0] >= -0.1
    log, _smooth, _menu = panel.title_controls()
    log.click()

    assert chart.is_log
    assert chart.y_range[0] < -1


def test_frozen_module_says_that_it_gets_no_gradient_instead_of_empty_axes(qtbot: QtBot, qapp: QObject) -> None:
    model = snapshot_of()
    requires_grad = np.array([not fqn.startswith("embed") for fqn in model.tensor_fqns])
    store = run_store(0, snapshot=replace(model, tensors=replace(model.tensors, requires_grad=requires_grad)))
    norms = np.full((30, 7), 0.1)
    norms[:, 1] = norms[:, 6] = -1.0  # neither the embedding nor the head
    add_steps(store, norms)
    bench = make_bench(QObject(qapp), store)
    panel = CurvesPanel(bench.context)
    show(qtbot, panel, 752, 292)

    def said(fqn: str) -> str:
        bench.context.selection.select(fqn)
        return " ".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())

    assert "What is selected is frozen: it gets no gradient." in said("embed")
    assert "No gradient reached what is selected yet, though others had one." in said("head")
    assert "Series" in said("blocks")
    assert "Series" in said("")


def test_line_without_a_finite_value_does_not_keep_the_axis_of_another(panel: CurvesPanel, bench: Bench) -> None:
    store = bench.store
    norms = np.full((40, 7), 1e20)
    norms[:, 1] = np.nan
    add_steps(store, norms, 60)
    panel.refresh(store)
    bench.context.axes.show_steps(60.0, 90.0)
    assert chart_of(panel).y_range[0] > 15
    bench.context.selection.select("embed")
    assert chart_of(panel).y_range == (-4.0, 1.0)


def test_loss_that_comes_after_its_panel_is_drawn_as_finely_as_there_is_room_for(qtbot: QtBot, qapp: QObject) -> None:
    bench = make_bench(QObject(qapp), run_store(0))
    panel = LossPanel(bench.context)
    show(qtbot, panel, 752, 292)
    more_steps(bench.store, np.arange(7) + 1.0, 240)
    panel.refresh(bench.store)
    points, _style = chart_of(panel)._drawn[0]

    assert points.n_steps.tolist() == [1] * 240


def test_loss_without_a_step_says_so(qtbot: QtBot, qapp: QObject) -> None:
    panel = LossPanel(make_bench(QObject(qapp), run_store(0)).context)
    show(qtbot, panel)

    assert not chart_of(panel).isVisible()


def test_lines_are_said_to_be_of_the_measured_steps_as_a_budget_leaves_some_out(panel: CurvesPanel) -> None:
    _log, smooth, *_ = panel.title_controls()
    panel.context.selection.select("head")

    assert note_of(panel).splitlines()[:2] == ["Faint: each measured step", "Line: mean of 8 of these"]
    assert smooth.toolTip() == "Mean of the last 8 measured steps over the faint line of each of them"
    smooth.click()
    assert note_of(panel).splitlines()[0] == "Line: each measured step"


def test_low_legend_leaves_its_room_to_the_lines_and_says_the_rest_in_a_tooltip(
    panel: CurvesPanel, qtbot: QtBot
) -> None:
    legend = legend_of(panel)
    (note,) = [label for label in legend.findChildren(QLabel) if "Gap:" in label.text()]
    name = next(label for label in legend.findChildren(QLabel) if label.text() == "Series")
    assert note.isVisible()
    panel.resize(500, 120)
    qtbot.waitUntil(lambda: not note.isVisible())
    qtbot.waitUntil(lambda: legend.view.height() >= 66)
    assert "Gap: not finite" in name.toolTip()
    panel.resize(500, 292)
    qtbot.waitUntil(note.isVisible)
