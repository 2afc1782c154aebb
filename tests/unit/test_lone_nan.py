"""One NaN in a large tensor is found in the step in which it comes, though hooks look at samples."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn
from watched_run import Watch, WatchedRun

from moduleview.hooks.close_look import count_non_finite
from moduleview.hooks.sampling import SAMPLE_SIZE, sampled_blocks
from moduleview.telemetry.hooks import HookKind

FORWARD, BACKWARD = HookKind.FORWARD, HookKind.BACKWARD
ROWS, WIDTH = 200, 500
SPOILED_STEP = 2


class Spoils(nn.Module):
    """One element becomes ``value`` in one step; which one no sample of that step has."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value, self.step = value, 0
        places = torch.arange(ROWS * WIDTH)
        sampled = sampled_blocks(places, SPOILED_STEP).reshape(-1)
        self.place = next(place for place in range(ROWS * WIDTH // 2, ROWS * WIDTH) if place not in sampled)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        spoiled = torch.zeros(ROWS * WIDTH)
        spoiled[self.place] = self.value if self.step == SPOILED_STEP else 0.0
        self.step += 1
        return x + spoiled.view(ROWS, WIDTH)


class Forgives(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.nan_to_num(0.0, 0.0, 0.0)


def run_of(watch: Watch, value: float, *after: nn.Module) -> WatchedRun:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, WIDTH), Spoils(value), *after, nn.Linear(WIDTH, 2 * WIDTH))
    run = watch(model)
    run.optimizer = None  # it would make NaN of the weights
    run.tick(FORWARD, *map(str, range(len(model))))
    run.tick(BACKWARD, "1")
    return run


def step(run: WatchedRun, n_steps: int = 1) -> None:
    for _ in range(n_steps):
        run.step(lambda: run.model(torch.ones(ROWS, 3)).square().mean())


def counts(run: WatchedRun, kind: HookKind = FORWARD) -> dict[str, float]:
    return {fqn: count for (fqn, _), count in run.values(f"{kind}.non_finite").items()}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_it_is_counted_in_its_step_where_it_begins_and_where_it_spreads(watch: Watch, value: float) -> None:
    run = run_of(watch, value, nn.LayerNorm(WIDTH))
    step(run, SPOILED_STEP)
    assert set(counts(run).values()) == {0.0}
    step(run)
    found = counts(run)
    assert (found["0"], found["1"], found["2"]) == (0.0, 1.0, WIDTH)
    assert counts(run, BACKWARD) == {"1": WIDTH}  # the row whose norm it was in
    step(run)
    assert set(counts(run).values()) == {0.0}


def test_without_a_loss_that_says_so_a_sample_has_to_meet_it_first(watch: Watch) -> None:
    run = run_of(watch, math.nan, Forgives())
    step(run, SPOILED_STEP + 1)
    assert counts(run)["1"] == 0.0


def test_after_one_every_element_is_looked_at_for_some_steps(watch: Watch) -> None:
    run = run_of(watch, math.nan, Forgives())
    spoils = run.model[1]
    step(run, SPOILED_STEP - 1)
    run.step(lambda: run.model(torch.ones(ROWS, 3)).square().mean() * math.nan)
    assert spoils.step == SPOILED_STEP
    step(run)
    assert counts(run)["1"] == 1.0
    step(run)
    assert set(counts(run).values()) == {0.0}


def test_a_tensor_that_was_changed_since_keeps_what_its_sample_said(watch: Watch) -> None:
    class Changes(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu_(x) * math.nan

    run = run_of(watch, 0.0, Changes())
    step(run)
    found = counts(run)
    assert found["1"] == 0.0
    assert found["2"] == ROWS * WIDTH


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("spoil", [lambda x: x, torch.t], ids=["plain", "transposed"])
def test_the_count_is_exact(dtype: torch.dtype, spoil: Callable[[torch.Tensor], torch.Tensor]) -> None:
    tensor = torch.ones(100, SAMPLE_SIZE // 10, dtype=dtype)
    assert count_non_finite(spoil(tensor)) == 0
    tensor[3, 5], tensor[7, 9], tensor[99, -1] = math.nan, math.inf, -math.inf
    assert count_non_finite(spoil(tensor)) == 3


def test_large_finite_numbers_are_not_counted_though_their_sum_is_none() -> None:
    assert count_non_finite(torch.full((100,), 3e38)) == 0
