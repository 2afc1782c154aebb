"""The long runs of ``make soak``, in small: see tests/benchmarks/test_soak_watched.py."""

from __future__ import annotations

import pytest

from many_modules import watch_many
from watched_soak import Hammer, train_on_and_off


@pytest.mark.parametrize("seed", [0, 1])
def test_a_model_trains_bit_for_bit_as_if_nobody_looked(seed: int) -> None:
    """Fault row 30."""
    run = train_on_and_off(seed, 60)
    assert run.is_same
    assert run.n_toggles > 30
    assert run.n_switched_off == 0


@pytest.mark.parametrize("seed", [0, 1])
def test_statistics_that_raise_at_random_change_no_loss_and_are_counted(seed: int) -> None:
    """Fault row 27."""
    run = train_on_and_off(seed, 60, failing_share=0.1)
    assert run.is_same
    assert 0 < run.n_switched_off <= run.n_raised


def test_hammered_by_toggles_a_run_goes_on_and_each_takes_effect_with_the_next_step(
    garbage_stays_collectable: None,
) -> None:
    """Fault row 32."""
    hammered = Hammer(1.5, rate_hz=200.0).run(seed=3)
    assert hammered.n_toggles > 50
    assert hammered.n_steps > 5
    assert hammered.failure is None
    assert hammered.n_failed == 0
    assert hammered.worst_latency_steps <= 1
    assert hammered.is_same


def test_a_tenth_of_many_modules_is_watched_and_what_the_budget_leaves_out_is_counted() -> None:
    """Fault row 60."""
    seen = watch_many(1_000, n_steps=12)
    assert seen.n_seen >= 1_000 // 11
    assert seen.n_skipped > 0
