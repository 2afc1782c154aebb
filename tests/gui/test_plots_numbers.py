"""Ticks, limits, the choice of lines and their points: the numbers behind the plots."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from builders import SMALL, add_steps, declare_gradients, opened_store, shared, snapshot_of, tied
from moduleview.gui.plots.chart_lines import value_at
from moduleview.gui.plots.chosen_series import choose_series, quantities_of
from moduleview.gui.plots.curve_points import LinePoints, newest_values, smoothed, steps_to_draw
from moduleview.gui.plots.limits import AxisLimits, DecadeLimits
from moduleview.gui.plots.map_columns import ZERO
from moduleview.gui.plots.ticks import decade_ticks, linear_ticks, step_ticks
from moduleview.telemetry.records import RunChanged, RunState, SeriesDeclared, SeriesKey

NORM = "grad_norm"


def test_steps_have_round_ticks() -> None:
    assert [at for at, _label in step_ticks(1044.5, 1284.5, 5).major] == [1050, 1100, 1150, 1200, 1250]
    assert [at for at, _label in step_ticks(-0.5, 3.5, 20).major] == [0, 1, 2, 3]


def test_decades_have_labels_and_the_rest_short_ticks() -> None:
    ticks = decade_ticks(-4, 1, 10)

    assert [label for _at, label in ticks.major] == ["1e-4", "1e-3", "1e-2", "1e-1", "1e+0", "1e+1"]
    assert len(ticks.minor) == 5 * 8


def test_less_than_two_decades_have_labels_in_between() -> None:
    assert "2e-1" in [label for _at, label in decade_ticks(-1, 0.2, 10).major]


def test_linear_ticks_are_multiples_of_a_nice_width() -> None:
    assert [at for at, _label in linear_ticks(0.3, 8.2, 8).major] == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("low", "high"),
    [(2.30251, 2.30262), (1e-30, 1.2e-30), (1e9, 1e9 + 2e6), (-1.00002, -1.0), (0.0, 4e-5), (100_000.0, 100_010.0)],
)
def test_linear_ticks_that_lie_close_are_told_apart(low: float, high: float) -> None:
    labels = [label for _at, label in linear_ticks(low, high, 8).major]
    assert len(labels) >= 4
    assert len(set(labels)) == len(labels)
    assert max(map(len, labels)) <= 10  # as many as there is room for left of the axis


def test_colour_limits_move_only_after_twenty_steps_of_need() -> None:
    limits = DecadeLimits()
    calm, wild = np.linspace(-3.5, -0.5, 500).astype(np.float32), np.linspace(-3.5, 1.5, 500).astype(np.float32)

    assert limits.observe(calm, 0) == (-4, 0)
    assert [limits.observe(wild, step) for step in (1, 10, 20)] == [(-4, 0)] * 3
    assert limits.observe(calm, 21) == (-4, 0)  # the need went away: counting begins anew
    assert limits.observe(wild, 30) == (-4, 0)
    assert limits.observe(wild, 49) == (-4, 0)
    assert limits.observe(wild, 50) == (-4, 2)


def test_colour_limits_leave_out_what_is_not_finite() -> None:
    sample = np.array([np.nan, np.inf, -2.5], dtype=np.float32)

    assert DecadeLimits().observe(sample, 0) == (-3, -2)
    assert DecadeLimits().observe(np.array([np.nan], dtype=np.float32), 0) is None


def test_colour_limits_leave_out_zeros_as_of_a_dead_layer() -> None:
    sample = np.array([ZERO, ZERO, -3.5, -1.5], dtype=np.float32)

    assert DecadeLimits().observe(sample, 0) == (-4, -1)
    assert DecadeLimits().observe(np.full(4, ZERO), 0) is None


def test_value_axis_widens_at_once_and_narrows_late() -> None:
    limits = AxisLimits(is_log=True)
    narrow = limits.observe(-1.9, -0.6, 0)
    wide = limits.observe(-1.9, 0.9, 1)

    assert narrow[1] < 0.9 <= wide[1]
    assert limits.observe(-1.9, -0.6, 2) == wide
    assert limits.observe(-1.9, -0.6, 22) == narrow


def test_linear_axis_has_room_for_a_constant() -> None:
    low, high = AxisLimits(is_log=False).observe(2.0, 2.0, 0)

    assert low < 2.0 < high


def test_linear_axis_of_what_is_never_negative_begins_at_zero() -> None:
    assert AxisLimits(is_log=False).observe(0.001, 1.2, 0) == (0.0, 1.5)
    assert AxisLimits(is_log=False).observe(0.0, 0.0, 0)[0] == 0.0
    assert AxisLimits(is_log=False).observe(-0.001, 1.2, 0)[0] < 0


@pytest.mark.parametrize("value", [1e-30, 3e-5, 0.3, 7.0, 1e30, -2.0])
def test_linear_axis_is_about_a_constant_whatever_its_size(value: float) -> None:
    low, high = AxisLimits(is_log=False).observe(value, value, 0)
    assert low < value < high
    assert high - low <= 1.01 * abs(value)


def test_module_shows_every_owner_below_it() -> None:
    store = opened_store()
    choice = choose_series(store, ("blocks",), None, ("head",), NORM)

    assert [(s.fqn, s.label, s.is_pinned) for s in choice.series] == [
        ("blocks.0.lin", "0.lin", False),
        ("blocks.1.lin", "1.lin", False),
        ("head", "head", True),
    ]
    assert choice.series[0].keys == (SeriesKey(NORM, "blocks.0.lin.weight"), SeriesKey(NORM, "blocks.0.lin.bias"))


def test_wide_module_shows_the_level_that_fits() -> None:
    blocks = [(f"b.{n}", "Block", ()) for n in range(10)]
    spec = [("", "Net", ()), ("b", "ModuleList", ())]
    for fqn, kind, own in blocks:
        spec += [(fqn, kind, own), *((f"{fqn}.{m}", "Linear", (("weight", (2, 2)),)) for m in range(2))]
    choice = choose_series(opened_store(snapshot_of(spec)), ("",), None, (), NORM)

    assert [series.fqn for series in choice.series] == [fqn for fqn, _kind, _own in blocks]
    assert all(len(series.keys) == 2 for series in choice.series)
    assert choice.n_left_out == 0


def test_more_than_sixteen_lines_are_cut_and_counted() -> None:
    spec = [("", "Net", ()), *((f"l{n}", "Linear", (("weight", (2, 2)),)) for n in range(20))]
    choice = choose_series(opened_store(snapshot_of(spec)), ("",), None, (), NORM)

    assert len(choice.series) == 16
    assert choice.n_left_out == 4


def test_selected_parameter_shows_itself() -> None:
    choice = choose_series(opened_store(), ("head",), "head.weight", (), NORM)

    assert [series.keys for series in choice.series] == [(SeriesKey(NORM, "head.weight"),)]


def test_hook_quantities_are_offered_where_there_are_series() -> None:
    store = opened_store()
    store.apply(SeriesDeclared(0, (SeriesKey("forward.mean", "head"), SeriesKey("forward.mean", "head", 0, "call 2"))))

    assert quantities_of(store, ("head",), None) == (NORM, "forward.mean")
    assert quantities_of(store, ("embed",), None) == (NORM,)
    choice = choose_series(store, ("head",), None, (), "forward.mean")
    assert [series.label for series in choice.series] == ["head", "head call 2"]


def test_tied_parameter_and_its_module_show_what_is_kept_at_its_first_place() -> None:
    store = opened_store(tied(snapshot_of(), "head.weight", "embed.weight"))
    kept = (SeriesKey(NORM, "embed.weight"),)

    for selected, tensor in (("head", None), ("head", "head.weight")):
        (series,) = choose_series(store, (selected,), tensor, (), NORM).series
        assert (series.fqn, series.keys) == (tensor or selected, kept)
    (pin,) = choose_series(store, (), None, ("head",), NORM).series
    assert (pin.label, pin.keys) == ("head", kept)
    whole = choose_series(store, ("",), None, (), NORM)
    assert [series.label for series in whole.series] == ["embed", "blocks.0.lin", "blocks.1.lin"]  # counted once


def test_shared_module_shows_what_is_kept_at_its_first_place_by_its_own_names() -> None:
    store = opened_store(shared(snapshot_of(), "blocks.1", "blocks.0"))
    store.apply(SeriesDeclared(0, (SeriesKey("forward.mean", "blocks.0.lin"),)))
    choice = choose_series(store, ("blocks.1",), None, (), NORM)

    assert [(series.fqn, series.label) for series in choice.series] == [("blocks.1.lin", "lin")]
    assert choice.keys == (SeriesKey(NORM, "blocks.0.lin.weight"), SeriesKey(NORM, "blocks.0.lin.bias"))
    assert quantities_of(store, ("blocks.1",), None) == (NORM, "forward.mean")
    hooks = choose_series(store, ("blocks.1",), None, (), "forward.mean")
    assert [(series.fqn, series.label) for series in hooks.series] == [("blocks.1.lin", "lin")]


def test_lazy_module_has_lines_to_wait_for() -> None:
    snapshot = snapshot_of()
    tensors = replace(snapshot.tensors, shapes=(None,) * len(snapshot.tensors), numel=0 * snapshot.tensors.numel)
    store = opened_store(replace(snapshot, tensors=tensors))

    assert [series.label for series in choose_series(store, ("blocks.0",), None, (), NORM).series] == ["lin"]


def test_newest_value_is_of_the_newest_step_that_has_one() -> None:
    store = opened_store()
    keys = declare_gradients(store)
    add_steps(
        store,
        np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], [1.0, -1.0, -1.0, 8.0, -1.0, -1.0, np.nan]])[:, : len(keys)],
    )
    lines = [(keys[1],), (keys[2], keys[3]), (keys[4], keys[5]), (SeriesKey(NORM, "nowhere"),)]
    newest = newest_values(store, lines, tuple(key for line in lines for key in line))

    assert newest == [2.0, 8.0, pytest.approx(np.hypot(5.0, 6.0)), None]


def test_hook_on_the_root_is_offered_and_the_loss_is_not() -> None:
    store = opened_store()
    store.apply(SeriesDeclared(0, (SeriesKey("loss"), SeriesKey("forward.mean"))))

    assert quantities_of(store, ("",), None) == (NORM, "forward.mean")


def test_line_of_a_module_is_the_norm_over_its_parameters_with_gaps_for_nan() -> None:
    store = opened_store()
    n = len(declare_gradients(store))
    norms = np.full((20, n), 3.0)
    norms[5] = np.nan
    norms[7] = -1.0  # not measured
    add_steps(store, norms)
    keys = (SeriesKey(NORM, "blocks.0.lin.weight"), SeriesKey(NORM, "blocks.0.lin.bias"))
    (points,) = LinePoints([keys]).read(store, 0, 19, 1)

    assert 7.0 not in points.steps
    assert points.high[0] == pytest.approx(np.sqrt(18.0))
    assert points.steps[points.non_finite].tolist() == [5.0]
    assert np.isnan(value_at(points, 5) or 0.0)
    assert value_at(points, 25) is None


def test_band_never_hides_a_spike() -> None:
    store = opened_store()
    n = len(declare_gradients(store))
    norms = np.full((5000, n), 0.1)
    norms[1234] = 50.0
    norms[4321] = np.nan
    add_steps(store, norms)
    first, last, width = steps_to_draw(store, (-0.5, 4999.5), 400)
    (points,) = LinePoints([(SeriesKey(NORM, "head.weight"),)]).read(store, first, last, width)

    assert len(points.steps) <= 400
    assert points.high.max() == pytest.approx(50.0)
    assert points.non_finite.sum() == 1
    assert last == 4999  # nothing runs: the last step is drawn too


def test_points_keep_their_steps_while_the_window_moves() -> None:
    store = opened_store()
    declare_gradients(store)
    store.apply(RunChanged(RunState.RUNNING))
    add_steps(store, np.full((1003, 1 + len(snapshot_of(SMALL).tensor_fqns)), 0.1))
    ranges = [steps_to_draw(store, (low - 0.5, low + 999.5), 400) for low in (0, 1, 2, 3)]

    assert {(first % width, (last + 1) % width) for first, last, width in ranges} == {(0, 0)}


def test_smoothing_is_the_mean_of_the_last_eight() -> None:
    values = np.arange(20.0)
    values[10] = np.nan
    smooth = smoothed(values)

    assert smooth[0] == 0.0
    assert smooth[9] == pytest.approx(np.arange(2, 10).mean())
    assert np.isnan(smooth[10])
    assert smooth[11] == pytest.approx(np.mean([4, 5, 6, 7, 8, 9, 11]))


def test_spike_does_not_spoil_what_follows_it() -> None:
    values = np.full(40, 1e-9)
    values[3] = 1e30

    assert smoothed(values)[30] == pytest.approx(1e-9)
