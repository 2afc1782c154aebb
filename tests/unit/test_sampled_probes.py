"""Histograms, signal to noise and cosine of gradients: sampled at fixed places, against values by hand."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Mapping
from itertools import count as count_up
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn
from watched_run import WatchedRun

from moduleview.hooks.sampling import sample_elements
from moduleview.probes import element_sample
from moduleview.probes.base import Probe, StepView
from moduleview.probes.device_magnitudes import device_magnitudes
from moduleview.probes.grad_cosine import GradCosine
from moduleview.probes.grad_magnitudes import GradMagnitudes
from moduleview.probes.grad_snr import GradSnr
from moduleview.probes.host_magnitudes import host_magnitudes
from moduleview.probes.tensor_readings import TensorReadings
from moduleview.telemetry.histograms import FIRST_EXPONENT, INF, N_BINS, NAN, SUBNORMAL, ZERO
from moduleview.telemetry.quantities import GRAD_MAGNITUDES
from moduleview.telemetry.records import HistogramsMeasured

STEPS = count_up()  # each step has a number of its own
BOTH = pytest.mark.parametrize("count", [host_magnitudes, device_magnitudes])


def step_with(
    gradients: Mapping[str, torch.Tensor],
    scale: torch.Tensor | None = None,
    optimizer: torch.optim.Optimizer | None = None,
) -> StepView:
    """A step in which parameters have these gradients."""
    parameters = {}
    for fqn, gradient in gradients.items():
        parameters[fqn] = nn.Parameter(torch.zeros(gradient.shape, dtype=gradient.dtype))
        parameters[fqn].grad = gradient.clone()
    return StepView(next(STEPS), parameters, grad_scale=scale, optimizer=optimizer)


def measured(
    probe: Probe, gradients: Mapping[str, torch.Tensor], scale: torch.Tensor | None = None
) -> dict[str, float]:
    return {
        fqn: float(value)
        for one in probe.measure(step_with(gradients, scale))
        for fqn, value in zip(one.fqns, one.values, strict=True)
    }


def sample_of(tensor: torch.Tensor, scale: torch.Tensor | None = None) -> element_sample.ElementSample:
    (sample,) = TensorReadings({"w": tensor}, frozenset(), scale).samples
    return sample


def random(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# -- histograms -----------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("dtype", "value", "column"),
    [
        (torch.float32, 1.0, 0 - FIRST_EXPONENT),
        (torch.float32, -1.999, 0 - FIRST_EXPONENT),
        (torch.float32, 2.0**-48, 0),
        (torch.float32, 2.0**-120, 0),
        (torch.float32, 2.0**15, 63),
        (torch.float32, -3e38, 63),
        (torch.float32, 0.0, ZERO),
        (torch.float32, -0.0, ZERO),
        (torch.float32, 1e-40, SUBNORMAL),
        (torch.float32, -math.inf, INF),
        (torch.float32, math.nan, NAN),
        (torch.float64, 1e-40, 0),
        (torch.float64, 5e-324, SUBNORMAL),
        (torch.float64, 1e308, 63),
        (torch.float64, -0.75, -1 - FIRST_EXPONENT),
        (torch.float16, 2.0**-14, -14 - FIRST_EXPONENT),
        (torch.float16, 2.0**-15, SUBNORMAL),
        (torch.float16, -65_504.0, 15 - FIRST_EXPONENT),
        (torch.float16, math.inf, INF),
        (torch.bfloat16, -math.nan, NAN),
        (torch.bfloat16, 2.0**-14, -14 - FIRST_EXPONENT),
        (torch.float8_e4m3fn, 2.0**-6, -6 - FIRST_EXPONENT),
        (torch.float8_e4m3fn, 2.0**-7, SUBNORMAL),
        (torch.float8_e5m2, math.inf, INF),
        (torch.int8, -3.0, 1 - FIRST_EXPONENT),
        (torch.int8, 0.0, ZERO),
    ],
)
def test_an_element_is_counted_in_its_power_of_two_or_in_a_bin_of_its_own(
    dtype: torch.dtype,
    value: float,
    column: int,
    count: Callable[[element_sample.ElementSample], torch.Tensor],
) -> None:
    counts = count(sample_of(torch.tensor([value, 0.0]).to(dtype) if dtype != torch.float64 else _double(value)))
    expected = [0] * N_BINS
    expected[column] += 1
    expected[ZERO] += 1
    assert counts.tolist() == [expected]


def _double(value: float) -> torch.Tensor:
    return torch.tensor([value, 0.0], dtype=torch.float64)


@BOTH
def test_many_tensors_are_counted_apart(count: Callable[[element_sample.ElementSample], torch.Tensor]) -> None:
    tensors = {f"w{n}": (random(n, n) * 10.0**n).float() for n in (3, 1, 20)}
    (sample,) = TensorReadings(tensors, frozenset()).samples
    for row, tensor in zip(count(sample).numpy(), tensors.values(), strict=True):
        exponents = np.clip(np.floor(np.log2(np.abs(tensor.numpy()))) - FIRST_EXPONENT, 0, 63).astype(int)
        assert row.tolist() == np.bincount(exponents, minlength=N_BINS).tolist()


def test_host_and_device_count_alike() -> None:
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        tensor = (random(1, 4_000) * 10 ** random(2, 4_000).mul(4)).to(dtype)
        for scale in (None, torch.tensor(1_024.0)):
            sample = sample_of(tensor, scale)
            assert torch.equal(host_magnitudes(sample), device_magnitudes(sample).long())


@BOTH
def test_a_fused_optimizers_gradient_is_counted_unscaled(
    count: Callable[[element_sample.ElementSample], torch.Tensor],
) -> None:
    scaled = torch.tensor([3.0 * 65_536, 0.0, 1e-40])
    counts = count(sample_of(scaled, torch.tensor(65_536.0)))[0]
    assert counts.nonzero().flatten().tolist() == [1 - FIRST_EXPONENT, ZERO, SUBNORMAL]


def test_of_a_large_tensor_the_same_4096_elements_are_counted_in_each_step() -> None:
    tensor = random(0, 300, 400).float()
    sample = sample_of(tensor)
    assert sample.layout.n_whole == 0
    assert torch.equal(sample.values, sample_elements(tensor.view(-1), 4_096))
    assert host_magnitudes(sample).sum() == 4_096
    assert torch.equal(sample_of(tensor.clone()).values, sample.values)


def test_a_model_of_many_tensors_is_sampled_more_thinly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What probes keep is bounded, however large the model is."""
    monkeypatch.setattr(element_sample, "MOST_OF_ALL", 10_000)
    tensors = {f"w{n}": torch.ones(5_000) for n in range(9)}
    (sample,) = TensorReadings(tensors, frozenset()).samples
    assert set(sample.layout.sizes) == {1_024}


