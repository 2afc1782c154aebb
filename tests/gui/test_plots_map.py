"""Rows, columns and pictures of the gradient map."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor

from builders import add_steps, declare_gradients, opened_store, shared, snapshot_of, tied
from moduleview.gui.look.tokens import DARK
from moduleview.gui.plots.map_columns import MapColumns
from moduleview.gui.plots.map_picture import color_table, make_picture
from moduleview.gui.plots.map_rows import make_rows
from moduleview.telemetry.store import SeriesStore


def filled(norms: np.ndarray) -> SeriesStore:
    """A store whose steps have these norms for every parameter of the small model."""
    store = opened_store()
    n = len(declare_gradients(store))
    add_steps(store, np.broadcast_to(np.asarray(norms, dtype=np.float64)[:, None], (len(norms), n)))
    return store


def columns_of(store: SeriesStore, first: int, last: int, most: int = 64) -> MapColumns:
    assert store.model is not None
    columns = MapColumns(make_rows(store.model, frozenset()), "grad_norm")
    columns.update(store, (first, last), most)
    return columns


def test_rows_are_the_modules_that_own_parameters_in_tree_order() -> None:
    rows = make_rows(snapshot_of(), frozenset())

    assert rows.fqns == ("embed", "blocks.0.lin", "blocks.1.lin", "head")
    assert [(block.fqn, block.first, block.end) for block in rows.blocks] == [
        ("embed", 0, 1),
        ("blocks.0", 1, 2),
        ("blocks.1", 2, 3),
        ("head", 3, 4),
    ]


def test_opened_module_has_a_row_for_each_parameter() -> None:
    rows = make_rows(snapshot_of(), {"blocks.0.lin"})

    assert rows.fqns[1:4] == ("blocks.0.lin", "blocks.0.lin.weight", "blocks.0.lin.bias")
    assert rows.stretch("blocks.0.lin.bias") == (3, 4)
    assert rows.stretch("blocks") == (1, 5)
    assert rows.stretch("blocks.0.act") is None


def test_tied_and_shared_things_have_the_rows_of_their_first_place() -> None:
    tied_rows = make_rows(tied(snapshot_of(), "head.weight", "embed.weight"), {"embed"})
    assert tied_rows.stretch("head") == (0, 2)
    assert tied_rows.stretch("head.weight") == tied_rows.stretch("embed.weight") == (1, 2)
    shared_rows = make_rows(shared(snapshot_of(), "blocks.1", "blocks.0"), frozenset())
    assert shared_rows.stretch("blocks.1") == shared_rows.stretch("blocks.0") == (1, 2)
    assert shared_rows.stretch("blocks.0.act") is None
    assert tied_rows.name_of_stretch("head", (0, 2)) == "embed"
    assert tied_rows.name_of_stretch("blocks", (2, 4)) == "blocks"
    assert shared_rows.name_of_stretch("blocks.1", (1, 2)) == "blocks.0.lin"


def test_frame_around_everything_is_left_out() -> None:
    rows = make_rows(snapshot_of(), frozenset())

    assert rows.stretch("") == (0, 4)
    assert rows.marked_stretch("") is None


def test_row_is_the_norm_over_its_parameters() -> None:
    store = filled(np.array([3.0]))
    decades = columns_of(store, 0, 0).decades

    assert decades[0, 0] == pytest.approx(np.log10(3.0))
    assert decades[1, 0] == pytest.approx(np.log10(np.sqrt(18.0)))  # weight and bias


def test_nan_and_not_measured_and_zero_stay_apart() -> None:
    store = filled(np.array([np.nan, -1.0, 0.0, np.inf]))  # -1 is not measured
    first_row = columns_of(store, 0, 3).decades[0]

    assert np.isposinf(first_row[[0, 3]]).all()
    assert np.isnan(first_row[1])
    assert np.isfinite(first_row[2])
    assert first_row[2] < -300


def test_new_steps_are_appended_as_a_rebuild_would_have_them() -> None:
    rng = np.random.default_rng(0)
    norms = 10 ** rng.normal(-2, 1, 300)
    norms[[17, 250]] = np.nan
    store = opened_store()
    n = len(declare_gradients(store))
    assert store.model is not None
    growing = MapColumns(make_rows(store.model, frozenset()), "grad_norm")
    for begin in range(0, 300, 7):
        chunk = norms[begin : begin + 7]
        add_steps(store, np.broadcast_to(chunk[:, None], (len(chunk), n)), begin)
        last = begin + len(chunk) - 1
        growing.update(store, (max(0, last - 99), last), 40)
    again = MapColumns(make_rows(store.model, frozenset()), "grad_norm")
    again.update(store, (growing.first_step, 299), 40)

    assert growing.width == 4
    np.testing.assert_allclose(growing.decades, again.decades, rtol=1e-5)


def test_no_nan_is_lost_when_a_column_holds_several_steps() -> None:
    norms = np.full(1000, 0.1)
    norms[501] = np.nan
    columns = columns_of(filled(norms), 0, 999, most=64)

    assert columns.width == 16
    assert np.isposinf(columns.decades).sum() == len(columns.decades)  # one column, every row
    assert columns.decade_at(0, 501) == np.inf


def long_run(n_steps: int) -> SeriesStore:
    """A store that keeps 64 steps one by one, as if there were very many series; a spike at step 100."""
    store = opened_store()
    n = len(declare_gradients(store))
    store._series._archive.raw.resize(n, 64, (np.nan,))
    norms = np.full(n_steps, 0.01)
    norms[100] = 10.0
    add_steps(store, np.broadcast_to(norms[:, None], (n_steps, n)))
    return store


def test_steps_that_are_no_longer_kept_one_by_one_come_from_the_archive() -> None:
    store = long_run(5000)
    columns = columns_of(store, 0, 4999, most=256)

    assert store.first_step == 5000 - 64
    assert columns.decade_at(0, 100) == pytest.approx(1.0)
    assert columns.decade_at(0, 300) == pytest.approx(-2.0)
    columns.update(store, (90, 120), 64)
    assert (columns.width, columns.span_at(100)) == (1, 16)
    columns.update(store, (4990, 4999), 64)
    assert columns.span_at(4995) == 1
    assert not np.isnan(columns.decades).any()


def test_history_is_there_when_the_view_goes_back_in_time_and_comes_forward_again() -> None:
    store = long_run(5000)
    columns = columns_of(store, 4700, 4999)
    again = columns_of(store, 4700, 4999)
    for view in ((4500, 4799), (64, 363), (80, 120), (0, 4999), (4990, 4999), (4700, 4999)):
        columns.update(store, view, 64)
        assert not np.isnan(columns.decades).any(), view
        if view[0] <= 100 <= view[1]:
            assert columns.decade_at(0, 100) == pytest.approx(1.0)

    np.testing.assert_array_equal(columns.decades, again.decades)


def test_only_the_rows_in_view_are_read_and_those_that_come_into_view_when_they_do() -> None:
    store = filled(np.full(50, 0.1))
    assert store.model is not None
    columns = MapColumns(make_rows(store.model, {"blocks.0.lin"}), "grad_norm")
    whole = MapColumns(make_rows(store.model, {"blocks.0.lin"}), "grad_norm")
    whole.update(store, (0, 49), 64)
    for seen in (range(0, 2), range(2, 4), range(3, 6)):
        columns.update(store, (0, 49), 64, seen)
        np.testing.assert_array_equal(columns.decades, whole.decades[seen.start : seen.stop])
        assert columns.decade_at(seen.start, 7) == whole.decade_at(seen.start, 7)
        assert columns.decade_at((seen.start + 3) % 6, 7) is None


def test_large_map_is_filled_over_several_frames_from_the_newest_step_on() -> None:
    store = opened_store(
        snapshot_of([("", "Net", ()), *((f"l{n}", "Linear", (("weight", (2, 2)),)) for n in range(4000))])
    )
    n = len(declare_gradients(store))
    add_steps(store, np.full((500, n), 0.1))
    assert store.model is not None
    columns = MapColumns(make_rows(store.model, frozenset()), "grad_norm")
    n_frames = 0
    while not columns.is_complete or not n_frames:
        columns.update(store, (0, 499), 500)
        n_frames += 1
        assert not np.isnan(columns.decades[:, -1]).any()

    assert n_frames > 1
    assert not np.isnan(columns.decades).any()


def test_run_that_begins_anew_forgets_the_columns() -> None:
    store = filled(np.full(50, 1.0))
    columns = columns_of(store, 0, 49)
    shorter = filled(np.full(5, 0.001))
    columns.update(shorter, (0, 4), 64)

    assert columns.decades.shape[1] == 5
    assert columns.decades[0, 0] == pytest.approx(-3.0)


def test_picture_saturates_and_keeps_nan_no_gradient_and_not_measured_apart() -> None:
    table = color_table("viridis", DARK)
    decades = np.array([[-9.0, 9.0, np.inf, -np.inf, np.nan]], dtype=np.float32)
    pixels = make_picture(decades, (-4, 1), table, np.zeros(5, dtype=np.bool_))[0]
    colors = [QColor(*pixel).name() for pixel in pixels[:4, :3].tolist()]

    assert colors == ["#440154", "#fde725", DARK.non_finite.lower(), DARK.not_measured.lower()]
    assert pixels[:, 3].tolist() == [255, 255, 255, 255, 0], "what lies behind is seen where nobody measured"


def test_row_without_a_gradient_is_told_from_a_step_that_nobody_measured() -> None:
    store = opened_store()
    n = len(declare_gradients(store))
    norms = np.full((40, n), 0.1)
    norms[3:6] = -1.0  # -1: not measured, in no row
    norms[8, 1] = norms[:, n - 1] = -1.0  # embed in one step, the head in all
    add_steps(store, norms)
    assert store.model is not None
    rows = make_rows(store.model, frozenset())
    columns = MapColumns(rows, "grad_norm")
    for seen in (range(4), range(3, 4)):  # also where only the head is in view
        columns.update(store, (0, 39), 64, seen)
        assert np.isnan(columns.decades[:, 3:6]).all()
        assert np.isneginf(columns.decades[-1, [0, 1, 2, *range(6, 40)]]).all()
    columns.update(store, (0, 39), 64)
    assert np.isneginf(columns.decades[0]).tolist() == [False] * 8 + [True] + [False] * 31
    assert columns.decade_at(3, 0) == -np.inf
    assert columns.decade_at(3, 4) is None


def test_columns_are_as_wide_as_most_of_what_is_in_view_was_measured_rarely() -> None:
    store = opened_store()
    n = len(declare_gradients(store))
    norms = np.full((400, n), 0.1)
    norms[np.arange(400) % 3 + np.where(np.arange(400) < 200, 0, -9) > 0, 1:] = -1.0  # one in three, then each
    add_steps(store, norms)

    assert columns_of(store, 0, 199, 400).width == 4
    assert columns_of(store, 0, 250, 400).width == 4
    assert columns_of(store, 60, 399, 400).width == 4
    assert columns_of(store, 160, 399, 400).width == 1


@pytest.mark.parametrize("width_of", [1, 4])
def test_rhythm_is_that_of_what_is_measured_most_often(width_of: int) -> None:
    """The first rows of the model get a gradient in few steps, as experts do, and steps without any are recorded."""
    store = opened_store()
    n = len(declare_gradients(store))
    norms = np.full((400, n), 0.1)
    norms[np.arange(400) % 40 != 0, 1] = -1.0
    norms[np.arange(400) % width_of != 0, 1:] = -1.0
    add_steps(store, norms)

    assert columns_of(store, 200, 399, 400).width == width_of


def test_more_rows_than_pixels_are_put_together_by_their_largest_and_keep_the_nan() -> None:
    layers = [(f"l{n}", "Linear", (("weight", (2, 2)),)) for n in range(1000)]
    store = opened_store(snapshot_of([("", "Net", ()), *layers]))
    n = len(declare_gradients(store))
    norms = 10.0 ** np.random.default_rng(0).normal(-2, 0.1, (20, n))
    norms[11, 1 + 777] = np.nan
    norms[12, 1 + 203] = 50.0
    add_steps(store, norms)
    assert store.model is not None
    columns = MapColumns(make_rows(store.model, frozenset()), "grad_norm")
    columns.update(store, (0, 19), 64, None, 100)

    assert columns.decades.shape == (100, 20)
    assert columns.rows_a_band == 10
    assert np.argwhere(np.isposinf(columns.decades)).tolist() == [[77, 11]]
    assert columns.decade_at(777, 11) == columns.decade_at(770, 11) == np.inf
    assert columns.decade_at(203, 12) == pytest.approx(np.log10(50.0))
    np.testing.assert_allclose(columns.decades[5, 3], np.log10(norms[3, 51:61].max()), rtol=1e-5)
