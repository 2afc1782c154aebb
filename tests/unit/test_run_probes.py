"""Learning rates, loss scale, and values at the edges of float32 on their way from a tensor to the store."""

from __future__ import annotations

import gc
import math
import weakref
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn
from watched_run import WatchedRun

from moduleview.probes.base import StepView
from moduleview.probes.learning_rate import LearningRate
from moduleview.telemetry.records import SeriesKey, StepRecord
from moduleview.telemetry.store import SeriesStore

Watch = Callable[..., WatchedRun]


def test_every_group_has_its_learning_rate_as_the_step_used_it(watch: Watch) -> None:
    run = watch(nn.Linear(3, 2))
    optimizer = torch.optim.AdamW([{"params": [run.model.weight], "lr": 0.1}, {"params": [run.model.bias], "lr": 0.02}])
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    for factor in (1.0, 0.5, 0.25):
        run.model(torch.ones(1, 3)).sum().backward()
        run.raw_step(optimizer.step)
        schedule.step()
        assert run.values("learning_rate") == pytest.approx(
            {("", "group 0"): 0.1 * factor, ("", "group 1"): 0.02 * factor}
        )


def test_a_rate_that_is_a_tensor_is_copied_before_the_schedule_changes_it(watch: Watch) -> None:
    run = watch(nn.Linear(3, 2))
    rate = torch.tensor(0.5, dtype=torch.float64)
    optimizer = torch.optim.Adam(run.model.parameters(), lr=rate, capturable=False, foreach=False)

    def train() -> None:
        run.model(torch.ones(1, 3)).sum().backward()
        optimizer.step()
        rate.fill_(0.1)

    run.raw_step(train)
    assert run.values("learning_rate") == {("", "group 0"): 0.5}


def test_a_second_optimizers_groups_have_its_number(watch: Watch) -> None:
    run = watch(nn.Linear(3, 2))
    weight, bias = torch.optim.SGD([run.model.weight], lr=1.0), torch.optim.SGD([run.model.bias], lr=2.0)

    def train(*optimizers: torch.optim.Optimizer) -> None:
        run.model(torch.ones(1, 3)).sum().backward()
        for optimizer in optimizers:
            optimizer.step()

    run.raw_step(lambda: train(weight, bias))
    assert run.values("learning_rate") == {("", "group 0"): 1.0, ("", "optimizer 1 group 0"): 2.0}
    run.raw_step(lambda: train(bias))
    assert run.values("learning_rate") == {("", "optimizer 1 group 0"): 2.0}


def test_an_optimizer_is_not_kept_alive() -> None:
    probe = LearningRate()
    parameter = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    list(probe.measure(StepView(0, {"w": parameter}, optimizer=optimizer)))
    seen = weakref.ref(optimizer)
    del optimizer
    gc.collect()
    assert seen() is None


@pytest.mark.parametrize("rate", [None, "fast", torch.ones(2), torch.tensor(1j)])
def test_what_is_no_rate_is_left_out(rate: object) -> None:
    parameter = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    optimizer.param_groups[0]["lr"] = rate
    assert not list(LearningRate().measure(StepView(0, {"w": parameter}, optimizer=optimizer)))


def test_the_loss_scale_is_the_one_of_the_step_and_stays_away_without_mixed_precision(watch: Watch) -> None:
    run = watch(nn.Linear(3, 1))
    scaler = torch.amp.GradScaler("cpu", init_scale=1_024.0, growth_interval=1)

    def train(factor: float) -> None:
        run.optimizer.zero_grad()
        scaler.scale(run.model(torch.ones(2, 3)).sum() * factor).backward()
        scaler.step(run.optimizer)
        scaler.update()

    found = []
    for factor in (1.0, 1.0, math.inf, 1.0):
        run.raw_step(lambda factor=factor: train(factor))
        found.append(run.values("loss_scale")["", ""])
    assert found == [1_024.0, 2_048.0, 4_096.0, 2_048.0]
    run.step(lambda: run.model(torch.ones(2, 3)).sum())
    assert run.values("loss_scale") == {}


EDGES = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-42, -1.401298464324817e-45, 1.17549435e-38, 3.4028234663852886e38]


def bits(values: object) -> bytes:
    return np.asarray(values, dtype=np.float32).tobytes()


def through_the_store(run: WatchedRun, key: SeriesKey) -> np.ndarray:
    store = SeriesStore()
    for record in run.records:
        store.apply(record)
    steps, values = store.tail(key, 100)
    assert steps.tolist() == list(range(run.n_steps))
    return values


@pytest.mark.parametrize("make", [torch.tensor, lambda value: torch.tensor(value, dtype=torch.float64), float])
def test_edges_of_float32_arrive_bit_for_bit(make: Callable[[float], torch.Tensor | float], watch: Watch) -> None:
    """Fault row 59."""
    run = watch(nn.Linear(1, 1))
    for value in EDGES:
        run.raw_step(lambda value=value: make(value))
    sent = [one.values[one.series == 0] for one in run.records if isinstance(one, StepRecord)]
    assert bits(sent) == bits([run.values("loss", step)["", ""] for step in range(run.n_steps)])
    assert bits(through_the_store(run, SeriesKey("loss"))) == bits(EDGES)


def test_a_double_beyond_float32_arrives_as_infinite(watch: Watch) -> None:
    run = watch(nn.Linear(1, 1))
    for value in (1e308, -1e308, 1e-308):
        run.raw_step(lambda value=value: torch.tensor(value, dtype=torch.float64))
    assert bits(through_the_store(run, SeriesKey("loss"))) == bits([math.inf, -math.inf, 0.0])


@pytest.mark.parametrize("value", EDGES)
def test_a_gradient_at_the_edge_arrives_as_it_is(value: float, watch: Watch) -> None:
    run = watch(nn.Linear(1, 1, bias=False), lr=0.0)
    for _ in range(2):
        run.step(lambda: (run.model.weight * torch.tensor(value)).sum())
    expected = {
        "grad_mean": value,
        "grad_norm": abs(value),
        "grad_rms": abs(value),
        "grad_max": abs(value),
        "grad_std": 0.0 if math.isfinite(value) else math.nan,
        "grad_non_finite": float(not math.isfinite(value)),
    }
    for quantity, number in expected.items():
        found = through_the_store(run, SeriesKey(quantity, "weight"))
        np.testing.assert_array_equal(found, np.float32([number, number]), err_msg=quantity)
