"""The way of a gradient through a step: its stations, what changes between them, and what became of the step."""

from __future__ import annotations

import csv
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from plot_builders import Bench, make_bench, show
from PySide6.QtCore import QObject, QPoint, QPointF
from PySide6.QtGui import QColor, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLayout
from pytestqt.qtbot import QtBot

from builders import opened_store, snapshot_of, task_info
from moduleview.gui.panels.stations import StationsPanel
from moduleview.gui.plots.station_reading import LANE, Absence, Station, factor
from moduleview.telemetry.costs import CostEntry, CostsMeasured
from moduleview.telemetry.quantities import (
    ACCUMULATED_GRAD_NORM,
    GRAD_NORM,
    LEARNING_RATE,
    LOSS_SCALE,
    MICRO_GRAD_NORM,
    REDUCED_GRAD_NORM,
    UNSCALED_GRAD_NORM,
    UPDATE_NORM,
    UPDATE_RATIO,
    WEIGHT_NORM,
    Scope,
)
from moduleview.telemetry.records import (
    CoverageMeasured,
    ModelChanged,
    SeriesDeclared,
    SeriesKey,
    SeriesTraits,
    StepRecord,
)
from moduleview.telemetry.snapshot import NodeCoverage
from moduleview.telemetry.step_outcome import StepSkipped

WEIGHT, BIAS = "blocks.0.lin.weight", "blocks.0.lin.bias"
PLAIN = {
    MICRO_GRAD_NORM: 2048.0,
    ACCUMULATED_GRAD_NORM: 2048.0,
    REDUCED_GRAD_NORM: 1536.0,
    UNSCALED_GRAD_NORM: 1.5,
    GRAD_NORM: 0.5,
    UPDATE_NORM: 0.006,
    UPDATE_RATIO: 0.002,
    WEIGHT_NORM: 3.0,
}
REASON = "GradScaler found Inf in the gradients, at a scale of 1024."
Values = dict[tuple[str, str, str], float]
"""By quantity, FQN and part."""


class Run:
    """A store that is fed by names."""

    def __init__(self, qapp: QObject) -> None:
        self.store = opened_store()
        self.bench: Bench = make_bench(QObject(qapp), self.store)
        self._ids: dict[tuple[str, str, str], int] = {}

    def declare(self, *names: tuple[str, str, str], traits: SeriesTraits | None = None) -> None:
        new = [name for name in names if name not in self._ids]
        keys = tuple(SeriesKey(quantity, fqn, 0, part) for quantity, fqn, part in new)
        if keys:
            given = () if traits is None else (traits,) * len(keys)
            self.store.apply(SeriesDeclared(len(self._ids), keys, given))
            self._ids.update({name: len(self._ids) + at for at, name in enumerate(new)})

    def step(self, step: int, values: Values) -> None:
        self.declare(*values)
        ids = np.array([self._ids[name] for name in values], dtype=np.int32)
        self.store.apply(StepRecord(0, step, step * 0.1, ids, np.array(list(values.values()), dtype=np.float32)))

    def panel(self, qtbot: QtBot, fqn: str | None = WEIGHT, width: int = 760, height: int = 330) -> StationsPanel:
        if fqn is not None:
            self.bench.context.selection.select_named(self.store.model, fqn)
        panel = StationsPanel(self.bench.context)
        show(qtbot, panel, width, height)
        return panel


@pytest.fixture
def run(qapp: QObject) -> Run:
    return Run(qapp)


def of(fqn: str, **changes: float) -> Values:
    return {(quantity, fqn, ""): changes.get(quantity, value) for quantity, value in PLAIN.items()}


def changes(panel: StationsPanel) -> list[str]:
    """What stands between neighbours."""
    lane, words = panel.lane_shown, panel.lane._words
    pairs = zip(lane.stations[:-1], lane.stations[1:], strict=True)
    return [" ".join(words.change(before, after, lane)).strip() for before, after in pairs]


def values(panel: StationsPanel) -> list[float | None]:
    return [
        None if station.value is None else pytest.approx(station.value, rel=1e-6)
        for station in panel.lane_shown.stations
    ]


