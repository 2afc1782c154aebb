"""How far one step moved each weight, measured on the weight itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import torch

from moduleview.probes.base import Measured, Probe, StepView
from moduleview.probes.weight_change import WeightChange
from moduleview.telemetry.quantities import UPDATE_NORM, UPDATE_RATIO


class UpdateRatio(Probe):
    """L2 norm of the change of each parameter in the step, over its L2 norm before it.

    How to read it: around 1e-3 is usual for Adam and its kin. Far below 1e-6 a layer learns nothing, whatever its
    gradient says; above 1e-1 it is thrown about. It holds all that the step did, whatever moved the weight: momentum,
    decay, clipping, a fused kernel; what is changed by hand between two steps counts to neither. A weight of zero that
    moved has an infinite ratio; one that did not has 0. Exact up to 50 million parameters; above that, estimated from
    4 096 elements of each tensor.
    """

    quantity: ClassVar[str] = UPDATE_RATIO

    def __init__(self) -> None:
        self._change = WeightChange()
        self._held: frozenset[str] = frozenset()
        self._step = -1

    def before_update(self, step: StepView) -> None:
        """Keep the weights as they are now, where what is kept is not that already."""
        self._change.keep(step.parameters, step.step)
        if step.optimizer is not None:  # otherwise it is only known that somebody may change them by hand
            self._held = frozenset(step.parameters) | (self._held if self._step == step.step else frozenset())
            self._step = step.step

    def measure(self, step: StepView) -> Iterable[Measured]:
        """Two series: the ratio, and the norm of the change itself (``update_norm``).

        Of the weights that an optimizer held which stepped, or was left out, in this step; of all where there was none.
        """
        held = (self._held if self._step == step.step else frozenset()) | step.left_out
        for change in self._change.take(step.parameters, step.step, held or step.parameters.keys()):
            ratio = torch.where(change.change == 0, 0.0, change.change / change.before)
            yield Measured(change.fqns, ratio, is_sampled=change.is_sampled)
            yield Measured(change.fqns, change.change, is_sampled=change.is_sampled, quantity=UPDATE_NORM)

    def forget(self) -> None:
        """Let go of the copy of the weights."""
        self._change = WeightChange()