def test_histograms_reach_the_record(watch: Callable[..., WatchedRun]) -> None:
    run = watch(nn.Linear(100, 70))
    run.step(lambda: run.model(torch.ones(2, 100)).sum())
    (record,) = [r for r in run.records if isinstance(r, HistogramsMeasured) and r.quantity == GRAD_MAGNITUDES]
    assert set(record.fqns) == {"weight", "bias"}
    assert record.counts.dtype == np.uint16
    by_fqn = dict(zip(record.fqns, record.counts, strict=True))
    assert by_fqn["bias"].sum() == by_fqn["bias"][1 - FIRST_EXPONENT] == 70  # the gradient is 2
    assert by_fqn["weight"].sum() == 4_096


def test_a_step_that_a_fused_optimizer_skips_has_no_histogram_of_gradients(watch: Callable[..., WatchedRun]) -> None:
    run = watch(nn.Linear(3, 1))
    optimizer = torch.optim.AdamW(run.model.parameters(), fused=True)

    def train(found_inf: float) -> None:
        optimizer.zero_grad()
        (run.model(torch.ones(2, 3)).sum() * 1_024.0).backward()
        optimizer.grad_scale, optimizer.found_inf = torch.tensor(1_024.0), torch.tensor(found_inf)  # as GradScaler does
        optimizer.step()

    for found_inf in (0.0, 1.0, 0.0):
        run.raw_step(lambda found_inf=found_inf: train(found_inf))
    records = [r for r in run.records if isinstance(r, HistogramsMeasured) and r.quantity == GRAD_MAGNITUDES]
    assert [record.step for record in records] == [0, 2]
    assert records[0].counts.sum(1).tolist() == records[0].counts[:, 1 - FIRST_EXPONENT].tolist()  # 2, unscaled


def test_complex_gradients_have_no_sample_and_sparse_ones_what_they_store() -> None:
    readings = TensorReadings({"c": torch.ones(3) * 1j, "s": torch.eye(3).to_sparse()}, frozenset())
    (sample,) = readings.samples
    assert sample.layout.fqns == ("s",)
    assert sample.values.tolist() == [1.0, 1.0, 1.0]