def test_lane_has_the_value_of_each_station_in_their_order(run: Run, qtbot: QtBot) -> None:
    run.step(0, of(WEIGHT))
    panel = run.panel(qtbot)

    assert [station.quantity for station in panel.lane_shown.stations] == list(LANE)
    assert values(panel) == [2048.0, 2048.0, 1536.0, 1.5, 0.5, 0.002]
    assert panel.step.text == "step 0 applied"


def test_factor_stands_where_a_gradient_changes_and_says_what_changed_it(run: Run, qtbot: QtBot) -> None:
    run.step(0, {**of(WEIGHT), (LOSS_SCALE, "", ""): 1024.0, (LEARNING_RATE, "", "group 0"): 3e-4})
    panel = run.panel(qtbot)

    assert [text.replace(",", "") for text in changes(panel)] == [
        "",
        "× 0.75 averaged",
        "÷ 1024 loss scale",
        "× 0.333 clipped",
        "lr 3.0e-4",
    ]
    assert panel.scale.text.replace(",", "") == "loss scale 1024"


def test_learning_rates_that_differ_between_groups_are_not_said_to_be_one(run: Run, qtbot: QtBot) -> None:
    rates = {(LEARNING_RATE, "", "group 0"): 3e-4, (LEARNING_RATE, "", "group 1"): 1e-2}
    run.step(0, {**of(WEIGHT), **rates})

    assert changes(run.panel(qtbot))[-1] == ""


def test_large_loss_scale_is_written_out(run: Run, qtbot: QtBot) -> None:
    run.step(0, {**of(WEIGHT), (LOSS_SCALE, "", ""): 524288.0})

    assert run.panel(qtbot).scale.text.replace(",", "") == "loss scale 524288"


def test_without_mixed_precision_there_is_no_loss_scale(run: Run, qtbot: QtBot) -> None:
    run.step(0, of(WEIGHT))

    assert not run.panel(qtbot).scale.isVisible()


def test_gradient_that_nothing_changes_says_so(run: Run, qtbot: QtBot) -> None:
    same = dict.fromkeys((*LANE[:-1], UPDATE_NORM, WEIGHT_NORM), 1.5)
    run.step(0, of(WEIGHT, **same))
    panel = run.panel(qtbot)

    assert changes(panel)[:4] == [""] * 4
    assert "Nothing changes the gradient on its way" in panel.notes.text()


def test_module_is_the_root_of_the_sum_of_squares_of_its_parameters(run: Run, qtbot: QtBot) -> None:
    run.step(0, {**of(WEIGHT, grad_norm=3.0), **of(BIAS, grad_norm=4.0)})
    panel = run.panel(qtbot, "blocks.0.lin")

    assert panel.lane_shown.stations[4].value == pytest.approx(5.0)
    assert "2 parameters together: root of the sum of squares." in panel.notes.text()


def test_update_of_a_module_is_over_its_weights_before_the_step(run: Run, qtbot: QtBot) -> None:
    # weights before: 3 and 4, so 5 together; moved by 0.3 and 0.4, so by 0.5 together
    moved = of(WEIGHT, update_norm=0.3, update_ratio=0.1, weight_norm=99.0)
    run.step(0, {**moved, **of(BIAS, update_norm=0.4, update_ratio=0.1, weight_norm=99.0)})
    run.step(1, {**moved, **of(BIAS, update_norm=0.0, update_ratio=0.0, weight_norm=4.0)})
    panel = run.panel(qtbot, "blocks.0.lin")

    assert panel.lane_shown.stations[5].value == pytest.approx(0.3 / 5)
    run.bench.context.selection.set_crosshair(0)
    assert panel.lane_shown.stations[5].value == pytest.approx(0.1)
    assert panel.lane_shown.update == pytest.approx(0.5)


