"""Histograms as shares, and the pixels that they become."""

from __future__ import annotations

import math

import numpy as np
import pytest

from moduleview.gui.look.tokens import LIGHT
from moduleview.gui.plots.dtype_ranges import DTYPE_RANGES
from moduleview.gui.plots.magnitude_picture import columns_of, make_pictures, share_codes
from moduleview.gui.plots.magnitude_shares import (
    DECADES_A_BIN,
    ShareHistory,
    bin_at,
    bin_name,
    combine,
    edge_decade,
    median_decade,
    occupied,
    widened,
)
from moduleview.telemetry.histograms import FIRST_EXPONENT, INF, N_BINS, N_EXPONENTS, NAN, ZERO, HistogramHistory


def history(steps: list[int], *bins: dict[int, int]) -> HistogramHistory:
    counts = np.zeros((len(steps), N_BINS), dtype=np.uint16)
    for row, filled in enumerate(bins):
        for at, count in filled.items():
            counts[row, at] = count
    return HistogramHistory(np.array(steps, dtype=np.int64), counts)


def test_shares_of_a_step_add_up_to_one_with_those_that_have_no_magnitude() -> None:
    shares = combine([history([3], {10: 30, ZERO: 10, NAN: 60})], [4000])

    assert shares.shares[0, [10, ZERO, NAN]].tolist() == pytest.approx([0.3, 0.1, 0.6])
    assert shares.shares.sum(axis=1).tolist() == pytest.approx([1.0])
    assert shares.n_sampled.tolist() == [100]


def test_tensors_count_by_their_elements_not_by_their_samples() -> None:
    shares = combine([history([0], {10: 100}), history([0], {20: 50})], [900, 100])

    assert shares.shares[0, [10, 20]].tolist() == pytest.approx([0.9, 0.1])
    assert shares.n_sampled.tolist() == [150]


def test_tensor_that_was_not_measured_in_a_step_does_not_dilute_the_others() -> None:
    shares = combine([history([0, 4], {10: 5}, {10: 5}), history([0, 4, 8], {20: 5}, {}, {20: 5})], [100, 100])

    assert shares.steps.tolist() == [0, 4, 8]
    assert shares.shares[:, 10].tolist() == pytest.approx([0.5, 1.0, 0.0])
    assert shares.shares[:, 20].tolist() == pytest.approx([0.5, 0.0, 1.0])


def test_nothing_measured_gives_no_step() -> None:
    assert len(combine([], []).steps) == 0
    assert len(combine([history([0], {})], [10]).steps) == 0


def at_steps(*steps: int) -> ShareHistory:
    return combine([history(list(steps), *({10: 1},) * len(steps))], [1])


@pytest.mark.parametrize(("step", "row"), [(None, 2), (0, None), (9, None), (10, 0), (25, 1), (99, 2)])
def test_step_without_a_histogram_shows_the_last_one_before_it(step: int | None, row: int | None) -> None:
    assert at_steps(10, 20, 30).row_at(step) == row


def test_outline_is_a_hundred_steps_back_or_the_first_there_is() -> None:
    shares = at_steps(0, 50, 120, 160)

    assert shares.earlier_than(3, 100) == 1
    assert shares.earlier_than(1, 100) == 0
    assert shares.earlier_than(0, 100) is None


def test_bins_are_named_by_their_powers_of_two() -> None:
    number = -11 - FIRST_EXPONENT

    assert edge_decade(number) == pytest.approx(math.log10(2.0**-11))
    assert bin_at(math.log10(5e-4)) == number
    assert bin_at(edge_decade(number)) == number
    assert bin_name(number) == "4.9e-4 … 9.8e-4 (2^-11)"
    assert bin_name(0) == "< 7.1e-15 (2^-47)"
    assert bin_name(N_EXPONENTS - 1) == "≥ 3.3e+4 (2^15)"


def test_half_of_the_elements_lie_below_the_median() -> None:
    shares = combine([history([0], {10: 30, 11: 60, 20: 10, ZERO: 500, INF: 7})], [1])
    found = median_decade(shares.shares[0])

    assert found == pytest.approx(edge_decade(11) + DECADES_A_BIN / 3)
    assert median_decade(combine([history([0], {NAN: 3})], [1]).shares[0]) is None