# -- cosine ---------------------------------------------------------------------------------------------------------


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    x, y = a.double().reshape(-1), b.double().reshape(-1)
    return float(x @ y / (x.norm() * y.norm()))


def test_the_cosine_is_the_one_with_the_step_before() -> None:
    probe = GradCosine()
    steps = [{"a": random(n, 40), "b": random(n + 9, 3, 5).float()} for n in range(3)]
    assert measured(probe, steps[0]) == {}
    for before, now in pairwise(steps):
        found = measured(probe, now)
        for fqn, gradient in now.items():
            assert found[fqn] == pytest.approx(cosine(before[fqn].float(), gradient.float()), rel=1e-6)


def test_the_cosine_of_a_large_tensor_is_that_of_its_sample_and_says_so() -> None:
    probe = GradCosine()
    one, two = random(1, 90_000), random(2, 90_000) + random(1, 90_000)
    small = random(3, 10)
    list(probe.measure(step_with({"w": one, "small": small})))
    whole, sampled = probe.measure(step_with({"w": two, "small": -small}))
    assert (whole.fqns, whole.is_sampled, sampled.fqns, sampled.is_sampled) == (("small",), False, ("w",), True)
    assert float(whole.values[0]) == pytest.approx(-1.0)
    picked = cosine(sample_elements(one, 4_096).float(), sample_elements(two, 4_096).float())
    assert float(sampled.values[0]) == pytest.approx(picked, rel=1e-6)
    assert float(sampled.values[0]) == pytest.approx(cosine(one, two), abs=4 / math.sqrt(4_096))


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_the_cosine_does_not_depend_on_the_size(size: float) -> None:
    probe = GradCosine()
    one, two = (random(1, 50) * size).float(), (random(2, 50) * size).float()
    measured(probe, {"w": one})
    assert measured(probe, {"w": two})["w"] == pytest.approx(cosine(one, two), rel=1e-6)


def test_a_gradient_of_zero_has_no_direction() -> None:
    probe = GradCosine()
    measured(probe, {"w": torch.zeros(4)})
    assert measured(probe, {"w": torch.ones(4)}) == {"w": 0.0}
    assert measured(probe, {"w": torch.zeros(4)}) == {"w": 0.0}


def test_a_gradient_that_is_not_finite_does_not_spoil_the_next_steps_cosine() -> None:
    probe = GradCosine()
    first = {"a": torch.tensor([1.0, 0.0]), "b": torch.tensor([1.0, 1.0])}
    measured(probe, first)
    found = measured(probe, {"a": torch.tensor([math.inf, 1.0]), "b": torch.tensor([1.0, -1.0])})
    assert math.isnan(found["a"])
    assert found["b"] == pytest.approx(0.0, abs=1e-7)
    found = measured(probe, {"a": torch.tensor([1.0, 1.0]), "b": torch.tensor([2.0, -2.0])})
    assert found["a"] == pytest.approx(math.sqrt(0.5), rel=1e-6)
    assert found["b"] == pytest.approx(1.0, rel=1e-6)


def test_gradients_that_come_and_go_leave_the_others_their_cosine() -> None:
    probe = GradCosine()
    measured(probe, {"a": torch.ones(3), "b": torch.ones(2)})
    assert measured(probe, {"b": torch.ones(2), "c": torch.ones(5)}) == {"b": pytest.approx(1.0)}
    assert measured(probe, {"a": torch.ones(3), "c": -torch.ones(5)}) == {"c": pytest.approx(-1.0)}
    assert measured(probe, {"a": torch.ones(4), "c": torch.ones(6)}) == {}  # other shapes are other tensors
    assert measured(probe, {"z": torch.ones(4)}) == {}


def test_the_cosine_is_in_the_losss_own_units() -> None:
    """The scale of a fused optimizer changes between two steps; it must not change what is kept."""
    probe = GradCosine()
    measured(probe, {"w": torch.tensor([1e30, 1e30])}, torch.tensor(1e30))
    assert measured(probe, {"w": torch.tensor([1.0, 0.0])}, torch.tensor(1.0))["w"] == pytest.approx(math.sqrt(0.5))