def test_weight_that_did_not_move_counts_as_it_was_measured_last(run: Run, qtbot: QtBot) -> None:
    moved = of(WEIGHT, update_norm=0.3, update_ratio=0.1)
    run.step(0, {**moved, **of(BIAS, update_norm=0.0, update_ratio=0.0, weight_norm=4.0)})
    still = {
        name: value for name, value in of(BIAS, update_norm=0.0, update_ratio=0.0).items() if name[0] != WEIGHT_NORM
    }
    run.step(1, {**moved, **still})
    panel = run.panel(qtbot, "blocks.0.lin")

    assert panel.lane_shown.step == 1
    assert panel.lane_shown.stations[5].value == pytest.approx(0.3 / 5)


def test_weight_of_zero_that_moved_has_an_infinite_ratio(run: Run, qtbot: QtBot) -> None:
    run.step(0, {**of(WEIGHT, update_norm=0.3, update_ratio=np.inf), **of(BIAS, update_norm=0.4, update_ratio=np.inf)})
    panel = run.panel(qtbot, "blocks.0.lin")

    assert panel.lane_shown.stations[5].value == np.inf


def test_passes_are_small_steps_between_micro_batch_and_sum(run: Run, qtbot: QtBot) -> None:
    passes = {(MICRO_GRAD_NORM, WEIGHT, f"pass {n}"): 1.0 + n for n in (1, 2)}
    sums = {(ACCUMULATED_GRAD_NORM, WEIGHT, f"pass {n}"): float(n + 1) for n in (0, 1)}
    run.step(0, {**of(WEIGHT, micro_grad_norm=1.0, accumulated_grad_norm=3.0), **passes, **sums})
    panel = run.panel(qtbot)
    micro, accumulated = panel.lane_shown.stations[:2]

    assert micro.passes == (1.0, 2.0, 3.0)
    assert accumulated.passes == (1.0, 2.0, 3.0)
    assert changes(panel)[0] == "3 passes"
    tops = bar_heights(panel)
    assert len(tops) == 3
    assert tops == sorted(tops)


def bar_heights(panel: StationsPanel) -> list[int]:
    """Heights in pixels of the bars on the track before the second station, from the left."""
    image = panel.lane.grab().toImage()
    color = QColor(panel.context.theme.tokens.series[1]).rgb()
    left, right = panel.lane.station_rect(0).left() + 12, panel.lane.station_rect(1).left() - 1
    heights = [sum(image.pixel(x, y) == color for y in range(panel.lane.height())) for x in range(left, right)]
    starts = [x for x in range(1, len(heights)) if heights[x] and not heights[x - 1]]
    return [heights[x] for x in starts]


def test_step_with_fewer_passes_than_another_shows_its_own(run: Run, qtbot: QtBot) -> None:
    many = {(MICRO_GRAD_NORM, WEIGHT, f"pass {n}"): 1.0 for n in (1, 2)}
    run.step(0, {**of(WEIGHT), **many})
    run.step(1, of(WEIGHT))
    panel = run.panel(qtbot)

    assert panel.lane_shown.stations[0].passes == ()
    run.bench.context.selection.set_crosshair(0)
    assert len(panel.lane_shown.stations[0].passes) == 3


def test_skipped_step_says_why_and_shows_the_stations_up_to_there(run: Run, qtbot: QtBot) -> None:
    run.step(0, of(WEIGHT))
    stations = {name: value for name, value in of(WEIGHT).items() if name[0] in LANE[:3]}
    run.step(1, {**stations, (REDUCED_GRAD_NORM, WEIGHT, ""): np.inf})
    run.store.apply(StepSkipped(0, 1, REASON, 1024.0))
    run.step(2, of(WEIGHT))
    panel = run.panel(qtbot)
    assert panel.step.text == "step 2 applied"

    run.bench.context.selection.set_crosshair(1)
    lane = panel.lane_shown
    assert panel.step.text == "step 1 skipped"
    assert panel.step.warns
    assert panel.reason.text() == REASON
    assert [station.absence for station in lane.stations[3:]] == [
        Absence.THIS_STEP,
        Absence.SKIPPED,
        Absence.SKIPPED,
    ]
    assert panel.lane._words.reason(lane.stations[4], lane, None) == REASON


