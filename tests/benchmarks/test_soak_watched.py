"""Fault rows 27, 30 and 32: watched, failing and toggled for long, models train as if nobody looked."""

from __future__ import annotations

import os

import pytest

from watched_soak import Hammer, train_on_and_off

N_STEPS = int(os.environ.get("MODULEVIEW_STEPS", "1000"))
HAMMER_S = float(os.environ.get("MODULEVIEW_HAMMER_S", "600"))


@pytest.mark.soak
def test_ten_models_train_bit_for_bit_as_if_nobody_looked() -> None:
    """Fault row 30."""
    runs = [train_on_and_off(seed, N_STEPS) for seed in range(10)]
    print(f"{len(runs)} models, {N_STEPS} steps each, {sum(run.n_toggles for run in runs)} toggles")
    assert all(run.is_same for run in runs)
    assert not sum(run.n_switched_off for run in runs)


@pytest.mark.soak
def test_statistics_that_raise_at_random_change_no_loss_and_are_counted() -> None:
    """Fault row 27: one in ten operations of ours."""
    runs = [train_on_and_off(seed, N_STEPS, failing_share=0.1) for seed in range(3)]
    print(f"{sum(run.n_raised for run in runs)} raised, {sum(run.n_switched_off for run in runs)} hooks said so")
    assert all(run.is_same for run in runs)
    assert all(0 < run.n_switched_off <= run.n_raised for run in runs)


@pytest.mark.soak
def test_two_hundred_toggles_a_second_cause_no_error_and_wait_for_one_step_at_most() -> None:
    """Fault row 32."""
    hammered = Hammer(HAMMER_S, rate_hz=200.0).run(seed=3)
    print(hammered)
    assert hammered.n_toggles > 100 * HAMMER_S
    assert hammered.failure is None
    assert hammered.n_failed == 0
    assert hammered.worst_latency_steps <= 1
    assert hammered.is_same
