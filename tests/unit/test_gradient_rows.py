"""The tree's gradients are those of the store, whether read at once or step by step."""

from __future__ import annotations

import numpy as np
import pytest

from builders import add_steps, declare_gradients, opened_store
from moduleview.gui.models import gradient_rows
from moduleview.gui.models.gradient_rows import WINDOW_STEPS, GradientRows
from moduleview.telemetry.store import SeriesStore

ALL_NODES = list(range(9))


def trained_store(n_steps: int, first_step: int = 0, store: SeriesStore | None = None) -> SeriesStore:
    """Steps in which the gradient of tensor i at step s is i + s / 1000; the bias of blocks.1.lin is never measured."""
    if store is None:
        store = opened_store()
        declare_gradients(store)
    steps = np.arange(first_step, first_step + n_steps)[:, None]
    values = np.arange(7)[None, :] + steps / 1000
    values[:, 1 + store.model.tensor_row_of("blocks.1.lin.bias")] = -1
    add_steps(store, values, first_step)
    return store


def test_module_shows_the_norm_of_its_subtree() -> None:
    store = trained_store(1)
    rows = GradientRows(store.model)
    rows.refresh(store, ALL_NODES)
    latest = {fqn: rows.history(node).latest for node, fqn in enumerate(store.model.fqns)}
    assert latest["embed"] == 1.0
    assert latest["blocks.0.lin"] == pytest.approx(np.sqrt(2**2 + 3**2))
    assert latest["blocks.1.lin"] == 4.0
    assert latest["blocks"] == pytest.approx(np.sqrt(4 + 9 + 16))
    assert latest["blocks.0.act"] is None


def test_reading_step_by_step_gives_the_same_as_reading_at_once() -> None:
    store = trained_store(3)
    rows = GradientRows(store.model)
    rows.refresh(store, ALL_NODES[:5])
    for first in (3, 4, 7):
        trained_store(1 if first == 3 else 3, first, store)
        rows.refresh(store, ALL_NODES if first > 3 else ALL_NODES[:5])
    at_once = GradientRows(store.model)
    at_once.refresh(store, ALL_NODES)
    for node in ALL_NODES:
        np.testing.assert_array_equal(rows.history(node).values, at_once.history(node).values)
        np.testing.assert_array_equal(rows.history(node).measured, at_once.history(node).measured)
    assert len(rows.history(0).values) == 10


def test_window_holds_the_last_240_steps() -> None:
    store = trained_store(WINDOW_STEPS)
    rows = GradientRows(store.model)
    rows.refresh(store, [0])
    trained_store(5, WINDOW_STEPS, store)
    rows.refresh(store, [0])
    assert len(rows.history(0).values) == WINDOW_STEPS
    trained_store(2 * WINDOW_STEPS, WINDOW_STEPS + 5, store)
    rows.refresh(store, [0])
    whole = GradientRows(store.model)
    whole.refresh(store, [0])
    np.testing.assert_array_equal(rows.history(0).values, whole.history(0).values)


def test_module_that_left_the_screen_is_forgotten() -> None:
    store = trained_store(2)
    rows = GradientRows(store.model)
    rows.refresh(store, [0, 1])
    rows.refresh(store, [1])
    assert rows.history(0) is None
    assert rows.history(1) is not None


def test_nan_is_shown_and_absence_is_not_nan() -> None:
    store = opened_store()
    declare_gradients(store)
    add_steps(store, [[0, np.nan, -1, -1, 5, -1, np.inf]])
    rows = GradientRows(store.model)
    rows.refresh(store, ALL_NODES)
    node_of = store.model.node_of
    assert np.isnan(rows.history(node_of("embed")).latest)
    assert rows.history(node_of("blocks.0.lin")).latest is None
    assert rows.history(node_of("blocks.1.lin")).latest == 5.0
    assert rows.history(node_of("head")).latest == np.inf
    assert np.isnan(rows.history(0).latest)


def test_huge_subtree_starts_with_fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient_rows, "_READ_AT_ONCE", 60)
    store = trained_store(100)
    rows = GradientRows(store.model)
    rows.refresh(store, [0, store.model.node_of("embed")])
    assert 0 < len(rows.history(0).values) <= 10
    assert rows.history(0).latest is not None


def test_larger_subtree_is_read_now_and_then_and_never_in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient_rows, "_TENSORS_A_STEP", 3)
    store = trained_store(10)
    rows = GradientRows(store.model)
    embed = store.model.node_of("embed")
    rows.refresh(store, [0, embed], is_hurried=True)
    assert rows.history(0) is None
    assert len(rows.history(embed).values) == 10
    rows.refresh(store, [0, embed])
    assert rows.history(0).latest is not None
    trained_store(1, 10, store)
    rows.refresh(store, [0, embed], is_hurried=True)
    assert len(rows.history(embed).values) == 11
    assert len(rows.history(0).values) == 1, "what was read is kept"


def test_model_whose_keys_are_made_when_needed_shows_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    store = trained_store(3)
    at_first = GradientRows(store.model)
    monkeypatch.setattr(gradient_rows, "_KEYS_AT_FIRST", 0)
    when_needed = GradientRows(store.model)
    for rows in (at_first, when_needed):
        rows.refresh(store, ALL_NODES)
    for node in ALL_NODES:
        np.testing.assert_array_equal(when_needed.history(node).values, at_first.history(node).values)
    np.testing.assert_array_equal(when_needed.latest_of_all(store)[0], at_first.latest_of_all(store)[0])


def test_latest_of_all_is_the_last_step_of_every_module() -> None:
    store = trained_store(2)
    rows = GradientRows(store.model)
    values, measured = rows.latest_of_all(store)
    assert measured.tolist() == [fqn != "blocks.0.act" for fqn in store.model.fqns]
    assert values[store.model.node_of("embed")] == np.float32(1.001)
    trained_store(1, 2, store)
    assert rows.latest_of_all(store)[0][store.model.node_of("embed")] == np.float32(1.002)


def test_before_a_step_nothing_is_measured() -> None:
    store = opened_store()
    rows = GradientRows(store.model)
    rows.refresh(store, ALL_NODES)
    assert rows.history(0) is None
    assert not rows.latest_of_all(store)[1].any()
    declare_gradients(store)
    trained_store(2, 0, store)
    rows.refresh(store, ALL_NODES)
    assert rows.history(0).latest is not None, "the first steps are not missed"


def test_another_run_begins_anew() -> None:
    store = trained_store(20)
    rows = GradientRows(store.model)
    rows.refresh(store, ALL_NODES)
    rows.refresh(trained_store(3), ALL_NODES)
    assert len(rows.history(0).values) == 3