def test_newest_step_that_was_skipped_says_so_without_a_crosshair(run: Run, qtbot: QtBot) -> None:
    run.step(0, {name: value for name, value in of(WEIGHT).items() if name[0] in LANE[:4]})
    run.store.apply(StepSkipped(0, 0, REASON, 1024.0))
    panel = run.panel(qtbot)

    assert panel.step.text == "step 0 skipped"
    assert panel.reason.text() == REASON


def test_step_that_was_not_followed_shows_the_last_one_that_was(run: Run, qtbot: QtBot) -> None:
    run.step(0, of(WEIGHT))
    for step in (1, 2, 3):
        run.step(step, {("loss", "", ""): 1.0})
    run.store.apply(CostsMeasured((CostEntry(GRAD_NORM, "", 1.0, 4.0, 4, 1, 3),), 1e4, 0.02, 0.01))
    panel = run.panel(qtbot)

    assert panel.step.text == "step 0 applied"
    assert "One step in 4 is followed, to keep to the budget." in panel.notes.text()
    run.bench.context.selection.set_crosshair(2)
    assert panel.lane_shown.step == 0


def test_station_that_is_not_measured_says_so(run: Run, qtbot: QtBot) -> None:
    run.step(0, {(GRAD_NORM, WEIGHT, ""): 0.5})
    panel = run.panel(qtbot)
    lane = panel.lane_shown

    assert [station.absence for station in lane.stations] == [Absence.NEVER] * 4 + [None, Absence.NEVER]
    at = panel.lane.station_rect(0).center()
    assert "Not measured in this run" in panel.lane.tip_at(at)
    assert panel.lane._words.scope(lane.stations[0], lane) == "not measured"


def test_station_left_out_to_keep_to_the_budget_says_how_often_it_is_measured(run: Run, qtbot: QtBot) -> None:
    run.step(0, of(WEIGHT))
    run.step(1, {(GRAD_NORM, WEIGHT, ""): 0.5, (UNSCALED_GRAD_NORM, WEIGHT, ""): 1.5})
    run.store.apply(CostsMeasured((CostEntry(UNSCALED_GRAD_NORM, "", 1.0, 8.0, 8, 1, 7),), 1e4, 0.02, 0.01))
    panel = run.panel(qtbot)

    assert panel.lane_shown.stations[0].absence is Absence.THIS_STEP
    assert "one in 8 is followed" in panel.lane.tip_at(panel.lane.station_rect(0).center())


def test_each_station_names_its_scope_and_an_estimate_is_called_one(run: Run, qtbot: QtBot) -> None:
    run.declare((MICRO_GRAD_NORM, WEIGHT, ""), traits=SeriesTraits(Scope.LOCAL))
    run.declare((GRAD_NORM, WEIGHT, ""), traits=SeriesTraits(Scope.SHARD))
    run.declare((UPDATE_RATIO, WEIGHT, ""), traits=SeriesTraits(Scope.GLOBAL, is_sampled=True))
    run.step(0, of(WEIGHT))
    panel = run.panel(qtbot)
    lane, words = panel.lane_shown, panel.lane._words

    assert words.scope(lane.stations[0], lane) == "local"
    assert words.scope(lane.stations[4], lane) == "shard"
    assert words.scope(lane.stations[5], lane) == "global · est. · update 6.0e-3"


@pytest.mark.parametrize(("number", "text"), [(np.nan, "NaN"), (np.inf, "Inf")])
def test_what_is_not_finite_has_its_own_colour(number: float, text: str, run: Run, qtbot: QtBot) -> None:
    run.step(0, of(WEIGHT, reduced_grad_norm=number))
    panel = run.panel(qtbot)
    image, color = panel.lane.grab().toImage(), QColor(panel.context.theme.tokens.non_finite)

    def pixels(number: int) -> set[int]:
        rect = panel.lane.station_rect(number)
        return {image.pixel(rect.left() + 4, y) for y in range(rect.height())}

    assert color.rgb() in pixels(2)
    assert color.rgb() not in pixels(1)
    assert text in panel.lane.accessibleDescription()