@pytest.mark.parametrize("kind", [GradCosine, GradSnr])
def test_sparse_gradients_are_not_compared_as_if_they_stored_the_same_rows(
    kind: type[Probe], watch: Callable[..., WatchedRun]
) -> None:
    run = watch(nn.Embedding(40, 3, sparse=True))
    for step in range(33):
        run.step(lambda step=step: run.model(torch.tensor([step, step + 5])).sum())
        assert run.values(kind.quantity) == {}
        assert run.values("grad_norm")["weight", ""] == pytest.approx(math.sqrt(6))
    assert run.log() == []


# -- signal to noise ------------------------------------------------------------------------------------------------


def ratio(steps: list[torch.Tensor]) -> float:
    stacked = torch.stack([step.double().reshape(-1) for step in steps])
    return float(stacked.mean(0).square().sum() / stacked.var(0, correction=1).sum())


def test_signal_to_noise_is_that_of_the_last_32_steps_every_8_steps() -> None:
    probe = GradSnr()
    steps = [(random(n, 60) + 0.3).float() for n in range(48)]
    found = [measured(probe, {"w": step}) for step in steps]
    assert [bool(one) for one in found] == [n in (31, 39, 47) for n in range(48)]
    for last in (31, 39, 47):
        assert found[last]["w"] == pytest.approx(ratio(steps[last - 31 : last + 1]), rel=1e-6)


@pytest.mark.parametrize("size", [1e-30, 1e15])
def test_signal_to_noise_does_not_depend_on_the_size(size: float) -> None:
    probe = GradSnr()
    steps = [((random(n, 60) + 0.3) * size).float() for n in range(32)]
    found = [measured(probe, {"w": step}) for step in steps]
    assert found[-1]["w"] == pytest.approx(ratio(steps), rel=1e-6)


def test_steps_that_are_alike_are_all_signal_and_zeros_are_none() -> None:
    probe = GradSnr()
    found = [measured(probe, {"same": torch.full((4,), 0.5), "zero": torch.zeros(4)}) for _ in range(32)]
    assert found[-1] == {"same": math.inf, "zero": 0.0}


def test_nothing_but_noise_reads_a_32nd() -> None:
    probe = GradSnr()
    found = [measured(probe, {"w": random(n, 3_000)}) for n in range(32)]
    assert found[-1]["w"] == pytest.approx(1 / 32, rel=0.1)


def test_a_skipped_steps_gradient_does_not_count() -> None:
    probe = GradSnr()
    steps = [(random(n, 60) + 0.3).float() for n in range(32)]
    bad = steps[5].clone()
    bad[7] = math.nan
    found = [measured(probe, {"w": bad if n == 5 else step}) for n, step in enumerate(steps)]
    assert found[-1]["w"] == pytest.approx(ratio(steps[:5] + steps[6:]), rel=1e-6)


def test_a_gradient_that_comes_and_goes_leaves_the_others_their_ratio() -> None:
    probe = GradSnr()
    steps = [(random(n, 60) + 0.3).float() for n in range(40)]
    found = [
        measured(probe, {"w": step, "rare": torch.ones(3)} if n != 9 else {"w": step}) for n, step in enumerate(steps)
    ]
    assert found[31] == {"w": pytest.approx(ratio(steps[:32]), rel=1e-6)}
    assert found[39] == {"w": pytest.approx(ratio(steps[8:]), rel=1e-6)}


@pytest.mark.parametrize("probe", [GradSnr(), GradCosine(), GradMagnitudes()], ids=lambda p: p.quantity)
def test_what_is_kept_is_let_go(probe: Probe) -> None:
    for _ in range(3):
        list(probe.measure(step_with({"w": torch.ones(8)})))
    assert any(vars(probe).values())
    probe.forget()
    assert not any(vars(probe).values())


@pytest.mark.parametrize("probe", [GradSnr(), GradCosine()], ids=lambda p: p.quantity)
def test_optimizers_that_step_in_turn_each_have_their_own_gradients(probe: Probe) -> None:
    """As in a GAN: the generator's gradients are not compared with the discriminator's."""
    first, second = (torch.optim.SGD([nn.Parameter(torch.ones(1))]) for _ in range(2))
    found: set[str] = set()
    for n in range(32):
        for fqn, optimizer in (("a", first), ("b", second)):
            step = step_with({fqn: random(n, 5)}, optimizer=optimizer)
            found |= {name for one in probe.measure(step) for name in one.fqns}
    assert found == {"a", "b"}
    (kept,) = vars(probe).values()
    assert len(kept) == 2
    del first, optimizer, step
    gc.collect()
    assert len(kept) == 1