@pytest.mark.parametrize("ends", [(0, 3), (60, 63), (30, 30), (5, 60), (0, 63)])
def test_at_least_24_bins_are_shown_and_none_that_does_not_exist(ends: tuple[int, int]) -> None:
    low, high = widened(ends)

    assert 0 <= low <= ends[0] <= ends[1] <= high < N_EXPONENTS
    assert high - low + 1 >= 24


def test_occupied_bins_leave_out_those_without_a_magnitude() -> None:
    assert occupied(combine([history([0, 1], {12: 1, NAN: 5}, {40: 1})], [1]).shares) == (12, 40)
    assert occupied(combine([history([0], {ZERO: 5})], [1]).shares) is None


def test_each_column_shows_the_last_histogram_up_to_its_step() -> None:
    columns = columns_of(at_steps(2, 4), (-0.5, 9.5), newest=6, most=100)

    assert columns.rows.tolist() == [-1, -1, 0, 0, 1, 1, 1]
    assert columns.width == 1.0


def test_where_measuring_paused_nothing_is_shown() -> None:
    steps = (*range(0, 40, 2), 60)
    columns = columns_of(at_steps(*steps), (-0.5, 69.5), newest=69, most=100)

    assert columns.rows.tolist() == [*np.repeat(np.arange(20), 2), 19, 19, *[-1] * 18, *[20] * 4, *[-1] * 6]
    assert columns_of(at_steps(3), (-0.5, 9.5), newest=9, most=100).rows.tolist() == [-1, -1, -1, 0, *[-1] * 6]


def test_where_measuring_is_sampled_a_histogram_stands_up_to_the_next_one() -> None:
    columns = columns_of(at_steps(0, 1, 2, 3, 20, 32, 47), (-0.5, 59.5), newest=59, most=100)

    assert (columns.rows >= 0).all()


def test_many_steps_share_a_column_and_its_newest_is_shown() -> None:
    columns = columns_of(at_steps(0, 500, 999), (-0.5, 999.5), newest=999, most=10)

    assert columns.rows.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1, 2]


def test_colours_grow_with_the_share_and_nothing_has_none() -> None:
    codes = share_codes(np.array([0.0, 1e-5, 0.0003, 0.01, 0.3, 1.0]))

    assert codes[:3].tolist() == [-1, 0, 0]
    assert 0 < codes[3] < 255
    assert codes[4:].tolist() == [255, 255]


def test_picture_has_nan_in_its_own_colour_empty_bins_empty_and_what_was_not_measured_grey() -> None:
    shares = combine([history([1, 2], {10: 1, ZERO: 1}, {NAN: 4000, 11: 1})], [1])
    columns = columns_of(shares, (-0.5, 2.5), newest=2, most=100)
    main, strip = make_pictures(shares, columns, (10, 12), "viridis", LIGHT)

    def color(pixel: np.ndarray) -> str:
        return "#{:02X}{:02X}{:02X}".format(*pixel[:3].tolist())

    assert main.shape == (3, 3, 4)
    assert {color(pixel) for pixel in main[:, 0]} == {LIGHT.not_measured}
    assert color(main[1, 1]) == LIGHT.panel
    assert color(main[0, 1]) not in (LIGHT.panel, LIGHT.not_measured)
    assert [color(strip[3, column]) for column in range(3)] == [LIGHT.not_measured, LIGHT.panel, LIGHT.non_finite]
    assert color(strip[0, 1]) != LIGHT.panel
    assert color(strip[2, 2]) == LIGHT.panel


@pytest.mark.parametrize("name", ["float64", "float32", "float16"])
def test_ranges_are_those_of_the_type(name: str) -> None:
    limits, known = DTYPE_RANGES[name], np.finfo(name)

    assert math.ldexp(1.0, limits.normal) == float(known.smallest_normal)
    assert math.ldexp(1.0, limits.subnormal) == float(known.smallest_subnormal)
    assert math.frexp(float(known.max))[1] == limits.end
