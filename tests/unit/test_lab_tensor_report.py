"""A tensor in numbers: statistics, and magnitudes by the power of two."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations

from moduleview.lab.magnitude_histogram import magnitude_histogram
from moduleview.lab.tensor_report import MAX_ELEMENTS, report_tensor
from moduleview.lab.tensor_statistics import tensor_statistics


class Holder(nn.Module):
    """Holds one tensor as a parameter, or as a buffer where it cannot be one."""

    def __init__(self, tensor: torch.Tensor, *, is_parameter: bool = False) -> None:
        super().__init__()
        if is_parameter:
            self.tensor = nn.Parameter(tensor)
        else:
            self.register_buffer("tensor", tensor)


def test_value_and_gradient_of_a_parameter_are_reported() -> None:
    model = nn.Sequential(Holder(torch.tensor([1.0, -2.0, 0.0, 5.0]), is_parameter=True))
    model[0].tensor.grad = torch.tensor([0.5, 0.0, 0.0, 0.0])
    report = report_tensor(model, "0.tensor", 7)
    assert (report.fqn, report.step, report.device, report.not_available) == ("0.tensor", 7, "cpu", "")
    value, gradient = report.value, report.gradient
    assert value is not None
    assert (value.norm, value.mean, value.min, value.max) == (math.sqrt(30), 1.0, -2.0, 5.0)
    assert value.std == pytest.approx(math.sqrt(26 / 4))
    assert (value.zero_share, value.non_finite) == (0.25, 0)
    assert gradient is not None
    assert (gradient.norm, gradient.zero_share) == (0.5, 0.75)
    assert report.value_histogram is not None
    assert report.value_histogram.exponents.tolist() == [0, 1, 2]
    assert report.value_histogram.shares.tolist() == [0.25, 0.25, 0.25]
    assert report.value_histogram.zero == 0.25


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize(
    "numbers",
    [
        [3.0, math.nan, -4.0, 0.0],
        [math.nan] * 4,
        [3.0, math.inf, -4.0, 0.0],
        [3.0, -math.inf, math.inf, 0.0],
        [math.nan, -math.inf, math.inf, 0.0],
    ],
    ids=str,
)
def test_statistics_of_what_is_not_finite_are_those_of_torch_and_it_is_counted(
    numbers: list[float], dtype: torch.dtype
) -> None:
    tensor = torch.tensor(numbers, dtype=dtype)
    report = report_tensor(Holder(tensor), "tensor", 0)
    value, histogram = report.value, report.value_histogram
    assert value is not None
    assert histogram is not None
    expected = [float(x) for x in (tensor.norm(), tensor.mean(), tensor.std(), tensor.min(), tensor.max())]
    np.testing.assert_equal([value.norm, value.mean, value.std, value.min, value.max], expected)
    assert value.non_finite == sum(not math.isfinite(x) for x in numbers)
    assert value.zero_share == numbers.count(0.0) / 4
    assert histogram.nan == sum(map(math.isnan, numbers)) / 4
    assert histogram.inf == sum(map(math.isinf, numbers)) / 4


def test_finite_numbers_whose_sum_overflows_are_finite() -> None:
    value = tensor_statistics(torch.full((8,), 3e38), 1.0)
    assert value.non_finite == 0
    assert value.mean == pytest.approx(3e38, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_magnitudes_are_those_of_frexp_and_every_element_is_in_one_bin(dtype: torch.dtype) -> None:
    info = torch.finfo(dtype)
    numbers = [0.0, -0.0, 1.0, -1.5, 2.0, info.max, info.tiny, info.tiny / 2, math.inf, -math.inf, math.nan]
    histogram = magnitude_histogram(torch.tensor(numbers, dtype=dtype))
    n = len(numbers)
    assert (histogram.zero, histogram.subnormal, histogram.inf, histogram.nan) == (2 / n, 1 / n, 2 / n, 1 / n)
    whole = histogram.shares.sum() + histogram.zero + histogram.subnormal + histogram.inf + histogram.nan
    assert whole == pytest.approx(1.0)
    shares = dict(zip(histogram.exponents.tolist(), (histogram.shares * n).round().tolist(), strict=True))
    expected = {0: 2.0, 1: 1.0, math.frexp(info.max)[1] - 1: 1.0, math.frexp(info.tiny)[1] - 1: 1.0}
    assert {exponent: count for exponent, count in shares.items() if count} == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), min_size=1, max_size=40))
def test_any_floats_are_all_in_the_bins(numbers: list[float]) -> None:
    histogram = magnitude_histogram(torch.tensor(numbers, dtype=torch.float32))
    whole = histogram.shares.sum() + histogram.zero + histogram.subnormal + histogram.inf + histogram.nan
    assert whole == pytest.approx(1.0)
    assert len(histogram.exponents) == len(histogram.shares)
    for exponent, share in zip(histogram.exponents.tolist(), histogram.shares.tolist(), strict=True):
        inside = [x for x in numbers if math.isfinite(x) and 2.0**exponent <= abs(x) < 2.0 ** (exponent + 1)]
        assert share == pytest.approx(len(inside) / len(numbers))


def test_a_tensor_of_zeros_has_no_bins() -> None:
    histogram = magnitude_histogram(torch.zeros(5))
    assert (len(histogram.exponents), histogram.zero) == (0, 1.0)


@pytest.mark.parametrize(
    ("make", "because"),
    [
        (lambda: nn.LazyLinear(3).weight, "lazy"),
        (lambda: torch.ones(3, device="meta"), "meta device"),
        (lambda: torch.eye(3).to_sparse(), "sparse"),
        (lambda: torch.tensor([1j]), "complex"),
        (lambda: torch.zeros(0), "no elements"),
        (lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), "quantised"),
    ],
    ids=["lazy", "meta", "sparse", "complex", "empty", "quantised"],
)
@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor", "ignore:.*quantiz.*")
def test_what_has_no_values_says_so(make: Callable[[], torch.Tensor], because: str) -> None:
    report = report_tensor(Holder(make()), "tensor", 0)
    assert because in report.not_available
    assert report.value is report.gradient is report.value_histogram is report.gradient_histogram is None


def test_a_name_that_is_not_there_says_so() -> None:
    for fqn in ("gone", "gone.weight", "weight.gone", ""):
        assert "no parameter or buffer of that name" in report_tensor(nn.Linear(1, 1), fqn, 0).not_available


def test_a_missing_gradient_says_why() -> None:
    model = nn.BatchNorm1d(3)
    assert "no step has been made" in report_tensor(model, "weight", 0).gradient_missing
    assert "none was computed" in report_tensor(model, "weight", 3).gradient_missing
    assert "buffer" in report_tensor(model, "num_batches_tracked", 0).gradient_missing
    assert report_tensor(model, "num_batches_tracked", 0).value is not None
    model.bias.requires_grad_(False)
    assert "frozen" in report_tensor(model, "bias", 0).gradient_missing
    embedding = nn.Embedding(3, 2, sparse=True)
    embedding(torch.tensor([1])).sum().backward()
    assert "sparse" in report_tensor(embedding, "weight", 0).gradient_missing


def test_reading_a_spectral_norm_changes_nothing() -> None:
    model = parametrizations.spectral_norm(nn.Linear(3, 3))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    report_tensor(model, "weight", 0)
    for name in before:
        assert report_tensor(model, name, 0).value is not None
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_large_tensor_is_sampled_and_its_norm_scaled() -> None:
    tensor = torch.ones(1).expand(MAX_ELEMENTS + 5)  # one element in memory
    exact = report_tensor(Holder(tensor), "tensor", 0).value
    assert exact is not None
    assert exact.norm == pytest.approx(math.sqrt(MAX_ELEMENTS + 5))
    big = torch.full((MAX_ELEMENTS + 1,), 2.0)
    sampled = report_tensor(Holder(big), "tensor", 0).value
    assert sampled is not None
    assert sampled.norm == pytest.approx(2.0 * math.sqrt(MAX_ELEMENTS + 1), rel=1e-6)
    assert (sampled.mean, sampled.std) == (2.0, 0.0)


def test_shares_are_plain_arrays_that_hold_no_tensor() -> None:
    model = Holder(torch.ones(4), is_parameter=True)
    report = report_tensor(model, "tensor", 0)
    assert report.value_histogram is not None
    with torch.no_grad():
        model.tensor.fill_(8.0)
    assert report.value_histogram.exponents.tolist() == [0]
    assert report.value_histogram.exponents.dtype == np.int32
    assert report.value_histogram.shares.dtype == np.float64
