"""Compares a watched training step with an unwatched one so closely that a few parts in a thousand can be seen.

Each contender's turn stands beside a turn of the same model that nobody watches, now before it, now after it, and the
number is the median over the rounds of the ratio within a pair: what slows the machine down for longer than a pair
counts on both sides. One contender is "unwatched" itself (A/A): its interval is the noise that is left.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from models import Workload
from torch import Tensor

MORE_ROUNDS = {"mlp": 3}  # its turns are short
_TURN_S = 0.3
_N_RESAMPLED = 2000


class Contender:
    """One way of running a step; this one watches nothing."""

    def __init__(self, name: str, goal: float | None = None) -> None:
        self.name, self.goal = name, goal

    def put_on(self, workload: Workload) -> None:
        """Begin to watch; not timed."""

    def after_step(self, workload: Workload, loss: Tensor) -> None:
        """What a script would call behind each step; timed."""

    def take_off(self, workload: Workload) -> None:
        """Leave no hook behind; not timed."""


@dataclass(frozen=True)
class Ratio:
    """Watched over unwatched: the median of the pairs, and the interval that holds it in 95 of 100 resamplings."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:6.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass
class Pairs:
    """Seconds a step of one contender and of the unwatched turn beside it, in each round: (wall, CPU)."""

    watched_s: list[tuple[float, float]] = field(default_factory=list)
    unwatched_s: list[tuple[float, float]] = field(default_factory=list)

    @property
    def wall(self) -> Ratio:
        """Of elapsed time."""
        return self._ratio(0)

    @property
    def cpu(self) -> Ratio:
        """Of the CPU time of all threads: other programs on the machine count less."""
        return self._ratio(1)

    def _ratio(self, column: int) -> Ratio:
        ratios = np.array(self.watched_s)[:, column] / np.array(self.unwatched_s)[:, column]
        resampled = np.random.default_rng(0).choice(ratios, (_N_RESAMPLED, len(ratios)))
        low, high = np.percentile(np.median(resampled, axis=1), (2.5, 97.5))
        return Ratio(float(np.median(ratios)), float(low), float(high))


def synchronise(workload: Workload) -> None:
    """Wait for a GPU, where the model is on one."""
    device = workload.batches[0][0].device
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def timed_steps(workload: Workload, contender: Contender, n_steps: int) -> tuple[float, float]:
    """Wall and CPU seconds a step; a GPU is waited for once, behind the last."""
    synchronise(workload)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    for _ in range(n_steps):
        contender.after_step(workload, workload.step())
    synchronise(workload)
    return (time.perf_counter() - wall_s) / n_steps, (time.process_time() - cpu_s) / n_steps


def steps_a_turn(workload: Workload) -> int:
    """As many as take about a third of a second, at least one."""
    unwatched = Contender("")
    timed_steps(workload, unwatched, 2)
    return max(1, round(_TURN_S / timed_steps(workload, unwatched, 2)[0]))


def compare(workload: Workload, contenders: Sequence[Contender], n_rounds: int) -> list[Pairs]:
    """Every contender beside an unwatched turn, in a new order each round."""
    n_steps, order = steps_a_turn(workload), random.Random(0)
    pairs = [Pairs() for _ in contenders]
    for number in range(n_rounds + 1):
        for index in order.sample(range(len(contenders)), len(contenders)):
            taken = Pairs() if not number else pairs[index]  # the first round warms up
            _one_pair(workload, contenders[index], n_steps, taken, unwatched_first=order.random() < 0.5)
    return pairs


def _one_pair(workload: Workload, contender: Contender, n_steps: int, pairs: Pairs, *, unwatched_first: bool) -> None:
    unwatched = Contender("")
    if unwatched_first:
        pairs.unwatched_s.append(timed_steps(workload, unwatched, n_steps))
    contender.put_on(workload)
    try:
        timed_steps(workload, contender, 1)  # what is set up in the first step is not the cost of a step
        pairs.watched_s.append(timed_steps(workload, contender, n_steps))
    finally:
        contender.take_off(workload)
    if not unwatched_first:
        pairs.unwatched_s.append(timed_steps(workload, unwatched, n_steps))
