"""Statistics of tensors of every size, layout and type against float64 by hand, on the host and as on a device."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from moduleview.probes.device_moments import device_moments, device_zero_shares
from moduleview.probes.host_moments import host_moments, host_zero_shares
from moduleview.probes.plain_values import PlainValues, plain_values
from moduleview.probes.statistic import OF_COMPLEX, Statistic
from moduleview.probes.tensor_readings import TensorReadings

SIZES = [1, 7, 4_096, 4_097, 65_536, 65_537, 131_072, 131_073, 3_000_000]
Found = dict[Statistic, float]


def on_host(group: PlainValues) -> dict[str, torch.Tensor]:
    return {**host_moments(group, only_norm=False), Statistic.ZERO_SHARE: host_zero_shares(group)}


def on_device(group: PlainValues) -> dict[str, torch.Tensor]:
    return {**device_moments(group, only_norm=False), Statistic.ZERO_SHARE: device_zero_shares(group)}


WAYS = pytest.mark.parametrize("way", [on_host, on_device])
Way = Callable[[PlainValues], dict[str, torch.Tensor]]


def statistics(tensor: torch.Tensor, way: Way) -> Found:
    (group,) = plain_values({"w": tensor})
    return {Statistic(name): float(values[0]) for name, values in way(group).items()}


def by_hand(tensor: torch.Tensor) -> Found:
    """Over every element, in float64."""
    wide = np.asarray(tensor.detach().to_dense().to(torch.float64).reshape(-1))
    return {
        Statistic.NORM: float(np.sqrt((wide**2).sum())),
        Statistic.RMS: float(np.sqrt((wide**2).mean())),
        Statistic.MEAN: float(wide.mean()),
        Statistic.STD: float(wide.std()),
        Statistic.MAX: float(np.abs(wide).max()),
        Statistic.NON_FINITE: float((~np.isfinite(wide)).sum()),
        Statistic.ZERO_SHARE: float((wide == 0).mean()),
    }


def assert_close(found: Found, true: Found, relative: float = 1e-6) -> None:
    for statistic in Statistic:
        # a mean is a sum of both signs: its error is measured by the size of what was summed
        size = true[Statistic.RMS] if statistic is Statistic.MEAN else abs(true[statistic])
        assert abs(found[statistic] - true[statistic]) <= relative * size, statistic


def numbers(n: int, dtype: torch.dtype = torch.float32, mean: float = 0.1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(n)
    values = torch.randn(n, generator=generator, dtype=torch.float64) + mean
    values[::5] = 0.0
    return values.to(dtype)


@WAYS
@pytest.mark.parametrize("n", SIZES)
def test_every_size_is_exact(n: int, way: Way) -> None:
    tensor = numbers(n)
    # torch's norm on the CPU, which stands for a device here, adds up long columns in float32: off by 4e-5
    assert_close(statistics(tensor, way), by_hand(tensor), 1e-4 if way is on_device and n > 200_000 else 1e-6)


@WAYS
@pytest.mark.parametrize("n", [7, 65_537])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16, torch.float8_e5m2, torch.int32])
def test_every_type_is_exact(dtype: torch.dtype, n: int, way: Way) -> None:
    tensor = (numbers(n) * 8).to(dtype)
    relative = 1e-3 if dtype.itemsize == 2 else 1e-5 if way is on_device else 1e-6
    assert_close(statistics(tensor, way), by_hand(tensor.float()), relative)


LAYOUTS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "transposed": lambda flat: flat.view(-1, 60).t(),
    "expanded": lambda flat: flat.view(-1, 1, 60).expand(-1, 7, -1),
    "scalar expanded": lambda flat: flat[3].expand(300, 40),
    "sliced rows": lambda flat: flat.view(-1, 60)[3:-5],
    "sliced columns": lambda flat: flat.view(-1, 60)[:, 7:-3],
    "every second": lambda flat: flat[::2],
    "channels last": lambda flat: flat.view(-1, 4, 5, 3).to(memory_format=torch.channels_last),
    "scalar": lambda flat: flat[1].reshape(()),
    "negated view": lambda flat: torch.complex(flat, flat + 1).conj().imag,
    "sparse": lambda flat: flat.view(-1, 60).to_sparse(),
    "sparse rows": lambda flat: flat.view(-1, 60).to_sparse_csr(),
    "sparse, repeated rows": lambda flat: torch.sparse_coo_tensor(
        torch.tensor([[0, 2, 2]]), flat[:180].view(3, 60), (9, 60), check_invariants=True
    ),
}


@WAYS
@pytest.mark.parametrize("n", [600, 60_000])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.filterwarnings("ignore:Sparse CSR:UserWarning", "ignore:Sparse invariant:UserWarning")
def test_every_layout_is_exact(layout: str, n: int, way: Way) -> None:
    tensor = LAYOUTS[layout](numbers(n))
    assert_close(statistics(tensor, way), by_hand(tensor))


@WAYS
@pytest.mark.parametrize("n", [300, 200_000])
@pytest.mark.parametrize(("mean", "relative"), [(1.0, 1e-6), (1_000.0, 1e-4)])
def test_a_deviation_that_is_small_beside_the_mean_is_exact(n: int, mean: float, relative: float, way: Way) -> None:
    tensor = (1e-2 * numbers(n, torch.float64) + mean).float()
    assert statistics(tensor, way)[Statistic.STD] == pytest.approx(by_hand(tensor)[Statistic.STD], rel=relative)
    assert statistics(torch.full((n,), mean), way)[Statistic.STD] == 0.0


@pytest.mark.parametrize("n", [300, 100_000])
def test_a_mean_that_nearly_cancels_is_exact_on_the_host(n: int) -> None:
    tensor = (numbers(n, torch.float64, mean=0.0) * 3.0).float()
    tensor -= (tensor.double().mean() * (1 - 1e-3)).float()  # a thousandth of what the elements' chance leaves
    assert statistics(tensor, on_host)[Statistic.MEAN] == pytest.approx(by_hand(tensor)[Statistic.MEAN], rel=1e-6)


@pytest.mark.parametrize("n", [300, 200_000])
@pytest.mark.parametrize("size", [1e-38, 1e-25, 1e25, 1e34])
def test_gradients_that_vanish_or_explode_are_exact_on_the_host(size: float, n: int) -> None:
    tensor = (numbers(n, torch.float64) * size).float()
    assert_close(statistics(tensor, on_host), by_hand(tensor))


@pytest.mark.parametrize("n", [5, 200_000])
def test_denormals_are_exact_on_the_host(n: int) -> None:
    tensor = torch.full((n,), 1e-42)
    tensor[2] = 0.0
    found, true = statistics(tensor, on_host), by_hand(tensor)
    for statistic in Statistic:  # results are as coarse as denormals are: 1.4e-45
        assert found[statistic] == pytest.approx(true[statistic], rel=1e-6, abs=0.8e-45), statistic


@pytest.mark.parametrize("n", [5, 200_000])
def test_numbers_beyond_float32_are_infinite_and_not_counted_as_such(n: int) -> None:
    tensor = torch.zeros(n, dtype=torch.float64)
    tensor[1], tensor[3] = 1e308, -1e308
    found = statistics(tensor, on_host)
    assert found[Statistic.NON_FINITE] == 0.0
    assert found[Statistic.MEAN] == 0.0
    assert {found[s] for s in (Statistic.NORM, Statistic.RMS, Statistic.STD, Statistic.MAX)} == {math.inf}
    same = statistics(torch.full((n,), 1e308, dtype=torch.float64), on_host)
    assert (same[Statistic.MEAN], same[Statistic.STD]) == (math.inf, 0.0)


@WAYS
@pytest.mark.parametrize("n", [9, 300_000])
def test_what_is_not_finite_is_counted_and_never_lost_beside_numbers(n: int, way: Way) -> None:
    tensor = numbers(n)
    tensor[n // 2] = math.inf
    found = statistics(tensor, way)
    assert [found[s] for s in (Statistic.NORM, Statistic.RMS, Statistic.MEAN, Statistic.MAX)] == [math.inf] * 4
    assert math.isnan(found[Statistic.STD])
    assert found[Statistic.NON_FINITE] == 1.0
    tensor[1], tensor[n - 1] = math.nan, -math.inf
    found = statistics(tensor, way)
    for statistic in (Statistic.NORM, Statistic.RMS, Statistic.MEAN, Statistic.STD, Statistic.MAX):
        assert math.isnan(found[statistic]), statistic
    assert found[Statistic.NON_FINITE] == 3.0
    assert found[Statistic.ZERO_SHARE] == pytest.approx(float((tensor == 0).double().mean()))


@WAYS
def test_an_expanded_nan_is_counted_as_often_as_it_stands_there(way: Way) -> None:
    assert statistics(torch.tensor([math.nan, 1.0]).view(2, 1).expand(2, 50), way)[Statistic.NON_FINITE] == 50.0


@WAYS
def test_minus_zero_is_zero(way: Way) -> None:
    found = statistics(torch.tensor([-0.0, 0.0, 1.0, -2.0]), way)
    assert found[Statistic.ZERO_SHARE] == 0.5
    assert found[Statistic.MAX] == 2.0


@WAYS
@pytest.mark.parametrize("n", [4, 9_000])
def test_a_complex_element_is_one_element(n: int, way: Way) -> None:
    tensor = torch.full((n,), 3 - 4j)
    tensor[0], tensor[1], tensor[2] = 0, complex(math.nan, math.inf), complex(0, 1)
    found = statistics(tensor, way)
    assert found[Statistic.NON_FINITE] == 1.0
    assert found[Statistic.ZERO_SHARE] == pytest.approx(1 / n)
    found = statistics(torch.full((n,), 3 - 4j), way)
    assert found[Statistic.RMS] == pytest.approx(5.0)
    assert found[Statistic.NORM] == pytest.approx(5.0 * math.sqrt(n))


def test_statistics_that_mean_nothing_for_complex_numbers_leave_them_out() -> None:
    readings = TensorReadings(
        {"a": torch.ones(3), "c": torch.ones(3) * 1j, "b": torch.zeros(2)}, frozenset({"grad_std"})
    )
    for statistic in Statistic:
        (reading,) = readings.statistic(statistic)
        assert reading.fqns == (("a", "c", "b") if statistic in OF_COMPLEX else ("a", "b"))
        assert reading.n_elements == ((3, 3, 2) if statistic in OF_COMPLEX else (3, 2))
        assert len(reading.values) == len(reading.fqns)


def test_many_tensors_keep_their_own_numbers() -> None:
    """Small ones are reduced together, large ones alone: none may get another's."""
    tensors = {f"w{n}": numbers(n) for n in (5, 70_000, 1, 4_096, 5_000, 12)}
    for way in (on_host, on_device):
        (group,) = plain_values(tensors)
        found = way(group)
        for row, (fqn, tensor) in enumerate(tensors.items()):
            assert group.fqns[row] == fqn
            assert_close({s: float(found[s][row]) for s in Statistic}, by_hand(tensor))


def test_norms_alone_are_the_same_norms() -> None:
    (group,) = plain_values({"a": numbers(70_000), "b": numbers(5)})
    for moments in (host_moments, device_moments):
        alone, together = moments(group, only_norm=True), moments(group, only_norm=False)
        assert alone.keys() == {Statistic.NORM, Statistic.RMS}
        assert all(torch.equal(alone[name], together[name]) for name in alone)


def test_numbers_are_divided_by_what_a_fused_optimizer_divides_by() -> None:
    readings = TensorReadings({"w": numbers(70_000) * 1_024}, frozenset({"grad_std"}), torch.tensor(1_024.0))
    found = {s: float(readings.statistic(s)[0].values[0]) for s in Statistic}
    assert_close(found, by_hand(numbers(70_000)))
