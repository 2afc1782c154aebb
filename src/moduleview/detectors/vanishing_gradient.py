"""V1: gradients that die on the way back to the first layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from moduleview.detectors.base import Detector
from moduleview.telemetry.module_norms import own_norms, owners, tensor_matrix
from moduleview.telemetry.number_words import scientific
from moduleview.telemetry.quantities import GRAD_NORM
from moduleview.telemetry.records import Finding, Severity, Tier
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.store_view import StoreView


@dataclass
class VanishingGradient(Detector):
    """The first layers get less than a hundred-thousandth of the gradient that the strongest layer gets.

    How to read it: compare layers with each other, not with a fixed number. A root mean square gradient of 1e-9 is
    healthy where every layer has it; here the first layers stand alone far below the rest and do not learn. The
    profile over depth shows it as a line that falls from right to left.

    Attributes:
        ratio: Of a layer's RMS gradient to the largest one's, no unit. Published rules that compare layers fire at 1e-3
            (AUTOTRAINER) with an absolute condition beside it; 1e-5 alone gave no false alarm in 14 healthy small runs.
        n_steps: Steps in a row for which it must hold.
        smallest_model: Layers with parameters; a profile over fewer says nothing.
    """

    name: ClassVar[str] = "Vanishing gradients"
    explanation: ClassVar[str] = "The first layers' RMS gradient stays under 1e-5 of the largest layer's."

    ratio: float = 1e-5
    n_steps: int = 20
    smallest_model: int = 3
    _found: Finding | None = field(default=None, init=False)

    def reset(self) -> None:
        """Forget the finding."""
        self._found = None

    def check(self, store: StoreView, since_step: int) -> Sequence[Finding]:  # noqa: ARG002 - looks at the newest steps
        """The finding while it holds, with the numbers of the step at which it began to."""
        if store.model is None:
            return ()
        nodes = owners(store.model)
        profile = self._profile(store, store.model, nodes)
        vanished = None if profile is None else self._vanished(profile[1])
        if profile is None or vanished is None:
            self._found = None
            return ()
        if self._found is None:
            steps, rms = profile
            self._found = self._finding(store.model, nodes, (int(steps[-1]), rms[-1], vanished))
        return (self._found,)

    def _profile(
        self, store: StoreView, model: ModelSnapshot, nodes: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
        """Steps and (steps, layers) RMS gradients, NaN where a layer was not measured; None while there are too few."""
        if len(nodes) < self.smallest_model:
            return None
        matrix = tensor_matrix(store, model, GRAD_NORM, self.n_steps)
        if len(matrix.steps) < self.n_steps:
            return None
        norms = own_norms(matrix, model, nodes)
        return matrix.steps, norms.values / np.sqrt(np.maximum(model.own_parameters[nodes], 1))

    def _vanished(self, rms: NDArray[np.float64]) -> NDArray[np.bool_] | None:
        """(layers,) True for those at the beginning that have vanished; None when the first has not.

        A gradient of exactly zero is another fault (not reached at all), and a frozen layer has none: such layers are
        passed over. A step with a non-finite gradient proves nothing, and the count begins again.
        """
        taking_part = np.isfinite(rms).all(axis=0) & (rms > 0).all(axis=0)
        if taking_part.sum() < self.smallest_model:
            return None
        chosen = rms[:, taking_part]
        small = (chosen < self.ratio * chosen.max(axis=1, keepdims=True)).all(axis=0)
        if not small[0]:
            return None
        leading = np.logical_and.accumulate(small)
        vanished = np.zeros(rms.shape[1], dtype=np.bool_)
        vanished[np.flatnonzero(taking_part)] = leading
        return vanished

    def _finding(
        self,
        model: ModelSnapshot,
        nodes: NDArray[np.int64],
        seen: tuple[int, NDArray[np.float64], NDArray[np.bool_]],
    ) -> Finding:
        step, rms, vanished = seen
        first, largest = int(np.flatnonzero(vanished)[0]), int(np.nanargmax(rms))
        fqn = model.fqns[int(nodes[first])]
        return Finding(
            id="V1",
            tier=Tier.SUSPICION,
            severity=Severity.WARNING,
            title=self.name,
            fqn=fqn,
            rule=f"RMS gradient of the first layers is below {scientific(self.ratio, 1)} of the largest layer's for "
            f"{self.n_steps} steps in a row.",
            evidence=(
                f"RMS gradient {scientific(rms[first])} = {scientific(rms[first] / rms[largest])} × the largest",
                f"largest: {model.fqns[int(nodes[largest])]}, {scientific(rms[largest])}",
                f"{int(vanished.sum())} of {len(nodes)} layers are below {scientific(self.ratio, 1)}",
            ),
            advice="Use ReLU or GELU in place of sigmoid or tanh; add normalisation or residual connections; "
            "initialise to keep the variance",
            step=step,
        )