def test_curves_of_the_stations_stand_below_in_the_colours_of_the_lane(run: Run, qtbot: QtBot) -> None:
    for step in range(30):
        run.step(step, of(WEIGHT))
    panel = run.panel(qtbot)
    chart, tokens = panel.chart, panel.context.theme.tokens
    image = chart.grab().toImage()
    x = round(chart.x_px(15))

    assert chart.is_log
    for quantity, color in ((REDUCED_GRAD_NORM, 2), (GRAD_NORM, 4), (UPDATE_RATIO, 5)):
        y = round(chart.y_px(np.log10(PLAIN[quantity])))
        found = {QColor(image.pixel(x, y + offset)).name().upper() for offset in (-1, 0, 1)}
        assert tokens.series[color] in found, quantity


def test_curve_of_a_modules_update_is_its_change_over_its_weight(run: Run, qtbot: QtBot) -> None:
    weight, bias = of(WEIGHT, update_norm=0.3, update_ratio=0.1), of(BIAS, update_norm=0.4, update_ratio=0.1)
    for step in range(30):
        run.step(step, {**weight, **bias})
    panel = run.panel(qtbot, "blocks.0.lin")
    points = panel._lines.read(run.store, 0, 29, 1)

    assert len(points) == len(LANE)
    assert points[-1].middle.tolist() == pytest.approx([0.1] * 30)


def test_pointer_in_the_curves_moves_the_crosshair_and_the_lane(run: Run, qtbot: QtBot) -> None:
    for step in range(30):
        run.step(step, of(WEIGHT, grad_norm=1.0 + step))
    panel = run.panel(qtbot)
    at = QPointF(panel.chart.x_px(12), panel.chart.area.center().y()).toPoint()
    QTest.mouseMove(panel.chart.viewport(), at)

    assert run.bench.context.selection.crosshair_step == 12
    assert panel.lane_shown.stations[4].value == pytest.approx(13.0)


def test_curves_can_be_drawn_against_the_time_of_training(run: Run, qtbot: QtBot) -> None:
    for step in range(30):
        run.step(step, of(WEIGHT))
    panel = run.panel(qtbot)
    run.bench.context.axes.set_shows_time(True)

    assert panel.chart.x_range[1] == pytest.approx(2.95)  # a tenth of a second a step
    panel.chart.pointer_moved.emit(QPointF(panel.chart.x_px(1.2), panel.chart.area.center().y()))
    assert panel.lane_shown.step == 12


def test_crosshair_before_what_is_kept_says_so(run: Run, qtbot: QtBot) -> None:
    for step in range(10, 20):
        run.step(step, of(WEIGHT))
    panel = run.panel(qtbot)
    run.bench.context.selection.set_crosshair(3)

    assert panel.empty.isVisible()
    assert "got no gradient up to this step" in panel.empty.accessibleDescription()


def test_steps_that_the_budget_left_out_are_said_to_be(run: Run, qtbot: QtBot) -> None:
    run.step(0, {("loss", "", ""): 1.0})
    run.store.apply(CostsMeasured((CostEntry(GRAD_NORM, "", 1.0, 4.0, 500, 1, 3),), 1e4, 0.02, 0.01))
    panel = run.panel(qtbot)

    assert panel.empty.accessibleDescription() == (
        "No step was followed up to here: one in 500 is, to keep to the budget."
    )


def with_a_budget(run: Run) -> Run:
    run.step(0, of(BIAS))
    run.store.apply(CostsMeasured((CostEntry(GRAD_NORM, "", 1.0, 4.0, 500, 1, 3),), 1e4, 0.02, 0.01))
    return run


def test_module_that_never_ran_is_said_not_to_run_rather_than_left_out_by_the_budget(run: Run, qtbot: QtBot) -> None:
    panel = with_a_budget(run).panel(qtbot, "head")
    coverage = np.full(len(run.store.model), NodeCoverage.EXECUTED, dtype=np.uint8)
    coverage[run.store.model.node_of("head")] = NodeCoverage.NOT_EXECUTED
    run.store.apply(CoverageMeasured(run.store.model.generation, coverage))
    panel.refresh(run.store)

    expected = "What is selected was not executed, and no gradient reached it."
    assert panel.empty.accessibleDescription() == expected
    run.bench.context.selection.select_named(run.store.model, "head.weight")
    assert panel.empty.accessibleDescription() == expected


