"""The min/max history: constant memory, and no spike is ever lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moduleview.telemetry.archive import FOLD, Archive
from moduleview.telemetry.envelope import thin_to_columns


def filled(values: np.ndarray, steps: np.ndarray | None = None) -> Archive:
    archive = Archive()
    archive.add_series(1)
    series = np.zeros(1, dtype=np.int32)
    for step, value in zip(range(len(values)) if steps is None else steps.tolist(), values, strict=True):
        archive.append(step, series, np.array([value], dtype=np.float32))
    return archive


def test_recent_steps_are_kept_as_they_were() -> None:
    values = np.arange(500, dtype=np.float32)
    steps, low, high, bad = filled(values).envelope_rows(0, 100, 199)
    np.testing.assert_array_equal(steps, np.arange(100, 200))
    np.testing.assert_array_equal(low, values[100:200])
    np.testing.assert_array_equal(high, values[100:200])
    assert not bad.any()


@pytest.mark.parametrize("n_steps", [20_000, 40_001])
def test_a_spike_of_long_ago_is_still_the_maximum_of_its_column(n_steps: int) -> None:
    values = np.ones(n_steps, dtype=np.float32)
    values[1234] = 1e6
    steps, _low, high, _bad = filled(values).envelope_rows(0, 0, n_steps)
    assert high.max() == 1e6
    at = int(np.argmax(high))
    assert steps[at] <= 1234 < steps[at + 1]


def test_not_a_number_is_marked_and_leaves_the_extremes_alone() -> None:
    values = np.ones(20_000, dtype=np.float32)
    values[100], values[101] = np.nan, np.inf
    _steps, low, high, bad = filled(values).envelope_rows(0, 0, 20_000)
    assert bad.sum() == 1
    assert high[~np.isnan(high)].max() == 1
    assert low[~np.isnan(low)].min() == 1


def test_a_column_with_nothing_finite_is_a_gap() -> None:
    values = np.ones(20_000, dtype=np.float32)
    values[: FOLD**2 * 4] = np.nan
    _steps, low, high, bad = filled(values).envelope_rows(0, 0, 20_000)
    assert np.isnan(low[0])
    assert np.isnan(high[0])
    assert bad[0]


def test_memory_does_not_grow_with_the_steps() -> None:
    archive = Archive()
    archive.add_series(8)
    series, values = np.arange(8, dtype=np.int32), np.ones(8, dtype=np.float32)

    def n_bytes() -> int:
        rings = [archive.raw, *archive._levels]
        return sum(array.nbytes for ring in rings for array in ring.arrays)

    for step in range(40_000):
        archive.append(step, series, values)
    before = n_bytes()
    for step in range(40_000, 48_000):
        archive.append(step, series, values)
    assert n_bytes() <= before * 1.1


def test_series_that_come_later_were_not_measured_before() -> None:
    archive = filled(np.ones(100, dtype=np.float32))
    archive.add_series(1)
    archive.append(100, np.array([1], dtype=np.int32), np.array([5.0], dtype=np.float32))
    assert archive.latest(1) == 5.0
    assert archive.raw.arrays[1][:, 1].sum() == 1
    _steps, low, _high, bad = archive.envelope_rows(1, 0, 100)
    assert np.isnan(low[:-1]).all()
    assert low[-1] == 5.0
    assert not bad.any()


def test_many_series_shorten_the_ring_but_keep_the_newest() -> None:
    archive = filled(np.arange(3000, dtype=np.float32))
    archive.add_series(20_000)
    assert archive.raw.capacity == 1024
    assert archive.raw.first_step == 3000 - 1024
    archive.append(3000, np.zeros(1, dtype=np.int32), np.array([3000.0], dtype=np.float32))
    steps, low, _high, _bad = archive.envelope_rows(0, 2990, 3000)
    np.testing.assert_array_equal(steps, np.arange(2990, 3001))
    np.testing.assert_array_equal(low, np.arange(2990, 3001))


@settings(max_examples=30, deadline=None)
@given(
    gaps=st.lists(st.integers(1, 70), min_size=1, max_size=400),
    seed=st.integers(0, 2**16),
    first_share=st.floats(0, 1),
)
def test_extremes_over_the_whole_range_are_exact(gaps: list[int], seed: int, first_share: float) -> None:
    steps = np.cumsum(gaps)
    values = np.random.default_rng(seed).normal(size=len(steps)).astype(np.float32)
    archive = filled(values, steps)
    archive.raw.set_capacity(64)  # as if the ring had to be short: the rest comes from the levels
    first = int(steps[0] + first_share * (steps[-1] - steps[0]))
    _, low, high, _ = archive.envelope_rows(0, int(steps[0]), int(steps[-1]))
    if len(steps) <= 64:
        assert np.nanmin(low) == values.min()
        assert np.nanmax(high) == values.max()
    shown, low, high, _ = archive.envelope_rows(0, first, int(steps[-1]))
    assert np.all(np.diff(shown) > 0)
    inside = values[steps >= max(first, int(shown[0]))]
    assert np.nanmin(low) <= inside.min()
    assert np.nanmax(high) >= inside.max()


@settings(max_examples=50, deadline=None)
@given(n=st.integers(1, 300), n_columns=st.integers(1, 50), seed=st.integers(0, 1000))
def test_thinning_keeps_the_extremes(n: int, n_columns: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=n).astype(np.float32)
    steps = np.arange(n, dtype=np.int64)
    thin = thin_to_columns(steps, values, values, values > 1, n_columns)
    assert len(thin.steps) <= max(n_columns, 1)
    assert np.nanmin(thin.low) == values.min()
    assert np.nanmax(thin.high) == values.max()
    assert thin.non_finite.any() == (values > 1).any()
