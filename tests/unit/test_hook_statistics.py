"""The five numbers that a hook takes of a tensor."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from moduleview.hooks import statistics
from moduleview.hooks.sample_rows import SampleRows
from moduleview.hooks.sampling import SAMPLE_SIZE, flat_elements, sample_elements, sampled_blocks
from moduleview.hooks.statistics import row_statistics, seen_words

ONE_ROUND = 100_003 // SAMPLE_SIZE + 40  # the last block of a turn also sweeps what is left over at the end


def numbers(tensor: torch.Tensor, step: int = 0) -> list[float]:
    rows = SampleRows()
    sample = rows.take(tensor, step)
    rows.finish()
    return [] if sample is None else sample.statistics.tolist()


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


def test_of_a_large_tensor_a_bad_element_and_the_largest_are_met_within_one_round_of_samples() -> None:
    tensor = torch.zeros(100_003)
    tensor[99_999], tensor[20] = -7.0, math.inf
    seen = [numbers(tensor, step) for step in range(ONE_ROUND)]
    assert {largest for _, _, largest, _, _ in seen} == {0.0, 7.0, math.inf}
    assert max(bad for *_, bad in seen) == pytest.approx(100_003 / SAMPLE_SIZE)  # an estimate for the whole tensor


@pytest.mark.parametrize("n", [4_097, 4_098, 5_000, 16_385, 65_536, 196_608, 10**6])
@pytest.mark.parametrize("step", [1, 2])
def test_in_turn_every_element_is_sampled_and_none_twice_in_one_turn(n: int, step: int) -> None:
    flat = torch.arange(n * step)[::step]
    met = torch.zeros(n, dtype=torch.bool)
    for turn in range(2 * n // SAMPLE_SIZE + 40):
        sample = sampled_blocks(flat, turn).reshape(-1) // step
        assert sample.numel() == SAMPLE_SIZE == sample.unique().numel()
        met[sample] = True
    assert met.all()


def test_a_slice_is_sampled_inside_its_bounds() -> None:
    whole = torch.full((3, 50_000), math.nan)
    whole[1] = 2.0
    for step in range(15):
        assert numbers(whole[1], step) == [2.0, 0.0, 2.0, 0.0, 0.0]


def test_many_tensors_of_all_sizes_keep_their_own_numbers() -> None:
    rows, generator = SampleRows(), torch.Generator().manual_seed(0)
    tensors = [torch.randn(3 + index % 5, 7, generator=generator) * index for index in range(200)]
    for _ in range(2):  # the second step writes into the same rows
        rows.begin()
        samples = [rows.take(tensor, 0) for tensor in tensors]
        rows.finish()
        for tensor, sample in zip(tensors, samples, strict=True):
            assert sample is not None
            expected = [tensor.mean(), tensor.std(correction=0), tensor.abs().max()]
            torch.testing.assert_close(sample.statistics[:3], torch.stack(expected))


def test_a_device_and_the_host_compute_the_same() -> None:
    rows = torch.randn(9, 100, generator=torch.Generator().manual_seed(0))
    rows[1], rows[2, 3], rows[3, 4], rows[4, :7] = 0.0, math.nan, -math.inf, 0.0
    rows[5] *= 1e30
    rows[6] *= 1e-30
    weights = torch.arange(9.0)
    on_device = statistics._on_device(rows.clone(), weights)
    torch.testing.assert_close(row_statistics(rows, weights), on_device, equal_nan=True)


def test_inference_mode_leaves_rows_that_can_be_written_again() -> None:
    rows = SampleRows()
    with torch.inference_mode():
        rows.take(torch.ones(3), 0)
    rows.begin()
    sample = rows.take(torch.full((3,), 2.0), 1)
    rows.finish()
    assert sample is not None
    assert float(sample.statistics[0]) == 2.0


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
    assert numbers(make()) == []


def test_what_was_seen_says_when_it_was_a_sample() -> None:
    assert seen_words((32, 64), torch.float32, False) == "32 × 64 · float32"
    assert seen_words((), torch.bfloat16, False) == "scalar · bfloat16"
    assert seen_words((1000, 1000), torch.float32, True) == "1000 × 1000 · float32 · sample of 4096 in 1000000"
