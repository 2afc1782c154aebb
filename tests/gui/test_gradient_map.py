"""The gradient map under mouse and keyboard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plot_builders import Bench, make_bench, more_steps, run_store, show
from PySide6.QtCore import QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QPushButton, QToolTip
from pytestqt.qtbot import QtBot

from builders import add_steps, snapshot_of, task_info
from moduleview.gui.panels.gradient_map import GradientMapPanel
from moduleview.gui.plots.map_canvas import MapCanvas
from moduleview.gui.plots.map_columns import MapColumns
from moduleview.gui.plots.map_rows import make_rows
from moduleview.telemetry.records import Finding, ModelChanged, ModelOpened, Severity, StepRecord, Tier
from moduleview.telemetry.step_outcome import StepSkipped
from moduleview.telemetry.store import SeriesStore


@pytest.fixture
def bench(qapp: QObject) -> Bench:
    return make_bench(QObject(qapp), run_store())


@pytest.fixture
def panel(bench: Bench, qtbot: QtBot) -> GradientMapPanel:
    panel = GradientMapPanel(bench.context)
    show(qtbot, panel)
    return panel


def canvas_of(panel: GradientMapPanel) -> MapCanvas:
    canvas = panel.findChild(MapCanvas)
    assert canvas is not None
    return canvas


def pixel(canvas: MapCanvas, step: float, row: float) -> QPoint:
    return QPointF(canvas.x_px(step), canvas.y_px(row)).toPoint()


def color_at(canvas: MapCanvas, step: float, row: float) -> str:
    return QColor(canvas.grab().toImage().pixel(pixel(canvas, step, row))).name()


def finding(step: int, fqn: str) -> Finding:
    return Finding("V3", Tier.SUSPICION, Severity.WARNING, "Gradient <spike>", fqn, "rule", (), "advice", step)


def test_without_a_step_it_offers_to_run(qtbot: QtBot, qapp: QObject) -> None:
    bench = make_bench(QObject(qapp), run_store(0))
    panel = GradientMapPanel(bench.context)
    show(qtbot, panel)

    for button in [b for b in panel.findChildren(QPushButton) if b.isVisible()]:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    assert bench.actions == ["run.start", "run.step"]
    assert not canvas_of(panel).isVisible()


def test_a_model_without_data_is_offered_data_instead_of_a_run_that_cannot_begin(qtbot: QtBot, qapp: QObject) -> None:
    reason = "There are no batches to train on."
    store = SeriesStore()
    store.apply(ModelOpened(snapshot_of(), task_info(can_train=False, cannot_train_reason=reason)))
    bench = make_bench(QObject(qapp), store)
    panel = GradientMapPanel(bench.context)
    show(qtbot, panel)
    (button,) = [b for b in panel.findChildren(QPushButton) if b.isVisible()]
    assert reason in [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]

    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert bench.actions == ["model.training_data"]

    store.apply(ModelChanged(snapshot_of(), task_info()))
    panel.refresh(store)
    assert [b.text() for b in panel.findChildren(QPushButton) if b.isVisible()] == ["Run", "One step"]


def test_cell_has_the_colour_of_the_one_scale(panel: GradientMapPanel, bench: Bench) -> None:
    canvas, scale = canvas_of(panel), bench.context.scale
    keys = [key for key in bench.store.keys("grad_norm") if key.fqn == "embed.weight"]
    value = float(bench.store.matrix(keys, 1, end_step=20).values[0, 0])

    expected, drawn = scale.color(value, bench.context.theme.tokens), QColor(color_at(canvas, 20, 0.3))
    assert max(abs(expected.red() - drawn.red()), abs(expected.green() - drawn.green())) <= 3


def test_nan_has_its_own_colour(panel: GradientMapPanel, bench: Bench) -> None:
    more_steps(bench.store, np.nan)
    panel.refresh(bench.store)

    last = bench.store.last_step
    assert last is not None
    assert color_at(canvas_of(panel), last, 0.5) == bench.context.theme.tokens.non_finite.lower()


def test_click_on_a_row_selects_its_module(panel: GradientMapPanel, bench: Bench, qtbot: QtBot) -> None:
    canvas = canvas_of(panel)
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=pixel(canvas, 10, 1.5))

    assert bench.context.selection.fqn == "blocks.0.lin"


def test_selected_module_is_framed_in_white(panel: GradientMapPanel, bench: Bench) -> None:
    canvas = canvas_of(panel)
    bench.context.selection.select("blocks.1")

    image = canvas.grab().toImage()
    top = round(canvas.y_px(2))
    assert QColor(image.pixel(pixel(canvas, 10, 2).x(), top)).name() == "#ffffff"
    assert QColor(image.pixel(round(canvas.area.left()) - 5, top + 10)).name() == (
        bench.context.theme.tokens.accent.lower()
    )


def test_frame_covers_no_column(panel: GradientMapPanel, bench: Bench) -> None:
    canvas, tokens = canvas_of(panel), bench.context.theme.tokens
    norms = np.full((440, 7), 0.1)
    norms[0] = norms[-1] = np.nan
    add_steps(bench.store, norms, 60)
    panel.refresh(bench.store)
    bench.context.selection.select("blocks.1.lin")
    bench.context.axes.show_steps(59.5, 499.5)
    image, y = canvas.grab().toImage(), round(canvas.y_px(2.5))
    ends = [QColor(image.pixel(x, y)).name() for x in (round(canvas.area.left()), round(canvas.area.right()) - 1)]

    assert ends == [tokens.non_finite.lower()] * 2


def test_double_click_opens_a_module_to_its_parameters(panel: GradientMapPanel, bench: Bench, qtbot: QtBot) -> None:
    canvas = canvas_of(panel)
    qtbot.mouseDClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=pixel(canvas, 10, 1.5))
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=pixel(canvas, 10, 3.5))

    assert bench.context.axes.opened == {"blocks.0.lin"}
    assert bench.context.selection.tensor_fqn == "blocks.0.lin.bias"
    assert bench.context.selection.fqn == "blocks.0.lin"


def test_pointer_moves_the_crosshair_of_all_plots_and_the_hovered_row(
    panel: GradientMapPanel, bench: Bench, qtbot: QtBot
) -> None:
    canvas = canvas_of(panel)
    qtbot.mouseMove(canvas.viewport(), pixel(canvas, 10, 1.5))
    qtbot.mouseMove(canvas.viewport(), pixel(canvas, 33, 3.5))

    assert bench.context.selection.crosshair_step == 33
    assert bench.context.selection.hovered_fqn == "head"


def test_tooltip_says_name_step_and_value(panel: GradientMapPanel, bench: Bench) -> None:
    canvas = canvas_of(panel)
    more_steps(bench.store, 0.25)
    more_steps(bench.store, np.inf)
    panel.refresh(bench.store)
    texts = [panel.pointer.tooltip_at(QPointF(canvas.x_px(step), canvas.y_px(0.5))) for step in (60, 61)]

    assert all(part in texts[0] for part in ("embed", "step 60", "2.500e-1"))
    assert "NaN or Inf" in texts[1]


def drawn_in(canvas: MapCanvas, first: int, end: int, row: int) -> set[str]:
    """Colours in the cells of a row from one step up to another."""
    image = canvas.grab().toImage()
    xs = range(round(canvas.x_px(first - 0.5)) + 1, round(canvas.x_px(end - 0.5)) - 1)
    ys = range(round(canvas.y_px(row)) + 1, round(canvas.y_px(row + 1)) - 1)
    return {QColor(image.pixel(x, y)).name() for x in xs for y in ys}


def test_steps_that_nobody_measured_are_hatched_and_a_row_without_a_gradient_is_grey(
    panel: GradientMapPanel, bench: Bench
) -> None:
    canvas, tokens = canvas_of(panel), bench.context.theme.tokens
    norms = np.full((120, 7), 0.1)
    norms[:90], norms[100:, 1] = -1.0, -1.0  # nobody; not the embedding
    add_steps(bench.store, norms, 60)
    panel.refresh(bench.store)

    assert drawn_in(canvas, 125, 150, 0) == {tokens.panel.lower(), tokens.border.lower()}
    assert drawn_in(canvas, 160, 180, 0) == {tokens.not_measured.lower()}
    assert not drawn_in(canvas, 160, 180, 1) & {tokens.panel.lower(), tokens.not_measured.lower()}
    gap, none = (panel.pointer.tooltip_at(QPointF(canvas.x_px(step), canvas.y_px(0.5))) for step in (140, 170))
    assert "not measured: the budget for measuring leaves steps out" in gap
    assert "no gradient, though other modules had one" in none


def test_step_that_nobody_measured_shows_the_one_before_paler_for_sixty_four_steps(
    panel: GradientMapPanel, bench: Bench
) -> None:
    canvas, tokens = canvas_of(panel), bench.context.theme.tokens
    norms = np.full((101, 7), -1.0)
    norms[0] = 0.25
    add_steps(bench.store, norms, 60)
    panel.refresh(bench.store)
    measured, last = drawn_in(canvas, 60, 61, 0), drawn_in(canvas, 120, 125, 0)

    assert len(measured) == 1
    assert len(last) == 2, "a paler colour, and the hatch through it"
    assert not last & {*measured, tokens.panel.lower(), tokens.border.lower()}
    assert drawn_in(canvas, 125, 160, 0) == {tokens.panel.lower(), tokens.border.lower()}
    text = panel.pointer.tooltip_at(QPointF(canvas.x_px(100), canvas.y_px(0.5)))
    assert "step 100<br>not measured: the budget" in text
    assert "<br>in step 60: gradient norm 2.500e-1 (L2)" in text
    bench.context.axes.show_steps(100.0, 130.0)  # what is shown lies to the left of the map
    assert drawn_in(canvas, 102, 120, 0) == last


def test_frozen_row_says_that_it_is_frozen(qtbot: QtBot, qapp: QObject) -> None:
    model = snapshot_of()
    requires_grad = np.array([not fqn.startswith("embed") for fqn in model.tensor_fqns])
    store = run_store(0, snapshot=replace(model, tensors=replace(model.tensors, requires_grad=requires_grad)))
    add_steps(store, np.where(np.arange(7) == 1, -1.0, np.full((30, 7), 0.1)))
    panel = GradientMapPanel(make_bench(QObject(qapp), store).context)
    show(qtbot, panel)
    canvas = canvas_of(panel)

    assert "no gradient: frozen" in panel.pointer.tooltip_at(QPointF(canvas.x_px(9), canvas.y_px(0.5)))
    assert "no gradient, though" not in panel.pointer.tooltip_at(QPointF(canvas.x_px(9), canvas.y_px(0.5)))


@pytest.mark.parametrize("width", [330, 420, 900])
def test_line_under_the_map_names_first_what_can_be_seen_in_it(
    qtbot: QtBot, bench: Bench, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    norms = np.full((30, 7), 0.1)
    norms[10:20] = -1.0
    add_steps(bench.store, norms, 60)
    panel = GradientMapPanel(bench.context)
    show(qtbot, panel, width)
    said: list[str] = []
    bar = canvas_of(panel).color_bar
    draw = bar._draw_text
    monkeypatch.setattr(
        bar, "_draw_text", lambda painter, x, middle, text: (said.append(text), draw(painter, x, middle, text))[1]
    )
    canvas_of(panel).grab()

    assert "not measured" in said
    assert ("NaN, Inf" in said) == (width > 330)
    assert ("no gradient" in said) == (width == 900)


def test_tooltip_follows_the_pointer(panel: GradientMapPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    canvas = canvas_of(panel)
    monkeypatch.setattr(canvas, "underMouse", lambda: True)
    panel.pointer._on_pointer_moved(QPointF(canvas.x_px(10), canvas.y_px(0.5)))
    qtbot.waitUntil(lambda: QToolTip.isVisible() and "step 10<" in QToolTip.text())
    hidden: list[bool] = []
    monkeypatch.setattr(QToolTip, "hideText", lambda: hidden.append(True))
    panel.pointer._on_pointer_moved(QPointF(canvas.x_px(20), canvas.y_px(3.5)))
    assert "head" in QToolTip.text()
    assert "step 20<" in QToolTip.text()
    assert not hidden
    panel.pointer._on_pointer_moved(QPointF(canvas.area.right() + 8, canvas.y_px(3.5)))
    qtbot.waitUntil(lambda: not QToolTip.isVisible())


def test_a_step_that_mixed_precision_left_out_has_a_square_that_says_why(panel: GradientMapPanel, bench: Bench) -> None:
    canvas = canvas_of(panel)
    at = QPointF(canvas.x_px(30), canvas.area.top() / 2)
    before = QColor(canvas.grab().toImage().pixel(at.toPoint())).name()
    bench.store.apply(StepSkipped(0, 30, "GradScaler found <Inf>.", 65536.0))
    panel.refresh(bench.store)
    assert panel.pointer.tooltip_at(at) == "<b>step 30</b><br>GradScaler found &lt;Inf&gt;."
    shown = QColor(canvas.grab().toImage().pixel(at.toPoint())).name()
    assert shown == bench.context.theme.tokens.muted.lower() != before


def test_tooltip_of_a_finding_shows_its_text_as_text(panel: GradientMapPanel, bench: Bench) -> None:
    bench.store.set_detected((finding(30, "head"),))
    panel.refresh(bench.store)
    canvas = canvas_of(panel)

    assert "Gradient &lt;spike&gt;" in panel.pointer.tooltip_at(QPointF(canvas.x_px(30), 10))


def test_click_on_an_event_selects_its_module(panel: GradientMapPanel, bench: Bench, qtbot: QtBot) -> None:
    bench.store.set_detected((finding(30, "head"),))
    panel.refresh(bench.store)
    canvas = canvas_of(panel)
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(round(canvas.x_px(30)), 10))

    assert bench.context.selection.fqn == "head"


def test_click_on_an_event_of_a_parameter_selects_its_module_too(
    panel: GradientMapPanel, bench: Bench, qtbot: QtBot
) -> None:
    bench.store.set_detected((finding(30, "head.weight"),))
    panel.refresh(bench.store)
    canvas = canvas_of(panel)
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(round(canvas.x_px(30)), 10))

    assert (bench.context.selection.fqn, bench.context.selection.tensor_fqn) == ("head", "head.weight")


def test_wheel_zooms_around_the_pointer_and_stops_following(
    panel: GradientMapPanel, bench: Bench, qtbot: QtBot
) -> None:
    canvas, axes = canvas_of(panel), bench.context.axes
    before = axes.steps
    canvas.zoomed.emit(0.5, QPointF(canvas.x_px(20), canvas.y_px(1)), False)

    assert axes.steps[1] - axes.steps[0] == pytest.approx((before[1] - before[0]) / 2)
    assert canvas.x_at(QPointF(canvas.x_px(20), 0)) == pytest.approx(20)
    assert not axes.is_following


def test_end_key_follows_the_newest_step_again(panel: GradientMapPanel, bench: Bench, qtbot: QtBot) -> None:
    canvas, axes = canvas_of(panel), bench.context.axes
    qtbot.mousePress(canvas.viewport(), Qt.MouseButton.LeftButton, pos=pixel(canvas, 20, 1))
    qtbot.mouseMove(canvas.viewport(), pixel(canvas, 30, 1))
    qtbot.mouseMove(canvas.viewport(), pixel(canvas, 40, 1))
    qtbot.mouseRelease(canvas.viewport(), Qt.MouseButton.LeftButton, pos=pixel(canvas, 40, 1))
    dragged = axes.steps
    more_steps(bench.store, 0.1, 100)
    panel.refresh(bench.store)
    assert axes.steps == dragged
    assert bench.context.selection.fqn is None  # a drag is not a click

    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_End)
    panel.refresh(bench.store)

    assert axes.is_following
    assert axes.steps[0] < 159 < axes.steps[1]


def test_ctrl_wheel_zooms_rows_until_they_have_names(qtbot: QtBot, qapp: QObject) -> None:
    bench = make_bench(QObject(qapp), run_store())
    panel = GradientMapPanel(bench.context)
    show(qtbot, panel, 600, 110)
    canvas = canvas_of(panel)
    for fqn in ("blocks.0.lin", "blocks.1.lin", "embed", "head"):
        bench.context.axes.toggle_opened(fqn)
    assert not canvas.row_axis.names_rows()
    for _ in range(3):
        canvas.zoomed.emit(0.5, QPointF(canvas.x_px(20), canvas.y_px(1)), True)

    assert bench.context.axes.rows is not None
    assert canvas.row_axis.names_rows()


def test_row_of_parameters_of_the_root_itself_has_the_roots_name(qtbot: QtBot, qapp: QObject) -> None:
    spec = (("", "Net", (("temperature", (1,)),)), ("head", "Linear", (("weight", (3, 4)),)))
    panel = GradientMapPanel(make_bench(QObject(qapp), run_store(snapshot=snapshot_of(spec))).context)
    show(qtbot, panel)
    canvas = canvas_of(panel)
    image = canvas.grab().toImage()
    top, bottom = (round(canvas.y_px(row)) for row in (0.1, 0.9))
    colors = {image.pixel(x, y) for x in range(round(canvas.area.left()) - 8) for y in range(top, bottom)}

    assert len(colors) > 2


def test_nothing_is_drawn_when_nothing_changed(
    panel: GradientMapPanel, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []
    monkeypatch.setattr(panel, "_draw", lambda _store: drawn.append(1))
    panel.refresh(bench.store)
    panel.refresh(bench.store)
    assert not drawn

    more_steps(bench.store, 0.1)
    panel.refresh(bench.store)
    assert drawn == [1]


def test_colour_scale_follows_what_is_shown(panel: GradientMapPanel, bench: Bench) -> None:
    assert bench.context.scale.limits[1] <= 0
    more_steps(bench.store, 5e3, 300)
    panel.refresh(bench.store)
    more_steps(bench.store, 5e3, 30)
    panel.refresh(bench.store)

    assert bench.context.scale.limits == (3, 4)


def test_theme_change_reaches_the_plot(panel: GradientMapPanel, bench: Bench) -> None:
    bench.context.theme.set_dark(True)
    image = canvas_of(panel).grab().toImage()

    assert QColor(image.pixel(1, 1)).name() == bench.context.theme.tokens.panel.lower()


def test_another_model_closes_what_was_opened(panel: GradientMapPanel, bench: Bench) -> None:
    bench.context.axes.toggle_opened("blocks.0.lin")
    bench.store.forget_model()
    panel.refresh(bench.store)

    assert not canvas_of(panel).isVisible()
    assert panel.pointer.tooltip_at(QPointF(100, 100)) == ""


def test_arrow_keys_move_the_selection_and_return_opens(panel: GradientMapPanel, bench: Bench, qtbot: QtBot) -> None:
    canvas, selection = canvas_of(panel), bench.context.selection
    selection.select("embed")
    qtbot.keyClick(canvas, Qt.Key.Key_Down)
    qtbot.keyClick(canvas, Qt.Key.Key_Down)
    assert selection.fqn == "blocks.1.lin"
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    qtbot.keyClick(canvas, Qt.Key.Key_Down)
    assert selection.tensor_fqn == "blocks.1.lin.weight"
    qtbot.keyClick(canvas, Qt.Key.Key_Up)
    qtbot.keyClick(canvas, Qt.Key.Key_Up)
    assert selection.fqn == "blocks.0.lin"


def test_another_model_is_drawn_at_once_whoever_follows_the_axes(panel: GradientMapPanel, bench: Bench) -> None:
    model = snapshot_of((("", "Other", ()), ("head", "Linear", (("weight", (3, 4)),))))
    bench.store.apply(ModelOpened(model, task_info()))
    bench.context.axes.forget_model()

    assert not canvas_of(panel).isVisible()  # it has made no step yet
    assert bench.context.axes.opened == frozenset()


@pytest.mark.parametrize(("every", "width"), [(1, 1), (2, 2), (3, 4)])
def test_a_column_holds_as_many_steps_as_the_budget_lets_pass_between_two_measurements(every: int, width: int) -> None:
    store = run_store(0)
    series = np.arange(len(store.keys("grad_norm")), dtype=np.int32)
    for step in range(0, 120, every):
        store.apply(StepRecord(0, step, step * 0.1, series, np.full(len(series), 1e-2, dtype=np.float32)))
    columns = MapColumns(make_rows(store.model, frozenset()), "grad_norm")
    columns.update(store, (0, 119), 1000)
    assert columns.width == width
    assert not np.isnan(columns.decades).all(axis=0).any(), "no column is empty"
