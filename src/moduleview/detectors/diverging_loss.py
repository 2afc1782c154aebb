"""V2: a loss that runs away from the best it has been."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from moduleview.detectors.base import Detector
from moduleview.telemetry.number_words import significant
from moduleview.telemetry.quantities import LOSS
from moduleview.telemetry.records import Finding, SeriesKey, Severity, Tier
from moduleview.telemetry.store_view import StoreView

_LOSS = SeriesKey(LOSS)


@dataclass
class DivergingLoss(Detector):
    """The loss has climbed far above its best, or jumped tenfold and stayed there.

    How to read it: the level of the last steps against the best level so far. A noisy loss does not count, nor a
    converged one that wobbles near zero: what is lost must be a good part of what was gained. The usual causes are a
    learning rate that is too high, a bad batch, and data that changed.

    The factors 3 and 10 gave no false alarm in 14 healthy small runs. The level is a median of means, so that neither
    one outlier nor a loss of two values (batch size 1) moves it.

    Attributes:
        tail_ratio: Level now to best level, no unit; losses whose best is not positive are not judged by it.
        lost_share: Of what was gained since the start (first level minus best), the share that is lost again.
        spike_ratio: Loss to the larger of its trailing median and its first values, no unit.
        spike_steps: Steps in a row over ``spike_ratio``.
        window_steps: Steps before a spike that make its trailing median.
        block_steps: Steps in a mean.
        n_blocks: Means in a median; also how many levels in a row must be too high, so that they share no step.
    """

    name: ClassVar[str] = "Diverging loss"
    explanation: ClassVar[str] = "The loss rose above 3 times its best level, or jumped above 10 times its median."

    tail_ratio: float = 3.0
    lost_share: float = 0.2
    spike_ratio: float = 10.0
    spike_steps: int = 3
    window_steps: int = 120
    block_steps: int = 10
    n_blocks: int = 5
    _block: list[float] = field(default_factory=list, init=False)
    _means: list[float] = field(default_factory=list, init=False)
    _first_losses: list[float] = field(default_factory=list, init=False)
    _first_level: float | None = field(default=None, init=False)
    _best: tuple[float, int] | None = field(default=None, init=False)  # level and the step it ended at
    _n_high: int = field(default=0, init=False)  # levels in a row that were too high
    _tail: Finding | None = field(default=None, init=False)
    _spike: Finding | None = field(default=None, init=False)

    def reset(self) -> None:
        """Forget the run."""
        self._block, self._means, self._first_losses, self._n_high = [], [], [], 0
        self._first_level = self._best = self._tail = self._spike = None

    def check(self, store: StoreView, since_step: int) -> Sequence[Finding]:
        """A level that is too high while it is; a jump for the rest of the run."""
        last_step = store.last_step
        if last_step is None:
            return ()
        steps, losses = store.tail(_LOSS, last_step - since_step + 1)
        new = (steps >= since_step) & np.isfinite(losses)
        for step, loss in zip(steps[new].tolist(), losses[new].tolist(), strict=True):
            self._take(step, loss)
        if self._spike is None:
            self._spike = self._find_spike(store, since_step)
        return tuple(finding for finding in (self._tail, self._spike) if finding is not None)

    def _take(self, step: int, loss: float) -> None:
        """One more loss; every ``block_steps`` of them the level moves."""
        if len(self._first_losses) < self.spike_steps:
            self._first_losses.append(loss)
        self._block.append(loss)
        if len(self._block) < self.block_steps:
            return
        self._means = [*self._means, float(np.mean(self._block))][-self.n_blocks :]
        self._block = []
        if len(self._means) < self.n_blocks:
            return
        level = float(np.median(self._means))
        if self._first_level is None or self._best is None:
            self._first_level, self._best = level, (level, step)
        elif level < self._best[0]:
            self._best = (level, step)
        self._tail = self._find_tail(step, level, self._first_level, self._best)

    def _find_tail(self, step: int, level: float, first: float, best: tuple[float, int]) -> Finding | None:
        lowest, lowest_step = best
        gained = max(max(first, *self._first_losses) - lowest, 0.0)
        is_high = lowest > 0 and level > self.tail_ratio * lowest and level - lowest > self.lost_share * gained
        self._n_high = self._n_high + 1 if is_high else 0
        if self._n_high < self.n_blocks or self._tail is not None:
            return self._tail if is_high else None
        n_steps = self.block_steps * self.n_blocks
        return self._finding(
            step,
            f"Level of the loss (median of {self.n_blocks} means of {self.block_steps} steps) is above "
            f"{self.tail_ratio:g} times its best, and more than {self.lost_share:.0%} of what was gained is lost.",
            (
                f"loss {significant(level)} = {significant(level / lowest, 2)} × its best level {significant(lowest)}",
                f"level over the last {n_steps} steps; best until step {lowest_step:,}",
            ),
        )

    def _find_spike(self, store: StoreView, since_step: int) -> Finding | None:
        last_step = store.last_step
        assert last_step is not None
        steps, losses = store.tail(_LOSS, last_step - since_step + self.spike_steps + self.window_steps)
        finite = np.isfinite(losses)
        steps, losses = steps[finite], losses[finite]
        first_new = max(int(np.searchsorted(steps, since_step)) - self.spike_steps + 1, self.spike_steps)
        if len(self._first_losses) < self.spike_steps or first_new + self.spike_steps > len(losses):
            return None
        before = losses[max(0, first_new - self.window_steps) : first_new]
        usual = max(float(np.median(before)), *self._first_losses)
        run = _first_run(losses[first_new:] > self.spike_ratio * usual, self.spike_steps)
        if usual <= 0 or run is None:
            return None
        at = first_new + run
        loss, peak = float(losses[at]), float(losses[at:].max())
        return self._finding(
            int(steps[at]),
            f"Loss is above {self.spike_ratio:g} times the larger of its trailing median and its first values for "
            f"{self.spike_steps} steps in a row.",
            (
                f"loss {significant(loss)} = {significant(loss / usual, 2)} × {significant(usual)}",
                f"largest since then {significant(peak)}",
            ),
        )

    def _finding(self, step: int, rule: str, evidence: tuple[str, ...]) -> Finding:
        return Finding(
            id="V2",
            tier=Tier.SUSPICION,
            severity=Severity.ERROR,
            title=self.name,
            fqn="",
            rule=rule,
            evidence=evidence,
            advice="Lower the learning rate or warm it up; clip gradients; look at the batches before this step",
            step=step,
        )


def _first_run(over: NDArray[np.bool_], length: int) -> int | None:
    """Where the first ``length`` True values in a row begin."""
    together = over[: len(over) - length + 1].copy()
    for offset in range(1, length):
        together &= over[offset : len(over) - length + 1 + offset]
    found = np.flatnonzero(together)
    return int(found[0]) if len(found) else None
