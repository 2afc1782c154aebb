"""V3: a gradient that leaps out of its own recent range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from moduleview.detectors.base import Detector
from moduleview.telemetry.module_norms import own_norms, owners, tensor_matrix
from moduleview.telemetry.number_words import significant
from moduleview.telemetry.quantities import GRAD_NORM
from moduleview.telemetry.records import Finding, Severity, Tier
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.store_view import StoreView

_MAD_TO_SIGMA = 1.4826  # of a normal distribution
_N_KEPT = 20  # episodes listed; a run that spikes more often has one fault, not more findings


@dataclass(frozen=True)
class _Episode:
    """One spike: where each layer stood when it began. Arrays are (layers,)."""

    step: int
    norms: NDArray[np.float64]
    medians: NDArray[np.float64]
    z: NDArray[np.float64]
    rising: NDArray[np.bool_]


@dataclass
class GradientSpike(Detector):
    """A layer's gradient norm leaves the range of its last 120 steps by far, for three steps in a row.

    How to read it: each layer is compared with its own past, on a log scale, so it does not matter how large its
    gradients are. The layer named is the one that leapt highest; where the others rise too, the cause is likely the
    batch or the learning rate, where they do not, the layer itself.

    Attributes:
        z: Robust z of log10 of the norm: distance from the median in units of 1.4826 × the median absolute deviation.
            8 is reached by a normal distribution never in practice; three in a row leave out single bad batches.
        n_steps: Steps in a row over ``z``.
        window_steps: Steps before them that make the median.
        smallest_ratio: Norm to its median, no unit: a very quiet layer that doubles is no spike.
        smallest_deviation: Decades; floor under the deviation of a layer that hardly moves.
    """

    name: ClassVar[str] = "Gradient spike"
    explanation: ClassVar[str] = "A layer's gradient norm leaps out of the range of its last 120 steps."

    z: float = 8.0
    n_steps: int = 3
    window_steps: int = 120
    smallest_ratio: float = 4.0
    smallest_deviation: float = 0.02
    _found: list[Finding] = field(default_factory=list, init=False)
    _quiet_until: int = field(default=0, init=False)
    _nodes: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64), init=False)
    _steps: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64), init=False)
    _logs: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)), init=False)  # (steps, layers), log10

    def reset(self) -> None:
        """Forget the spikes and the past."""
        self._found, self._quiet_until = [], 0
        self._nodes, self._steps = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        self._logs = np.zeros((0, 0))

    def check(self, store: StoreView, since_step: int) -> Sequence[Finding]:
        """All spikes of the run, at most 20; one that lasts is one finding."""
        model, last_step = store.model, store.last_step
        if model is None or last_step is None:
            return tuple(self._found)
        nodes = owners(model)
        if not np.array_equal(nodes, self._nodes):
            self._nodes = nodes
            self._steps, self._logs = np.zeros(0, dtype=np.int64), np.zeros((0, len(nodes)))
        self._take(store, model, last_step - since_step + 1, since_step)
        overlap = self.n_steps - 1  # a run may have begun in steps already seen
        begin = max(int(np.searchsorted(self._steps, since_step)) - overlap, self.window_steps)
        while len(nodes) and begin + self.n_steps <= len(self._steps):
            end = min(begin + self.window_steps // 2, len(self._steps))
            self._look(model, self._steps[begin:end], self._logs[begin - self.window_steps : end])
            if end == len(self._steps):
                break
            begin = end - overlap
        n_kept = self.window_steps + overlap
        self._steps, self._logs = self._steps[-n_kept:], self._logs[-n_kept:]
        return tuple(self._found)

    def _take(self, store: StoreView, model: ModelSnapshot, n_rows: int, since_step: int) -> None:
        """Add the new rows; those before are kept here, since reading 120 of them again would cost most."""
        norms = own_norms(tensor_matrix(store, model, GRAD_NORM, n_rows), model, self._nodes)
        new = norms.steps >= since_step
        self._steps = np.concatenate([self._steps, norms.steps[new]])
        self._logs = np.concatenate([self._logs, _logs(norms.values[new])])

    def _look(self, model: ModelSnapshot, steps: NDArray[np.int64], logs: NDArray[np.float64]) -> None:
        """One block of steps against the window before it."""
        window, block = logs[: self.window_steps], logs[self.window_steps :]
        episode = self._episode(steps, window, block)
        if episode is None or len(self._found) >= _N_KEPT:
            return
        if episode.step >= self._quiet_until:
            self._found.append(self._finding(model, episode))
        self._quiet_until = int(steps[-1]) + self.window_steps  # until the window knows the new level

    def _episode(
        self, steps: NDArray[np.int64], window: NDArray[np.float64], block: NDArray[np.float64]
    ) -> _Episode | None:
        candidates = self._candidates(window, block)
        if not len(candidates):
            return None
        chosen = window[:, candidates]
        median = np.nanmedian(chosen, axis=0)
        deviation = _MAD_TO_SIGMA * np.nanmedian(np.abs(chosen - median), axis=0)
        rise = block[:, candidates] - median
        z = rise / np.maximum(deviation, self.smallest_deviation)
        over = (z > self.z) & (rise > np.log10(self.smallest_ratio))
        n_starts = len(over) - self.n_steps + 1
        runs = np.logical_and.reduce([over[i : n_starts + i] for i in range(self.n_steps)])
        rows = np.flatnonzero(np.any(runs, axis=1))
        if not len(rows):
            return None
        row = int(rows[0])
        n_layers = window.shape[1]
        found = _Episode(
            int(steps[row]),
            10.0 ** np.nan_to_num(block[row], nan=-np.inf),
            np.full(n_layers, np.nan),
            np.full(n_layers, -np.inf),
            np.zeros(n_layers, dtype=np.bool_),
        )
        found.medians[candidates], found.z[candidates] = 10.0**median, z[row]
        found.rising[candidates] = runs[row]
        return found

    def _candidates(self, window: NDArray[np.float64], block: NDArray[np.float64]) -> NDArray[np.int64]:
        """Columns worth a median: those that have a past and rise over most of it. Two sorts fewer for the others."""
        known = np.isfinite(window)
        n_known = known.sum(axis=0)
        usual = np.where(known, window, 0.0).sum(axis=0) / np.maximum(n_known, 1)
        high = (np.where(np.isfinite(block), block, -np.inf) > usual).sum(axis=0)
        largest = np.max(np.where(np.isfinite(block), block, -np.inf), axis=0)
        # the mean of logs lies at most a decade or so over the median; half the wanted ratio is a safe sieve
        return np.flatnonzero(
            (2 * n_known >= len(window))
            & (high >= self.n_steps)
            & (largest > usual + 0.5 * np.log10(self.smallest_ratio))
        )

    def _finding(self, model: ModelSnapshot, episode: _Episode) -> Finding:
        top = int(np.argmax(np.where(episode.rising, episode.z, -np.inf)))
        fqn = model.fqns[int(self._nodes[top])]
        norm, median = episode.norms[top], episode.medians[top]
        ratio, limit = significant(norm / median, 2), significant(median * self.smallest_ratio, 1)
        others = int(episode.rising.sum()) - 1
        return Finding(
            id="V3",
            tier=Tier.SUSPICION,
            severity=Severity.WARNING,
            title=self.name,
            fqn=fqn,
            rule=f"Robust z of log norm against the trailing median of {self.window_steps} steps is over {self.z:g} "
            f"for {self.n_steps} steps in a row.",
            evidence=(
                f"gradient norm {significant(norm)} = {ratio} × its trailing median {significant(median, 2)}",
                f"z = {episode.z[top]:.1f} since step {episode.step:,}",
                f"{others} of {len(self._nodes) - 1} other layers rise too",
            ),
            advice=f"Look at the batch of step {episode.step:,}; clip the norm near {limit}",
            step=episode.step,
        )


def _logs(norms: NDArray[np.float32]) -> NDArray[np.float64]:
    """log10, NaN for zero, non-finite and not measured: none of them is a size to compare with."""
    values = norms.astype(np.float64)
    usable = np.isfinite(values) & (values > 0)
    return np.log10(values, out=np.full_like(values, np.nan), where=usable)
