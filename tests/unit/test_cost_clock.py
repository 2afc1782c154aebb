"""Costs on a GPU are read when it has done the work, and nobody waits."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch

from moduleview.probes.cost_clock import CostClock, event_maker


@dataclass
class Stream:
    """A GPU that is behind the host."""

    n_recorded: int = 0
    n_passed: int = 0
    ms_between: float = 5.0


class FakeEvent:
    def __init__(self, stream: Stream) -> None:
        self.stream, self.number = stream, 0

    def record(self) -> None:
        self.stream.n_recorded += 1
        self.number = self.stream.n_recorded

    def query(self) -> bool:
        return self.number <= self.stream.n_passed

    def elapsed_time(self, end: FakeEvent) -> float:
        assert self.query(), "torch would raise, or wait"
        assert end.query()
        return (end.number - self.number) * self.stream.ms_between


def test_on_the_host_the_time_is_known_at_once() -> None:
    clock: CostClock[str] = CostClock()
    begun = clock.begin()
    torch.ones(10).sum()
    clock.end("grad_norm", begun)
    ((key, seconds),) = clock.take_finished()
    assert key == "grad_norm"
    assert seconds > 0.0
    assert clock.take_finished() == []


def test_on_a_gpu_the_time_is_known_when_it_has_passed_both_events() -> None:
    stream = Stream()
    clock: CostClock[str] = CostClock(lambda: FakeEvent(stream))
    for key in ("grad_norm", "update_ratio"):
        clock.end(key, clock.begin())
    assert clock.take_finished() == []
    stream.n_passed = 3
    assert clock.take_finished() == [("grad_norm", pytest.approx(0.005))]
    stream.n_passed = 4
    assert clock.take_finished() == [("update_ratio", pytest.approx(0.005))]


def test_work_that_keeps_the_host_longer_than_the_gpu_counts_as_the_hosts() -> None:
    stream = Stream(ms_between=0.0)
    clock: CostClock[str] = CostClock(lambda: FakeEvent(stream))
    begun = clock.begin()
    torch.ones(100, 100).mm(torch.ones(100, 100))
    clock.end("grad_norm", begun)
    stream.n_passed = 2
    ((_, seconds),) = clock.take_finished()
    assert seconds > 0.0


def test_only_cuda_has_events() -> None:
    assert event_maker(None) is event_maker(torch.device("cpu")) is None
    assert event_maker(torch.device("cuda")) is not None
