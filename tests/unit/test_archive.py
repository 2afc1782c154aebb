"""The min/max history: bounded memory, and no spike is ever lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moduleview.telemetry.archive import FOLD, LEVEL_BYTES, RAW_BYTES, Archive, was_measured
from moduleview.telemetry.envelope import thin
from moduleview.telemetry.store_view import History

ONE = slice(0, 1)


def filled(values: np.ndarray, steps: np.ndarray | None = None, *, raw_rows: int | None = None) -> Archive:
    """One series; ``raw_rows`` keeps fewer steps, as if there were many series."""
    archive = Archive()
    archive.add_series(1)
    if raw_rows is not None:
        archive.raw.resize(1, raw_rows, (np.nan,))
    series = np.zeros(1, dtype=np.int32)
    for step, value in zip(range(len(values)) if steps is None else steps.tolist(), values, strict=True):
        archive.append(step, step * 0.5, series, np.array([value], dtype=np.float32))
    return archive


def test_recent_steps_are_kept_as_they_were() -> None:
    values = np.arange(500, dtype=np.float32)
    values[[150, 151]] = np.nan, -0.0
    found = filled(values).history(ONE, 100, 199, 1)
    np.testing.assert_array_equal(found.steps, np.arange(100, 200))
    np.testing.assert_array_equal(found.low[:, 0], values[100:200])
    np.testing.assert_array_equal(found.high[:, 0], values[100:200])
    np.testing.assert_array_equal(found.times, np.arange(100, 200) * 0.5)
    assert np.flatnonzero(found.non_finite).tolist() == [50]
    assert (found.n_steps == 1).all()


@pytest.fixture(scope="module")
def long_run() -> tuple[np.ndarray, Archive]:
    """A spike at one step in a thousand, each of its own height; 64 steps are kept one by one."""
    values = np.ones(100_000, dtype=np.float32)
    values[::997] = 10.0 + np.arange(len(values[::997]))
    return values, filled(values, raw_rows=64)


@pytest.mark.parametrize("width", [1, 2, 15, 16, 100, 128, 256, 1000, 4096, 100_000])
@pytest.mark.parametrize("view", [(0, 99_999), (40_000, 60_000), (99_000, 99_999), (12_345, 12_400)])
def test_every_spike_is_in_the_group_of_its_step_at_every_zoom(
    long_run: tuple[np.ndarray, Archive], width: int, view: tuple[int, int]
) -> None:
    values, archive = long_run
    found = archive.history(ONE, *view, width)
    ends = found.steps + found.n_steps
    assert found.steps[0] == view[0]
    assert (found.steps[1:] >= ends[:-1]).all()
    for step in range(-(-view[0] // 997) * 997, view[1] + 1, 997):
        at = int(np.searchsorted(found.steps, step, side="right")) - 1
        assert step < ends[at]
        assert found.high[at, 0] >= values[step]
        inside = values[max(ends[at] - FOLD**5, 0) : ends[at]]
        assert found.high[at, 0] <= inside.max()
    assert found.low.min() == 1.0


def test_old_steps_are_kept_coarser_than_new_ones_and_never_coarser_than_needed() -> None:
    archive = filled(np.ones(60_000, dtype=np.float32), raw_rows=1000)
    sizes = archive.history(ONE, 0, 59_999, 1).n_steps
    assert (np.diff(sizes) <= 0).all()
    assert (sizes == 1).sum() > 1000 - FOLD
    assert sizes.max() == FOLD


def test_oldest_steps_that_are_kept_one_by_one_are_given_one_by_one() -> None:
    archive = filled(np.arange(200, dtype=np.float32), raw_rows=64)
    found = archive.history(ONE, 136, 199, 1)
    np.testing.assert_array_equal(found.low[:, 0], np.arange(136, 200))
    steps, times = archive.clock(136, 199, 1)
    np.testing.assert_array_equal(steps, np.arange(136, 200))
    np.testing.assert_array_equal(times, steps * 0.5)


def test_not_a_number_is_marked_and_leaves_the_extremes_alone() -> None:
    values = np.ones(20_000, dtype=np.float32)
    values[100], values[101] = np.nan, np.inf
    found = filled(values, raw_rows=64).history(ONE, 0, 20_000, 1)
    assert found.non_finite.sum() == 1
    assert found.steps[found.non_finite[:, 0]] == 96
    assert np.nanmax(found.high) == np.nanmin(found.low) == 1


def test_group_with_nothing_finite_is_a_gap() -> None:
    values = np.ones(20_000, dtype=np.float32)
    values[: FOLD * 4] = np.nan
    found = filled(values, raw_rows=64).history(ONE, 0, 20_000, FOLD)
    assert np.isnan(found.low[:4]).all()
    assert np.isnan(found.high[:4]).all()
    assert found.non_finite[:4].all()
    assert not found.non_finite[4:].any()


@pytest.mark.parametrize("n_series", [1, 160, 1000, 10_000, 65_000])
def test_memory_has_a_bound_whatever_the_series_and_steps(n_series: int) -> None:
    archive = Archive()
    archive.add_series(n_series)
    assert archive.most_bytes <= (RAW_BYTES + LEVEL_BYTES) * 1.05
    archive.add_series(max(n_series // 10, 1))  # some hooks are ticked
    assert archive.most_bytes <= (RAW_BYTES + LEVEL_BYTES) * 1.05


def test_memory_grows_to_its_bound_and_no_further() -> None:
    n = 60_000
    archive = Archive()
    archive.add_series(n)
    series, values = np.arange(n, dtype=np.int32), np.ones(n, dtype=np.float32)
    for step in range(400):
        archive.append(step, 0.0, series, values)
    before, raw_before = archive.n_bytes, archive.raw.n_bytes
    for step in range(400, 600):
        archive.append(step, 0.0, series, values)
    assert archive.raw.n_bytes == raw_before <= RAW_BYTES
    assert archive.n_bytes - before == 14 * (9 * n + 16)  # 13 rows of 16 steps, one of 256
    assert archive.n_bytes < archive.most_bytes


def test_series_that_come_later_were_not_measured_before() -> None:
    archive = filled(np.ones(100, dtype=np.float32))
    archive.add_series(1)
    archive.append(100, 50.0, np.array([1], dtype=np.int32), np.array([5.0], dtype=np.float32))
    assert archive.latest(1) == 5.0
    assert archive.latest(0) == 1.0
    assert was_measured(archive.raw.arrays[0][:101, 1]).sum() == 1
    found = archive.history(slice(1, 2), 0, 100, 1)
    assert np.isnan(found.low[:-1]).all()
    assert found.low[-1, 0] == 5.0
    assert not found.non_finite.any()


def test_a_value_that_is_not_a_number_was_measured() -> None:
    archive = filled(np.array([1.0, np.nan], dtype=np.float32))
    assert np.isnan(archive.latest(0) or 0.0)
    archive.append(2, 1.0, np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32))
    assert was_measured(archive.raw.arrays[0][:3, 0]).tolist() == [True, True, False]


def test_many_series_shorten_the_ring_but_keep_the_newest() -> None:
    archive = filled(np.arange(3000, dtype=np.float32))
    archive.add_series(20_000)
    assert archive.raw.capacity == RAW_BYTES // (4 * 20_001)
    assert archive.raw.first_step == 3000 - archive.raw.capacity
    archive.append(3000, 1500.0, np.zeros(1, dtype=np.int32), np.array([3000.0], dtype=np.float32))
    found = archive.history(ONE, 2990, 3000, 1)
    np.testing.assert_array_equal(found.steps, np.arange(2990, 3001))
    np.testing.assert_array_equal(found.low[:, 0], np.arange(2990, 3001))
    assert archive.history(ONE, 0, 3000, 1).low.min() == 0.0


def test_series_added_one_by_one_do_not_copy_everything_each_time() -> None:
    archive = Archive()
    archive.add_series(1000)
    n_copies = 0
    for _ in range(1000):
        before = archive.raw.arrays[0]
        archive.add_series(1)
        n_copies += archive.raw.arrays[0] is not before
    assert n_copies < 8


def test_clock_says_when_steps_ended_however_old_they_are() -> None:
    archive = filled(np.ones(20_000, dtype=np.float32), raw_rows=64)
    for width in (1, 16, 300):
        steps, times = archive.clock(0, 19_999, width)
        np.testing.assert_allclose(times, steps * 0.5)
        assert (np.diff(steps) > 0).all()
        assert steps[0] == 0
        assert steps[-1] > 19_999 - max(width, 16)


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.integers(1, 70), min_size=1, max_size=400),
    seed=st.integers(0, 2**16),
    first_share=st.floats(0, 1),
    width=st.integers(1, 5000),
    raw_rows=st.sampled_from((32, 64, 1000)),
)
def test_extremes_over_any_range_are_exact(
    gaps: list[int], seed: int, first_share: float, width: int, raw_rows: int
) -> None:
    steps = np.cumsum(gaps)
    values = np.random.default_rng(seed).normal(size=len(steps)).astype(np.float32)
    archive = filled(values, steps, raw_rows=raw_rows)
    for first in (0, int(steps[0] + first_share * (steps[-1] - steps[0]))):
        found = archive.history(ONE, first, int(steps[-1]), width)
        assert np.all(np.diff(found.steps) > 0)
        inside = values[steps >= first]
        assert np.nanmin(found.low) <= inside.min()
        assert np.nanmax(found.high) >= inside.max()
        if first == 0:
            assert (np.nanmin(found.low), np.nanmax(found.high)) == (values.min(), values.max())


@settings(max_examples=50, deadline=None)
@given(n=st.integers(1, 300), width=st.integers(1, 50), seed=st.integers(0, 1000))
def test_thinning_keeps_the_extremes(n: int, width: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(n, 1)).astype(np.float32)
    steps, ones = np.arange(n, dtype=np.int64), np.ones(n, dtype=np.int64)
    thinned = thin(History(steps, ones, steps * 1.0, values, values, values > 1), 0, width)
    assert len(thinned.steps) == -(-n // width)
    assert np.nanmin(thinned.low) == values.min()
    assert np.nanmax(thinned.high) == values.max()
    assert thinned.non_finite.any() == (values > 1).any()
