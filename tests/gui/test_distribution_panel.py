"""The distribution: bars of one step, an image or a ridge of all of them."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
from plot_builders import Bench, make_bench, run_store, show
from PySide6.QtCore import QObject, QPointF, Qt
from PySide6.QtGui import QColor, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QToolButton
from pytestqt.qtbot import QtBot

from builders import snapshot_of, task_info
from moduleview.gui.look.number_format import exact_count
from moduleview.gui.panels.distribution import BARS, IMAGE, RIDGE, DistributionPanel
from moduleview.gui.plots.canvas import Canvas
from moduleview.telemetry.histograms import INF, N_BINS, NAN, SUBNORMAL, ZERO, HistogramsMeasured
from moduleview.telemetry.records import CoverageMeasured, ModelChanged
from moduleview.telemetry.snapshot import ModelSnapshot, NodeCoverage

HEAD = "head.weight"
BIN = 38  # 2**-10


def measure(bench: Bench, step: int, bins: dict[int, int], quantity: str = "grad_magnitudes") -> None:
    fqns = bench.store.model.tensor_fqns
    counts = np.zeros((len(fqns), N_BINS), dtype=np.uint16)
    for at, count in bins.items():
        counts[:, at] = count
    bench.store.apply(HistogramsMeasured(0, step, quantity, fqns, counts))


@pytest.fixture
def bench(qapp: QObject) -> Bench:
    bench = make_bench(QObject(qapp), run_store(200))
    for step in range(0, 200, 10):
        measure(bench, step, {BIN: 9, BIN + 1 + step // 100: 3})
    bench.context.selection.select("head")
    return bench


@pytest.fixture
def panel(bench: Bench, qtbot: QtBot) -> DistributionPanel:
    panel = DistributionPanel(bench.context)
    for control in panel.title_controls():
        qtbot.addWidget(control)
    show(qtbot, panel, 760, 320)
    return panel


def choose(panel: DistributionPanel, view: str) -> None:
    panel.view.choose(view)
    panel.view.chosen.emit(view)


def texts(panel: DistributionPanel) -> dict[str, str]:
    return {name: value for name, value, _role in panel.facts.facts.rows}


def colors(chart: Canvas, x: float, top: float, bottom: float) -> set[str]:
    """Colours down a column of pixels."""
    image = chart.grab().toImage()
    return {QColor(image.pixel(round(x), y)).name().upper() for y in range(round(top), round(bottom))}


def test_it_says_of_what_it_is_and_how_much_was_looked_at(panel: DistributionPanel) -> None:
    facts = panel.facts.facts

    assert (facts.name, facts.kind) == ("head", ("float32",))
    assert (facts.step, facts.earlier) == (190, 90)
    assert facts.note == ("all 12 elements",)
    assert texts(panel)["zero"] == "0.0 %"
    assert texts(panel)["normal from"] == "1.2e-38"


def test_sample_smaller_than_the_tensor_is_called_one(panel: DistributionPanel, bench: Bench) -> None:
    measure(bench, 200, {BIN: 7})
    panel.refresh(bench.store)

    assert panel.facts.facts.note == ("a sample of 7", "of 12 elements")


def test_module_shows_its_parameters_together_and_a_parameter_itself_alone(
    panel: DistributionPanel, bench: Bench
) -> None:
    bench.context.selection.select("blocks.0.lin")
    assert panel.facts.facts.kind == ("2 parameters", "float32")

    bench.context.selection.select("blocks.0.lin", tensor_fqn="blocks.0.lin.bias")
    assert (panel.facts.facts.name, panel.facts.facts.kind) == ("blocks.0.lin.bias", ("float32",))


def test_bar_stands_over_its_power_of_two_and_is_as_high_as_its_share(panel: DistributionPanel, bench: Bench) -> None:
    chart, tokens = panel.bars, bench.context.theme.tokens
    x = chart.x_px(np.log10(1.4 * 2.0**-10))

    assert chart.bin_text(QPointF(x, chart.area.center().y())) == "9.8e-4 … 2.0e-3 (2^-10): 75.0 %"
    assert tokens.series[0] in colors(chart, x, chart.y_px(70), chart.area.bottom())
    assert tokens.series[0] not in colors(chart, x, chart.area.top(), chart.y_px(77))


def test_axis_of_shares_ends_where_all_elements_are(panel: DistributionPanel, bench: Bench) -> None:
    measure(bench, 200, {BIN: 12})
    panel.refresh(bench.store)

    assert 100.0 <= panel.bars.y_range[1] <= 105.0


def test_earlier_step_is_an_outline_where_it_differs(panel: DistributionPanel, bench: Bench) -> None:
    chart, tokens = panel.bars, bench.context.theme.tokens
    x = chart.x_px(np.log10(1.4 * 2.0**-9))  # held the rest a hundred steps before

    assert tokens.text in colors(chart, x, chart.y_px(26), chart.y_px(24))
    assert tokens.series[0] not in colors(chart, x, chart.area.top(), chart.area.bottom())


def test_what_has_no_magnitude_stands_left_of_the_axis_against_all_elements(
    panel: DistributionPanel, bench: Bench
) -> None:
    measure(bench, 200, {BIN: 1, ZERO: 2, SUBNORMAL: 1, INF: 2, NAN: 6})
    panel.refresh(bench.store)
    chart, tokens = panel.bars, bench.context.theme.tokens
    block = chart.magnitudes.special_block
    centres = [block.left() + block.width() * (2 * number + 1) / 8 for number in range(4)]

    assert block.right() < chart.area.left()
    assert [chart.bin_text(QPointF(x, block.center().y())) for x in centres] == [
        "0: 16.7 %",
        "sub: 8.3 %",
        "Inf: 16.7 %",
        "NaN: 50.0 %",
    ]
    middle = block.bottom() - block.height() * 0.4
    assert tokens.non_finite in colors(chart, centres[3], middle, middle + 2)
    assert tokens.non_finite not in colors(chart, centres[2], middle, middle + 2)
    assert tokens.series[0] in colors(chart, centres[0], block.bottom() - 10, block.bottom())
    assert [role for _name, _value, role in panel.facts.facts.rows[-2:]] == ["error", "error"]


def test_crosshair_shows_the_distribution_of_its_step(panel: DistributionPanel, bench: Bench) -> None:
    bench.context.selection.set_crosshair(47)
    assert panel.facts.facts.step == 40

    bench.context.selection.set_crosshair(None)
    assert panel.facts.facts.step == 190


def test_crosshair_before_the_first_distribution_says_so(qapp: QObject, qtbot: QtBot) -> None:
    bench = make_bench(QObject(qapp), run_store(30))
    measure(bench, 20, {BIN: 9})
    bench.context.selection.select("head")
    panel = DistributionPanel(bench.context)
    show(qtbot, panel)
    bench.context.selection.set_crosshair(5)

    assert panel.empty.isVisible()
    assert panel.empty.accessibleDescription() == "The first distribution was measured at step 20."


def test_weights_can_be_chosen_instead_of_gradients(panel: DistributionPanel, bench: Bench) -> None:
    panel.quantity.choose("weight_magnitudes")
    panel.quantity.chosen.emit("weight_magnitudes")
    assert panel.empty.isVisible()

    measure(bench, 190, {BIN + 4: 5}, "weight_magnitudes")
    panel.refresh(bench.store)
    assert panel.bars.isVisible()
    assert panel.facts.facts.step == 190


def test_image_draws_steps_across_and_powers_of_two_up(panel: DistributionPanel, bench: Bench) -> None:
    measure(bench, 200, {BIN: 1, NAN: 11})
    choose(panel, IMAGE)
    chart, tokens = panel.image, bench.context.theme.tokens
    height = chart.y_px(np.log10(1.4 * 2.0**-10))
    empty = chart.y_px(np.log10(1.4 * 2.0**-5))

    assert chart.isVisible()
    assert tokens.panel not in colors(chart, chart.x_px(150), height, height + 1)
    assert colors(chart, chart.x_px(150), empty, empty + 1) == {tokens.panel}
    assert chart.bin_text(QPointF(chart.x_px(155), height)).endswith("75.0 %")
    assert chart.bin_text(QPointF(chart.x_px(155), height)).startswith("step 150, ")


def test_low_image_gives_the_room_of_its_colour_scale_to_the_magnitudes(panel: DistributionPanel) -> None:
    choose(panel, IMAGE)
    chart = panel.image
    assert chart.height() - chart.area.bottom() == panel.context.theme.px(50)

    panel.resize(760, 150)
    assert chart.height() - chart.area.bottom() == panel.context.theme.px(26)
    assert chart.area.height() > 50


def test_image_has_a_strip_for_what_has_no_magnitude(panel: DistributionPanel, bench: Bench) -> None:
    measure(bench, 195, {BIN: 1, NAN: 11})
    choose(panel, IMAGE)
    chart, strip, tokens = panel.image, panel.image.strip_rect, bench.context.theme.tokens

    assert strip.bottom() < chart.area.top()
    assert tokens.non_finite in colors(chart, chart.x_px(197), strip.top(), strip.top() + 6)
    assert tokens.non_finite not in colors(chart, chart.x_px(150), strip.top(), strip.bottom())
    assert chart.bin_text(QPointF(chart.x_px(197), strip.top() + 2)) == "step 195, NaN: 91.7 %"


def test_pointer_in_the_image_moves_the_crosshair_of_all_plots(panel: DistributionPanel, bench: Bench) -> None:
    choose(panel, IMAGE)
    chart = panel.image
    QTest.mouseMove(chart.viewport(), QPointF(chart.x_px(100), chart.area.center().y()).toPoint())
    assert bench.context.selection.crosshair_step == 100
    assert panel.facts.facts.step == 100

    chart.pointer_left.emit()
    assert bench.context.selection.crosshair_step is None


def test_image_and_map_share_their_steps(panel: DistributionPanel, bench: Bench) -> None:
    choose(panel, IMAGE)
    bench.context.axes.show_steps(20.0, 60.0)

    assert panel.image.x_range == (20.0, 60.0)


def test_ridge_has_the_newest_step_at_the_bottom_and_the_crosshair_brings_out_a_row(
    panel: DistributionPanel, bench: Bench
) -> None:
    choose(panel, RIDGE)
    chart = panel.ridge
    steps = chart.shown_steps

    assert steps == sorted(steps)
    assert steps[-1] == 190
    assert len(steps) > 8
    chart.pointer_moved.emit(QPointF(chart.area.center().x(), chart.y_px(0.5)))
    assert bench.context.selection.crosshair_step == steps[0]
    assert panel.facts.facts.step == steps[0]


def test_ridge_facts_are_those_of_the_row_that_is_brought_out(panel: DistributionPanel, bench: Bench) -> None:
    choose(panel, RIDGE)
    panel.resize(760, 170)  # room for few rows
    panel.refresh(bench.store)
    steps = panel.ridge.shown_steps
    assert len(steps) < 10
    bench.context.selection.set_crosshair(steps[2] - 1)

    assert panel.facts.facts.step == steps[1]


def test_half_precision_shows_where_its_normal_range_ends(panel: DistributionPanel, bench: Bench) -> None:
    model = bench.store.model
    dtypes = ("float16",) * len(model.tensors)
    bench.store.apply(ModelChanged(replace(model, tensors=replace(model.tensors, dtypes=dtypes)), task_info()))
    panel.refresh(bench.store)
    chart, tokens = panel.bars, bench.context.theme.tokens
    line = chart.area.top() - 8

    assert texts(panel)["normal from"] == "6.1e-5"
    assert tokens.strong in colors(chart, chart.x_px(np.log10(2.0**-12)), line - 2, line + 2)
    end = chart.x_px(np.log10(2.0**-14))
    assert tokens.strong in colors(chart, end, line - 3, line - 1)  # the mark between subnormal and normal


def test_nothing_to_show_says_why(qapp: QObject, qtbot: QtBot) -> None:
    bench = make_bench(QObject(qapp), run_store(0))
    panel = DistributionPanel(bench.context)
    show(qtbot, panel)
    said = [panel.empty.accessibleName()]
    bench.context.selection.select("head")
    said.append(panel.empty.accessibleName())
    bench.context.selection.select("blocks.0.act")
    said.append(panel.empty.accessibleName())

    assert said == ["Nothing selected", "No step yet", "No distribution here"]


def unmeasured(qapp: QObject, qtbot: QtBot, snapshot: ModelSnapshot, n_steps: int = 3) -> DistributionPanel:
    """Steps were made, and nothing was seen of how the elements spread; ``head`` is selected."""
    bench = make_bench(QObject(qapp), run_store(n_steps, snapshot=snapshot))
    panel = DistributionPanel(bench.context)
    for control in panel.title_controls():
        qtbot.addWidget(control)
    show(qtbot, panel)
    bench.context.selection.select("head")
    return panel


def choose_weights(panel: DistributionPanel) -> None:
    panel.quantity.setCurrentIndex(1)
    panel.quantity.chosen.emit("weight_magnitudes")


def test_frozen_parameter_is_said_to_be_frozen_and_its_weights_are_only_not_looked_at(
    qapp: QObject, qtbot: QtBot
) -> None:
    plain = snapshot_of()
    frozen = replace(plain, tensors=replace(plain.tensors, requires_grad=np.zeros(6, dtype=np.bool_)))
    panel = unmeasured(qapp, qtbot, frozen)

    assert panel.empty.accessibleDescription() == "What is selected is frozen: it gets no gradient."
    choose_weights(panel)
    assert panel.empty.accessibleDescription() == "The weights were not looked at yet."


def test_weights_of_a_frozen_parameter_wait_for_the_first_step(qapp: QObject, qtbot: QtBot) -> None:
    plain = snapshot_of()
    frozen = replace(plain, tensors=replace(plain.tensors, requires_grad=np.zeros(6, dtype=np.bool_)))
    panel = unmeasured(qapp, qtbot, frozen, n_steps=0)
    choose_weights(panel)

    assert panel.empty.accessibleName() == "No step yet"


def test_module_that_turns_out_not_to_run_says_so_at_once(qapp: QObject, qtbot: QtBot) -> None:
    panel = unmeasured(qapp, qtbot, snapshot_of())
    store = panel.context.store
    assert panel.empty.accessibleDescription() == "No gradient of what is selected was seen yet."

    coverage = np.full(len(store.model), NodeCoverage.NOT_EXECUTED, dtype=np.uint8)
    store.apply(CoverageMeasured(store.model.generation, coverage))
    panel.refresh(store)
    assert panel.empty.accessibleDescription() == "What is selected was not executed, and no gradient reached it."


def test_complex_parameter_is_said_not_to_be_counted(qapp: QObject, qtbot: QtBot) -> None:
    plain = snapshot_of()
    panel = unmeasured(qapp, qtbot, replace(plain, tensors=replace(plain.tensors, dtypes=("complex64",) * 6)))

    expected = "What is selected holds complex numbers; only real ones are counted here."
    assert panel.empty.accessibleDescription() == expected


def many(qapp: QObject, n_parameters: int, n_steps: int) -> Bench:
    """One step in ten was looked at; the root is selected."""
    spec = [("", "Net", ()), *((f"l{n}", "Linear", (("weight", (2, 2)),)) for n in range(n_parameters))]
    bench = make_bench(QObject(qapp), run_store(n_steps, snapshot=snapshot_of(spec)))
    for step in range(0, n_steps, 10):
        measure(bench, step, {BIN: 3, BIN + 1 + step // 100: 1})
    bench.context.selection.select("")
    return bench


def many_panel(bench: Bench, qtbot: QtBot) -> DistributionPanel:
    panel = DistributionPanel(bench.context)
    for control in panel.title_controls():
        qtbot.addWidget(control)
    show(qtbot, panel, 760, 320)
    return panel


def test_whole_model_of_many_parameters_is_put_together(qapp: QObject, qtbot: QtBot) -> None:
    bench = many(qapp, 1000, 200)
    panel = many_panel(bench, qtbot)

    assert (panel.facts.facts.name, panel.facts.facts.kind) == (
        "whole model",
        (f"{exact_count(1000)} parameters", "float32"),
    )
    assert (panel.facts.facts.step, panel.facts.facts.earlier) == (190, 90)
    assert panel.bars.bin_text(QPointF(panel.bars.x_px(np.log10(1.4 * 2.0**-10)), 100)).endswith("75.0 %")


def test_what_was_not_read_in_the_first_frame_comes_though_the_run_stands_still(qapp: QObject, qtbot: QtBot) -> None:
    bench = many(qapp, 6000, 200)
    panel = many_panel(bench, qtbot)
    choose(panel, RIDGE)
    assert panel.ridge.shown_steps[-1] == 190
    assert len(panel.ridge.shown_steps) < 10

    qtbot.waitUntil(lambda: len(panel.ridge.shown_steps) > 10)
    bench.context.selection.set_crosshair(0)
    assert panel.facts.facts.step == 0


def test_step_at_the_crosshair_of_many_parameters_is_read_at_once(qapp: QObject, qtbot: QtBot) -> None:
    bench = many(qapp, 6000, 400)
    bench.context.selection.set_crosshair(155)
    panel = many_panel(bench, qtbot)

    assert (panel.facts.facts.step, panel.facts.facts.earlier) == (150, 50)


def test_exported_distribution_of_many_parameters_has_every_kept_step(qapp: QObject, qtbot: QtBot) -> None:
    panel = many_panel(many(qapp, 6000, 200), qtbot)
    lines = [line for line in "".join(panel._make_csv()).splitlines() if not line.startswith("#")]

    assert [line.partition(",")[0] for line in lines[1:]] == [str(step) for step in range(0, 200, 10)]


def test_parameters_that_have_no_gradient_are_not_counted_in(panel: DistributionPanel, bench: Bench) -> None:
    bench.context.selection.select("blocks.0.lin")
    counts = np.zeros((1, N_BINS), dtype=np.uint16)
    counts[0, BIN] = 4
    bench.store.apply(HistogramsMeasured(0, 200, "grad_magnitudes", ("blocks.0.lin.bias",), counts))
    panel.refresh(bench.store)

    assert panel.facts.facts.kind == ("1 of 2 parameters", "float32")
    assert panel.facts.facts.note == ("all 4 elements",)


def test_choices_are_kept_between_two_starts_and_nonsense_is_not(panel: DistributionPanel) -> None:
    choose(panel, RIDGE)
    kept = panel.kept()
    choose(panel, BARS)
    panel.restore_kept(kept)
    assert panel.view.currentData() == RIDGE

    panel.restore_kept("nonsense and more")
    assert (panel.quantity.currentData(), panel.view.currentData()) == ("grad_magnitudes", BARS)


def test_narrow_panel_gives_all_its_room_to_the_plot(panel: DistributionPanel) -> None:
    assert panel.facts.isVisible()
    panel.resize(360, 240)
    assert not panel.facts.isVisible()


def test_every_line_beside_the_plot_can_be_read_in_a_low_panel(panel: DistributionPanel, bench: Bench) -> None:
    bench.context.selection.select("blocks.0.lin")
    panel.resize(760, 200)
    facts, font = panel.facts, QFontMetrics(bench.context.theme.ui_font(11))
    n_lines = 2 + len(facts.facts.kind) + len(facts.facts.rows) + len(facts.facts.note)

    assert facts.line_height >= font.ascent()
    assert n_lines * facts.line_height < 200
    panel.resize(760, 400)
    assert facts.line_height == bench.context.theme.px(18)


def test_nothing_new_draws_nothing(panel: DistributionPanel, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    monkeypatch.setattr(panel.bars, "draw_bars", lambda *_parts: drawn.append(1))
    panel.refresh(bench.store)
    assert not drawn

    measure(bench, 200, {BIN: 9})
    panel.refresh(bench.store)
    assert drawn == [1]


def test_zoom_with_the_wheel_moves_the_steps_of_all_plots(panel: DistributionPanel, bench: Bench) -> None:
    choose(panel, IMAGE)
    before = bench.context.axes.steps
    panel.image.zoomed.emit(0.5, QPointF(panel.image.area.center()), False)

    assert bench.context.axes.steps != before


def test_every_kept_distribution_can_be_exported(panel: DistributionPanel, bench: Bench) -> None:
    lines = list(csv.reader(line for line in "".join(panel._make_csv()).splitlines() if not line.startswith("#")))

    assert lines[0][:7] == ["step", "sampled", "zero", "subnormal", "Inf", "NaN", "2^-48"]
    assert [row[0] for row in lines[1:]] == [str(step) for step in range(0, 200, 10)]
    assert lines[1][lines[0].index("2^-10")] == "0.75"
    assert lines[1][1] == "12"


@pytest.mark.parametrize("view", [BARS, IMAGE, RIDGE])
def test_right_click_offers_the_export(view: str, panel: DistributionPanel) -> None:
    choose(panel, view)
    chart = {BARS: panel.bars, IMAGE: panel.image, RIDGE: panel.ridge}[view]
    button = panel.title_controls()[-1]
    menu = QMenu(panel)
    panel._menu.fill(menu, None)

    assert chart.contextMenuPolicy() is Qt.ContextMenuPolicy.CustomContextMenu
    assert isinstance(button, QToolButton)
    assert any("CSV" in action.text() for action in menu.actions())
    button.deleteLater()


def test_choice_says_how_to_read_what_is_chosen(panel: DistributionPanel) -> None:
    assert panel.quantity.toolTip().startswith("Gradient, magnitudes\nWhere the hump nears the subnormal range")

    panel.quantity.setCurrentIndex(1)
    panel.quantity.activated.emit(1)
    assert panel.quantity.toolTip().startswith("Weight, magnitudes\nOne hump")
    assert panel.quantity.itemData(0, Qt.ItemDataRole.ToolTipRole).startswith("Gradient, magnitudes")