def test_parameter_without_a_gradient_where_others_had_one_says_so_and_leaves_the_budget_out(
    run: Run, qtbot: QtBot
) -> None:
    panel = with_a_budget(run).panel(qtbot, WEIGHT)

    assert panel.empty.accessibleDescription().startswith("No gradient was found here in the steps followed so far")


def test_frozen_parameter_is_said_to_be_frozen_whatever_the_budget(run: Run, qtbot: QtBot) -> None:
    panel = with_a_budget(run).panel(qtbot, WEIGHT)
    model = run.store.model
    requires_grad = model.tensors.requires_grad.copy()
    requires_grad[model.tensor_row_of(WEIGHT)] = False
    frozen = replace(model, tensors=replace(model.tensors, requires_grad=requires_grad))
    run.store.apply(ModelChanged(frozen, task_info()))
    panel.refresh(run.store)

    assert panel.empty.accessibleDescription().startswith("What is selected is frozen")


@pytest.mark.parametrize("width", [240, 420, 560, 1400])
def test_every_station_has_its_place_at_any_width(width: int, run: Run, qtbot: QtBot) -> None:
    run.step(0, of(WEIGHT))
    panel = run.panel(qtbot, width=width, height=420)
    rects = [panel.lane.station_rect(number) for number in range(len(LANE))]

    assert panel.lane.is_wide == (width >= 540)
    assert all(panel.lane.rect().contains(rect) for rect in rects)
    assert not any(a.intersects(b) for a, b in pairwise(rects))
    assert panel.notes.isVisible() == (width >= 700)


@pytest.mark.parametrize("width", [560, 1100])
def test_no_word_of_a_station_is_cut_in_the_middle_of_a_window_of_1280_pixels(
    width: int, run: Run, qtbot: QtBot
) -> None:
    run.declare((UPDATE_RATIO, WEIGHT, ""), traits=SeriesTraits(Scope.GLOBAL, is_sampled=True))
    passes = {(MICRO_GRAD_NORM, WEIGHT, f"pass {n}"): 1.0 + n for n in range(1, 32)}
    run.step(0, {**of(WEIGHT, update_norm=1.2345e-10), **passes})
    run.step(1, {(GRAD_NORM, WEIGHT, ""): 0.5, (UNSCALED_GRAD_NORM, WEIGHT, ""): 1.5})
    panel = run.panel(qtbot, width=width, height=420)
    font = QFontMetrics(panel.context.theme.ui_font(11))
    said = []
    for step in (0, 1):
        run.bench.context.selection.set_crosshair(step)
        for number in range(len(LANE)):
            name = panel.lane._words.name(panel.lane_shown.stations[number].quantity)
            assert font.horizontalAdvance(name) <= panel.lane.name_box(number).width(), name
            for where, text in panel.lane.below_value(number):
                said.append(text)
                assert panel.lane.rect().contains(where)
                assert font.horizontalAdvance(text) <= where.width(), text
    assert {"first of 32", "update 1.2e-10", "not in this step"} <= set(said)


def test_low_panel_leaves_the_curves_out(run: Run, qtbot: QtBot) -> None:
    run.step(0, of(WEIGHT))
    panel = run.panel(qtbot)
    assert panel.chart.isVisible()

    panel.layout().setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # as in a dock
    panel.setMinimumSize(0, 0)
    panel.resize(760, 150)
    assert not panel.chart.isVisible()


def test_curves_have_room_below_the_lane_in_a_window_of_1280_by_800_pixels(run: Run, qtbot: QtBot) -> None:
    run.step(0, of(WEIGHT))
    panel = run.panel(qtbot)
    panel.layout().setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # as in a dock
    panel.setMinimumSize(0, 0)
    panel.resize(558, 208)

    assert panel.height() == 208
    assert panel.chart.isVisible()


