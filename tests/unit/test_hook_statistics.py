"""The five numbers that a hook takes of a tensor."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from moduleview.hooks.sampling import flat_elements, sample_elements
from moduleview.hooks.statistics import NOT_APPLICABLE, SAMPLE_SIZE, Seen, statistics_of


def numbers(tensor: torch.Tensor) -> list[float]:
    return [float(value) for value in statistics_of(tensor) if value is not None]


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor([[0.0, -3.0], [1.0, 4.0]]),
        torch.tensor([[0.0, -3.0], [1.0, 4.0]]).T,
        torch.tensor([0.0, -3.0, 1.0, 4.0], dtype=torch.bfloat16),
        torch.tensor([0.0, -3.0, 1.0, 4.0], dtype=torch.float64),
        torch.tensor([0, -3, 1, 4]),
        torch.tensor([0.0, -3.0, 1.0, 4.0]).to(torch.float8_e4m3fn),
        torch.tensor([[0.0], [-3.0], [1.0], [4.0]]).expand(4, 5),
        torch.tensor([0.0, 9.0, -3.0, 9.0, 1.0, 9.0, 4.0])[::2],
    ],
    ids=["plain", "transposed", "bfloat16", "float64", "int", "float8", "expanded", "strided"],
)
def test_mean_deviation_maximum_zeros_and_non_finite(tensor: torch.Tensor) -> None:
    assert numbers(tensor) == pytest.approx([0.5, math.sqrt((0.25 + 12.25 + 0.25 + 12.25) / 4), 4.0, 0.25, 0.0])


def test_bool_is_zeros_and_ones() -> None:
    assert numbers(torch.tensor([True, False, True, True])) == pytest.approx([0.75, math.sqrt(3) / 4, 1.0, 0.25, 0.0])


def test_a_constant_far_from_zero_has_no_deviation() -> None:
    assert numbers(torch.full((1000,), 1e4))[1] == pytest.approx(0.0, abs=1e-2)


def test_half_precision_does_not_overflow() -> None:
    assert numbers(torch.tensor([6e4, -6e4] * 100, dtype=torch.float16))[1] == pytest.approx(6e4, rel=1e-2)


@pytest.mark.parametrize("scale", [1e-30, 1e-22, 1e25])
def test_deviation_of_gradients_that_vanish_or_explode_is_true(scale: float) -> None:
    """Their squares are beyond single precision."""
    values = torch.randn(1000, generator=torch.Generator().manual_seed(0)) * scale
    assert numbers(values)[1] == pytest.approx(float(values.double().std(correction=0)), rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.float64])
def test_nan_and_infinity_are_counted(dtype: torch.dtype) -> None:
    tensor = torch.ones(10, dtype=dtype)
    tensor[3], tensor[5] = math.nan, -math.inf
    mean, _, largest, zeros, bad = numbers(tensor)
    assert math.isnan(mean)
    assert math.isnan(largest)
    assert (zeros, bad) == (0.0, 2.0)


def test_of_a_large_tensor_the_maximum_is_exact_and_one_bad_element_is_not_missed() -> None:
    tensor = torch.zeros(1_000_003)
    tensor[999_999] = -7.0
    assert numbers(tensor)[2] == 7.0
    tensor[20] = math.inf
    assert math.isfinite(float(sample_elements(tensor, SAMPLE_SIZE).sum()))
    assert numbers(tensor)[4] == 1.0


def test_a_sample_meets_every_channel() -> None:
    tensor = torch.zeros(512, 768)
    tensor[:, ::2] = 2.0
    mean, std, _, zeros, _ = numbers(tensor)
    assert (mean, std, zeros) == pytest.approx((1.0, 1.0, 0.5), rel=0.02)


@pytest.mark.parametrize("n", [16_385, 65_536, 196_608, 10**6, 2**22])
@pytest.mark.parametrize("step", [1, 2])
def test_a_sample_is_spread_over_the_whole_and_takes_no_element_twice(n: int, step: int) -> None:
    sample = sample_elements(torch.arange(n * step)[::step], SAMPLE_SIZE) // step
    assert sample.numel() == SAMPLE_SIZE == sample.unique().numel()
    assert sample.min() == 0
    assert 0.98 * n < sample.max() < n


def test_a_permuted_tensor_is_read_without_a_copy() -> None:
    tensor = torch.randn(4, 5, 6, 7).to(memory_format=torch.channels_last)
    assert flat_elements(tensor).data_ptr() == tensor.data_ptr()
    assert flat_elements(tensor).sort().values.equal(tensor.reshape(-1).sort().values)


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.ones(3, device="meta"),
        lambda: torch.tensor([1j]),
        lambda: torch.zeros(0),
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    ],
    ids=["meta", "complex", "empty", "nested"],
)
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested")
def test_where_numbers_do_not_apply_there_are_none(make: Callable[[], torch.Tensor]) -> None:
    assert statistics_of(make()) == NOT_APPLICABLE


def test_what_was_seen_says_when_it_was_a_sample() -> None:
    assert str(Seen((32, 64), torch.float32, False)) == "32 × 64 · float32"
    assert str(Seen((), torch.bfloat16, False)) == "scalar · bfloat16"
    assert str(Seen((1000, 1000), torch.float32, True)) == "1000 × 1000 · float32 · sampled"
