"""The archive of histograms: bounded, evenly thinned, never without the newest step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from moduleview.telemetry import histogram_archive
from moduleview.telemetry.histogram_archive import MAX_BYTES, HistogramArchive
from moduleview.telemetry.histograms import N_BINS, NAN, HistogramsMeasured


def record(step: int, fqns: Sequence[str] = ("a", "b"), first: int = 1) -> HistogramsMeasured:
    """Row ``i`` has ``first + i`` elements in bin ``step`` modulo the bins."""
    counts = np.zeros((len(fqns), N_BINS), dtype=np.uint16)
    counts[:, step % N_BINS] = np.arange(first, first + len(fqns))
    return HistogramsMeasured(0, step, "grad_magnitudes", tuple(fqns), counts)


def filled(n_steps: int, fqns: Sequence[str] = ("a", "b")) -> HistogramArchive:
    archive, names = HistogramArchive(), tuple(fqns)
    for step in range(n_steps):
        archive.append(record(step, names))
    return archive


def test_every_step_is_there_while_there_is_room() -> None:
    history = filled(100).history("b")

    assert history.steps.tolist() == list(range(100))
    assert history.counts.shape == (100, N_BINS)
    assert history.counts[7, 7] == 2
    assert history.counts.sum() == 200


@pytest.mark.parametrize("n_steps", [512, 513, 1024, 1025, 3000, 20_000])
def test_long_run_is_thinned_evenly_and_ends_with_the_newest_step(n_steps: int) -> None:
    steps = filled(n_steps).history("a").steps

    assert 256 <= len(steps) <= 513
    assert steps[0] == 0
    assert steps[-1] == n_steps - 1
    widths = set(np.diff(steps[:-1]).tolist())  # the newest stands wherever it is
    assert len(widths) == 1
    assert steps[-1] - steps[-2] <= widths.pop()


def test_thinned_rows_are_still_those_of_their_steps() -> None:
    history = filled(5000).history("b")

    assert history.counts.argmax(axis=1).tolist() == (history.steps % N_BINS).tolist()


def test_memory_is_bounded_and_counted_with_the_newest_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histogram_archive, "MAX_BYTES", 64 * 2 * N_BINS * 10)
    names = tuple(f"p{i}" for i in range(10))
    archive = filled(1, names)
    one_row = archive.n_bytes
    largest = 0
    for step in range(1, 500):
        archive.append(record(step, names))
        largest = max(largest, archive.n_bytes)

    assert one_row == 10 * 2 * N_BINS
    assert one_row * 16 < largest <= 64 * one_row
    assert archive.history("p3").steps[-1] == 499


def test_ten_thousand_tensors_stay_below_the_limit() -> None:
    names = tuple(f"p{i}" for i in range(10_000))
    counts = np.ones((len(names), N_BINS), dtype=np.uint16)
    archive = HistogramArchive()
    for step in range(60):
        archive.append(HistogramsMeasured(0, step, "grad_magnitudes", names, counts))

    assert 10 * 2 * N_BINS * 10_000 < archive.n_bytes <= MAX_BYTES


def test_tensor_that_joins_later_begins_where_it_was_measured_first() -> None:
    archive = filled(3, ("a",))
    archive.append(record(3, ("a", "new")))

    assert archive.fqns == ("a", "new")
    assert archive.history("a").steps.tolist() == [0, 1, 2, 3]
    assert archive.history("new").steps.tolist() == [3]


def test_one_step_of_many_tensors_is_what_their_histories_have_there() -> None:
    archive = filled(3, ("a", "b"))
    archive.append(record(3, ("new", "a"), first=7))
    histories = {fqn: archive.history(fqn) for fqn in ("a", "b", "new")}

    assert archive.steps.tolist() == [0, 1, 2, 3]
    for step in range(4):
        counts = archive.at_step(step, ("b", "unknown", "new", "a"))
        assert counts.shape == (4, N_BINS)
        assert not counts[1].any()
        for row, fqn in ((0, "b"), (2, "new"), (3, "a")):
            at = histories[fqn].steps == step
            assert counts[row].tolist() == histories[fqn].counts[at].sum(axis=0).tolist()


def test_steps_that_were_thinned_away_are_not_among_those_that_can_be_read() -> None:
    archive = filled(514)

    assert archive.steps.tolist() == [*range(0, 513, 2), 513]
    assert archive.at_step(511, ("a",)).sum() == 0
    assert archive.at_step(513, ("a",)).sum() == 1
    assert HistogramArchive().steps.tolist() == []
    assert HistogramArchive().at_step(0, ("a",)).tolist() == [[0] * N_BINS]


def test_tensor_that_was_left_out_of_a_step_has_a_row_of_zeros() -> None:
    archive = filled(2)
    archive.append(record(2, ("b",)))
    archive.append(record(3, ("b", "a")))

    assert archive.history("a").counts.sum(axis=1).tolist() == [1, 1, 0, 2]
    assert archive.history("b").counts.sum(axis=1).tolist() == [2, 2, 1, 1]


def test_two_records_of_one_step_are_one_row() -> None:
    archive = filled(2, ("a",))
    archive.append(record(1, ("b",), first=5))
    archive.append(record(2, ("b",)))

    assert archive.history("a").steps.tolist() == [0, 1, 2]
    assert archive.history("a").counts.sum(axis=1).tolist() == [1, 1, 0]
    assert archive.history("b").steps.tolist() == [1, 2]
    assert archive.history("b").counts.sum(axis=1).tolist() == [5, 1]


def test_second_record_of_a_step_that_was_thinned_away_is_seen_as_the_newest() -> None:
    archive = filled(514, ("a",))  # 514 is even: with a stride of two the last one is not kept
    archive.append(record(513, ("b",), first=9))

    assert archive.history("b").steps.tolist() == [513]
    assert archive.history("a").steps[-2:].tolist() == [512, 513]
    assert archive.history("a").counts[-1].sum() == 1


def test_step_that_is_over_comes_too_late() -> None:
    archive = filled(5)
    archive.append(record(2, first=100))

    assert archive.history("a").steps.tolist() == [0, 1, 2, 3, 4]
    assert archive.history("a").counts.max() == 1


def test_special_bins_are_kept_as_they_came() -> None:
    counts = np.zeros((1, N_BINS), dtype=np.uint16)
    counts[0, NAN] = 4096
    archive = HistogramArchive()
    archive.append(HistogramsMeasured(0, 0, "grad_magnitudes", ("a",), counts))

    assert archive.history("a").counts[0, NAN] == 4096


def test_unknown_tensor_has_an_empty_history() -> None:
    for archive in (HistogramArchive(), filled(3)):
        history = archive.history("nowhere")
        assert history.steps.shape == (0,)
        assert history.counts.shape == (0, N_BINS)


def test_history_is_made_anew_only_after_another_step() -> None:
    archive = filled(3)
    history = archive.history("a")

    assert archive.history("a") is history
    archive.append(record(3))
    assert archive.history("a").steps.tolist() == [0, 1, 2, 3]
    assert history.steps.tolist() == [0, 1, 2]