def test_nothing_to_show_says_why(run: Run, qtbot: QtBot) -> None:
    panel = run.panel(qtbot, None)
    said = [panel.empty.accessibleName()]
    for fqn in ("head", "blocks.0.act"):
        run.bench.context.selection.select(fqn)
        said.append(panel.empty.accessibleName())
    assert said == ["Nothing selected", "No step yet", "No gradient here"]

    frozen = snapshot_of()
    frozen = replace(frozen, tensors=replace(frozen.tensors, requires_grad=np.zeros(6, dtype=np.bool_)))
    run.store.apply(ModelChanged(frozen, task_info()))
    run.bench.context.selection.select("head")
    panel.refresh(run.store)
    assert panel.empty.accessibleDescription().startswith("What is selected is frozen")


def test_quiet_store_is_not_read_again(run: Run, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    run.step(0, of(WEIGHT))
    panel = run.panel(qtbot)
    read: list[int] = []
    monkeypatch.setattr(run.store, "matrix", lambda *_a, **_k: read.append(1))
    panel.refresh(run.store)

    assert not read


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(2.0, 1.0, 0.5), (1.0, 1.0001, None), (0.0, 1.0, None), (np.inf, 1.0, None), (1.0, None, None), (1.0, 0.0, 0.0)],
)
def test_factor_is_said_where_it_is_known_and_not_one(
    before: float, after: float | None, expected: float | None
) -> None:
    assert factor(Station(GRAD_NORM, before), Station(GRAD_NORM, after)) == expected


def test_icon_of_the_empty_state_is_there() -> None:
    assert (Path(__file__).parents[2] / "resources" / "icons" / "stations.svg").is_file()


def test_every_station_of_every_step_can_be_exported(run: Run, qtbot: QtBot) -> None:
    for step in range(3):
        run.step(step, of(WEIGHT, grad_norm=1.0 + step))
    panel = run.panel(qtbot)
    lines = list(csv.reader(line for line in "".join(panel._make_csv()).splitlines() if not line.startswith("#")))

    assert f"{GRAD_NORM} {WEIGHT}" in lines[0]
    assert [row[lines[0].index(f"{GRAD_NORM} {WEIGHT}")] for row in lines[1:]] == ["1.0", "2.0", "3.0"]
    assert len(lines[0]) == 4 + len(LANE) + 1  # the norm of the update too


@pytest.mark.parametrize("height", [140, 126, 90])
def test_every_row_of_a_low_panel_can_be_read(run: Run, qtbot: QtBot, height: int) -> None:
    run.step(0, of(WEIGHT))
    panel = run.panel(qtbot, width=392, height=height)
    lane, area = panel.lane, panel._lane_area
    last = lane.station_rect(len(LANE) - 1)

    assert not lane.is_wide
    assert last.height() >= QFontMetrics(panel.context.theme.ui_font(11)).height()
    assert last.bottom() <= lane.height()
    area.verticalScrollBar().setValue(area.verticalScrollBar().maximum())
    assert lane.mapTo(panel, last.bottomLeft()).y() <= panel.height()
    assert area.verticalScrollBar().isVisible() == (height == 90)


@pytest.mark.parametrize("height", [140, 190, 208, 240, 330])
def test_curves_and_notes_never_lie_over_the_lane(run: Run, qtbot: QtBot, height: int) -> None:
    run.step(0, {**of(WEIGHT), **of(BIAS)})
    run.store.apply(CostsMeasured((CostEntry(GRAD_NORM, "", 1.0, 1.0, 50, 1, 49),), 1000.0, 0.02, 0.01))
    panel = run.panel(qtbot, "blocks.0.lin", width=840, height=height)

    def lane_bottom() -> int:
        return panel.lane.mapTo(panel, panel.lane.rect().bottomLeft()).y()

    assert panel.notes.text().count("\n") >= 2
    shown = [part for part in (panel.chart, panel.notes) if part.isVisible()]
    qtbot.waitUntil(lambda: all(part.mapTo(panel, QPoint()).y() > lane_bottom() for part in shown))
    image = panel.grab().toImage()
    assert image.pixel(4, lane_bottom() - 4) == image.pixel(4, 4)
