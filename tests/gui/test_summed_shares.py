"""Distributions of many tensors, put together a step at a time."""

from __future__ import annotations

import numpy as np
import pytest

from builders import opened_store
from moduleview.gui.plots.magnitude_shares import combine
from moduleview.gui.plots.summed_shares import SummedShares
from moduleview.telemetry.histograms import N_BINS, HistogramsMeasured
from moduleview.telemetry.store import SeriesStore

KIND = "grad_magnitudes"
FQNS = tuple(f"p{n}" for n in range(20))
NUMELS = [10 * (n + 1) for n in range(20)]


def measure(store: SeriesStore, step: int, fqns: tuple[str, ...] = FQNS, seed: int = 0) -> None:
    counts = np.random.default_rng((seed, step)).integers(0, 9, (len(fqns), N_BINS)).astype(np.uint16)
    store.apply(HistogramsMeasured(0, step, KIND, fqns, counts))


def run(n_steps: int) -> SeriesStore:
    store = opened_store()
    for step in range(n_steps):
        measure(store, step)
    return store


def read_all(shares: SummedShares, store: SeriesStore, step: int | None = None) -> None:
    shares.update(store, step, 100)
    while not shares.is_complete:
        shares.update(store, step, 100)


def test_sum_is_that_of_whole_histories() -> None:
    store = run(90)
    measure(store, 90, FQNS[3:7])
    shares = SummedShares(KIND, FQNS, NUMELS)
    read_all(shares, store)
    wanted = combine([store.histograms(KIND, fqn) for fqn in FQNS], NUMELS)

    assert shares.history.steps.tolist() == wanted.steps.tolist()
    assert shares.history.shares == pytest.approx(wanted.shares)
    for name in ("n_sampled", "n_tensors", "n_elements"):
        assert getattr(shares.history, name).tolist() == getattr(wanted, name).tolist()


def test_what_is_looked_at_is_read_first_then_the_newest() -> None:
    fqns = tuple(f"p{n}" for n in range(4000))  # room for three steps a frame
    store = opened_store()
    for step in range(0, 500, 10):
        store.apply(HistogramsMeasured(0, step, KIND, fqns, np.ones((4000, N_BINS), dtype=np.uint16)))
    shares = SummedShares(KIND, fqns, [1] * 4000)

    assert shares.update(store, 255, 100)
    assert shares.history.steps.tolist() == [150, 250, 490]
    assert not shares.is_complete
    assert shares.update(store, 255, 100)
    assert shares.history.steps.tolist()[-3:] == [470, 480, 490]


def test_nothing_new_reads_nothing_new_and_a_new_step_one() -> None:
    store = run(5)
    shares = SummedShares(KIND, FQNS, NUMELS)
    assert shares.update(store, None, 100)
    assert not shares.update(store, None, 100)
    measure(store, 5)

    assert shares.update(store, None, 100)
    assert shares.history.steps.tolist() == [0, 1, 2, 3, 4, 5]


def test_tensors_that_join_the_newest_step_are_counted_in() -> None:
    store = run(3)
    measure(store, 3, FQNS[:5])
    shares = SummedShares(KIND, FQNS, NUMELS)
    shares.update(store, None, 100)
    assert shares.history.n_tensors.tolist() == [20, 20, 20, 5]
    measure(store, 3, FQNS[5:])

    assert shares.update(store, None, 100)
    assert shares.history.n_tensors.tolist() == [20, 20, 20, 20]


def test_steps_that_the_store_lets_go_are_let_go() -> None:
    store = run(512)
    shares = SummedShares(KIND, FQNS, NUMELS)
    read_all(shares, store)
    assert len(shares.history.steps) == 512
    measure(store, 512)
    shares.update(store, None, 100)

    assert shares.history.steps.tolist() == list(range(0, 513, 2))


def test_steps_without_any_of_these_tensors_are_left_out() -> None:
    store = run(3)
    measure(store, 3, ("another",))
    shares = SummedShares(KIND, FQNS, NUMELS)
    read_all(shares, store)

    assert shares.history.steps.tolist() == [0, 1, 2]
    assert SummedShares(KIND, FQNS, NUMELS).history.shares.shape == (0, N_BINS)
