"""Tiles, images, histograms, spectra and numbers of frozen tensors, against what numpy and torch say of the whole."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moduleview.errors import ModuleViewError
from moduleview.lab.distribution import read_histogram, read_statistics
from moduleview.lab.dtypes import DTYPES, significant_digits
from moduleview.lab.image import read_image
from moduleview.lab.spectrum import read_spectrum
from moduleview.lab.tile import read_tile
from moduleview.telemetry.lab_views import (
    Plane,
    RequestHistogram,
    RequestImage,
    RequestSpectrum,
    RequestStatistics,
    RequestTile,
)

CUBE = torch.arange(2 * 3 * 4.0).reshape(2, 3, 4)
FLAT = Plane(0, 1, (0, 0))


def tile(plane: Plane, first: tuple[int, int] = (0, 0), size: tuple[int, int] = (9, 9)) -> RequestTile:
    return RequestTile(1, 1, plane, *first, *size)


@pytest.mark.parametrize(
    ("plane", "expected"),
    [
        (Plane(0, 1, (0, 0, 2)), CUBE[:, :, 2]),
        (Plane(2, 0, (0, 1, 0)), CUBE[:, 1, :].T),
        (Plane(None, 2, (1, 1, 0)), CUBE[1, 1][None]),
        (Plane(1, None, (1, 0, 3)), CUBE[1, :, 3][:, None]),
        (Plane(None, None, (1, 2, 3)), torch.tensor([[23.0]])),
    ],
)
def test_a_tile_shows_any_two_axes(plane: Plane, expected: torch.Tensor) -> None:
    answer = read_tile(CUBE, tile(plane))
    assert np.array_equal(answer.values, expected.numpy())
    assert (answer.n_rows, answer.n_columns) == tuple(expected.shape)
    assert answer.digits == 9


def test_a_tile_is_cut_at_the_edges_and_at_its_limit() -> None:
    wide = torch.arange(1000.0).reshape(10, 100).expand(10, 100)
    answer = read_tile(wide, tile(FLAT, (8, 95), (10, 10)))
    assert answer.values.shape == (2, 5)
    beyond = read_tile(wide, tile(FLAT, (50, 500), (5, 5)))
    assert beyond.values.size == 0
    huge = read_tile(torch.zeros(1).expand(100_000, 100_000), tile(FLAT, (0, 0), (100_000, 100_000)))
    assert huge.values.size <= 65_536


@pytest.mark.parametrize(
    ("plane", "words"),
    [
        (Plane(0, 1, (0, 0)), "names 2 axes, and the tensor has 3"),
        (Plane(0, 0, (0, 0, 0)), "two different axes"),
        (Plane(0, 5, (0, 0, 0)), "two different axes"),
        (Plane(0, 1, (0, 0, 9)), "Axis 2 has no index 9: its size is 4"),
    ],
)
def test_a_slice_that_is_not_there_is_a_sentence(plane: Plane, words: str) -> None:
    with pytest.raises(ModuleViewError, match=words):
        read_tile(CUBE, tile(plane))


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_has_a_tile_an_image_a_histogram_and_numbers(name: str) -> None:
    tensor = torch.tensor([[0.0, 1.0], [1.0, 1.0]]).to(DTYPES[name])
    values = read_tile(tensor, tile(FLAT)).values
    assert np.array_equal(values, np.array([[0, 1], [1, 1]])) or name == "float8_e8m0fnu"
    image = read_image(tensor, RequestImage(1, 1, FLAT, 8, 8))
    assert image.value_max == 1.0
    assert read_histogram(tensor, RequestHistogram(1, 1)).counts.sum() == 4
    assert read_statistics(tensor, RequestStatistics(1, 1)).n == 4


def test_complex_values_stay_complex_in_the_table_and_show_their_magnitude_elsewhere() -> None:
    tensor = torch.tensor([[3 + 4j, 0j]]).conj()
    assert read_tile(tensor, tile(FLAT)).values[0, 0] == 3 - 4j
    assert read_image(tensor, RequestImage(1, 1, FLAT, 4, 4)).value_max == 5.0
    assert read_statistics(tensor, RequestStatistics(1, 1)).max == 5.0


@pytest.mark.parametrize("name", ["float32", "float64", "float16", "bfloat16"])
def test_so_many_digits_tell_values_apart(name: str) -> None:
    dtype = DTYPES[name]
    one = torch.tensor(1.0, dtype=dtype)
    after = torch.nextafter(one.to(dtype), torch.tensor(2.0, dtype=dtype)) if name != "float16" else one + 2**-10
    digits = significant_digits(dtype)
    assert f"{float(one):.{digits}g}" != f"{float(after):.{digits}g}"
    assert significant_digits(torch.int64) == 0


@settings(max_examples=50, deadline=None)
@given(
    rows=st.integers(0, 40),
    columns=st.integers(0, 40),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    bad=st.lists(st.sampled_from([float("nan"), float("inf"), -float("inf")]), max_size=5),
)
def test_no_cell_is_hidden_in_an_image(rows: int, columns: int, size: tuple[int, int], bad: list[float]) -> None:
    generator = torch.Generator().manual_seed(rows * 41 + columns)
    tensor = torch.randn(rows, columns, generator=generator)
    for place, value in enumerate(bad[: tensor.numel()]):
        tensor.view(-1)[place] = value
    image = read_image(tensor, RequestImage(1, 1, FLAT, *size))
    assert image.low.shape[0] <= size[0]
    assert image.low.shape[1] <= size[1]
    array = tensor.numpy()
    finite = array[np.isfinite(array)]
    assert (image.n_nan, image.n_inf) == (int(np.isnan(array).sum()), int(np.isinf(array).sum()))
    if finite.size:
        assert (image.value_min, image.value_max) == (finite.min(), finite.max())
    down, right = (max(1, math.ceil(n / wanted)) for n, wanted in zip(array.shape, size, strict=True))
    for row in range(image.low.shape[0]):
        for column in range(image.low.shape[1]):
            block = array[row * down : (row + 1) * down, column * right : (column + 1) * right]
            good = block[np.isfinite(block)]
            low, high = (good.min(), good.max()) if good.size else (np.nan, np.nan)
            assert np.array_equal([image.low[row, column], image.high[row, column]], [low, high], equal_nan=True)
            assert image.bad[row, column] == np.isnan(block).any() + 2 * np.isinf(block).any()


def test_a_region_of_an_image_is_looked_at_alone() -> None:
    tensor = torch.arange(100.0).reshape(10, 10)
    image = read_image(tensor, RequestImage(1, 1, FLAT, 100, 100, region=(2, 3, 4, 50)))
    assert image.region == (2, 3, 4, 7)
    assert np.array_equal(image.low, tensor[2:6, 3:].numpy())
    with pytest.raises(ModuleViewError, match="pixels are too many"):
        read_image(torch.zeros(1).expand(5000, 5000), RequestImage(1, 1, FLAT, 9000, 9000))
    with pytest.raises(ModuleViewError, match="look at a part of it"):
        read_image(torch.zeros(1).expand(50_000, 50_000), RequestImage(1, 1, FLAT, 90, 90))


def test_histogram_and_numbers_agree_with_numpy() -> None:
    values = torch.randn(100, 70, generator=torch.Generator().manual_seed(0))
    values[0, :3] = torch.tensor([float("nan"), float("inf"), -float("inf")])
    values[1, :5] = 0.0
    finite = values.numpy()[np.isfinite(values.numpy())].astype(np.float64)
    answer = read_histogram(values.t(), RequestHistogram(1, 1, n_bins=20))
    assert np.abs(answer.counts - np.histogram(finite, bins=answer.edges)[0]).sum() <= 4  # at the edges
    assert (answer.counts.sum(), answer.n_nan, answer.n_inf, answer.n) == (6997, 1, 2, 7000)
    assert answer.magnitudes is not None
    assert answer.magnitudes.nan == pytest.approx(1 / 7000)
    numbers = read_statistics(values.t(), RequestStatistics(1, 1))
    assert numbers.mean == pytest.approx(finite.mean())
    assert numbers.std == pytest.approx(finite.std())
    assert numbers.norm == pytest.approx(np.linalg.norm(finite))
    assert (numbers.min, numbers.max) == (finite.min(), finite.max())
    assert (numbers.n_zero, numbers.n_nan, numbers.n_inf) == (5, 1, 2)
    plane = read_statistics(values, RequestStatistics(1, 1, Plane(None, 1, (1, 0))))
    assert (plane.n, plane.n_zero) == (70, 5)


def test_nothing_finite_one_value_and_nothing_at_all() -> None:
    empty = read_histogram(torch.zeros(0), RequestHistogram(1, 1))
    assert (len(empty.edges), empty.n) == (0, 0)
    assert math.isnan(read_statistics(torch.zeros(0), RequestStatistics(1, 1)).mean)
    bad = read_histogram(torch.tensor([float("nan"), float("inf")]), RequestHistogram(1, 1))
    assert (bad.counts.sum(), bad.n_nan, bad.n_inf) == (0, 1, 1)
    constant = read_histogram(torch.full((5,), 3), RequestHistogram(1, 1))
    assert constant.counts.sum() == 5
    assert constant.magnitudes is None
    assert read_statistics(torch.tensor(3), RequestStatistics(1, 1)).n_unique == 1


def test_a_large_tensor_is_counted_in_a_sample_and_its_range_is_that_of_all() -> None:
    values = torch.zeros(9_000_000)
    values[4_444_444] = 7.0
    answer = read_histogram(values, RequestHistogram(1, 1))
    assert (answer.edges[-1], answer.n) == (7.0, 9_000_000)
    assert answer.remark == "Counted in a sample of 8,388,608 of 9,000,000 elements."
    assert answer.counts.sum() == 8_388_608


def test_an_expanded_tensor_is_looked_at_once() -> None:
    answer = read_histogram(torch.tensor([1.0, 2.0]).expand(10**9, 2), RequestHistogram(1, 1))
    assert answer.n == 2
    assert "stands for 1,000,000,000" in answer.remark


def test_the_spectrum_is_torchs() -> None:
    weight = torch.randn(6, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    answer = read_spectrum(weight, RequestSpectrum(1, 1))
    expected = torch.linalg.svdvals(weight.reshape(6, -1).double())
    assert np.allclose(answer.values, expected)
    assert (answer.n_rows, answer.n_columns, answer.rank) == (6, 18, 6)
    assert "6 × 18" in answer.remark
    assert answer.condition == pytest.approx(float(expected[0] / expected[-1]))
    of_slice = read_spectrum(weight, RequestSpectrum(1, 1, Plane(2, 3, (5, 1, 0, 0))))
    assert len(of_slice.values) == 3
    assert read_spectrum(torch.ones(3, 3), RequestSpectrum(1, 1)).rank == 1
    assert math.isinf(read_spectrum(torch.zeros(2, 2), RequestSpectrum(1, 1)).condition)
    assert read_spectrum(torch.eye(2, dtype=torch.int64), RequestSpectrum(1, 1)).rank == 2


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (torch.ones(3), "has 1 axes"),
        (torch.ones(0, 3), "no elements"),
        (torch.ones(0, 3, 2), "no elements"),
        (torch.tensor([[1.0, float("nan")]]), "1 of its 2 elements are NaN"),
        (torch.zeros(1).expand(5000, 5000), "would take as long as"),
        (torch.zeros(1).expand(5000, 500, 10), "would take as long as"),
    ],
)
def test_what_has_no_spectrum_says_why(tensor: torch.Tensor, words: str) -> None:
    with pytest.raises(ModuleViewError, match=words):
        read_spectrum(tensor, RequestSpectrum(1, 1))


def test_a_table_of_fifty_million_cells_answers_at_once() -> None:
    tensor = torch.zeros(5_000, 10_000)
    fastest = math.inf
    for row in range(0, 4_000, 400):
        began = time.perf_counter()
        read_tile(tensor, tile(FLAT, (row, 5_000), (60, 40)))
        fastest = min(fastest, time.perf_counter() - began)
    assert fastest < 5e-3
