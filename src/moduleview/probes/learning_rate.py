"""The learning rates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from weakref import WeakKeyDictionary

import torch
from torch.optim.optimizer import Optimizer

from moduleview.probes.base import Measured, Moment, Probe, StepView
from moduleview.telemetry.quantities import LEARNING_RATE


class LearningRate(Probe):
    """Learning rate of every parameter group of the optimizer that is about to step.

    How to read it: what the schedule gave the step, before Adam and its kin divide by what they know of each weight.
    Beside the loss it tells a plateau from a schedule that has ended; where it is 0 nothing is learned. Groups are
    numbered as in the optimizer; those of a second optimizer carry its number.
    """

    quantity: ClassVar[str] = LEARNING_RATE
    moment: ClassVar[Moment] = Moment.GRADIENTS_READY
    is_free: ClassVar[bool] = True

    def __init__(self) -> None:
        self._number_of: WeakKeyDictionary[Optimizer, int] = WeakKeyDictionary()
        self._n_optimizers = 0

    def measure(self, step: StepView) -> Iterable[Measured]:
        """One value a group, where it has a rate that is one real number."""
        if step.optimizer is None:
            return
        prefix = self._prefix(step.optimizer)
        for number, group in enumerate(step.optimizer.param_groups):
            rate = _rate(group.get("lr"))
            if rate is not None:
                yield Measured(("",), rate, f"{prefix}group {number}")

    def forget(self) -> None:
        """Number optimizers from 0 again."""
        self._number_of = WeakKeyDictionary()
        self._n_optimizers = 0

    def _prefix(self, optimizer: Optimizer) -> str:
        number = self._number_of.get(optimizer)
        if number is None:
            number = self._number_of[optimizer] = self._n_optimizers
            self._n_optimizers += 1
        return f"optimizer {number} " if number else ""


def _rate(rate: object) -> torch.Tensor | None:
    """(1,) float32; of a tensor a copy on its device, since a schedule changes it in place."""
    if isinstance(rate, torch.Tensor):
        is_number = rate.numel() == 1 and not rate.is_complex() and not rate.is_meta
        return rate.detach().reshape(1).to(torch.float32, copy=True) if is_number else None
    if isinstance(rate, int | float):
        return torch.tensor([rate], dtype=torch.float32, device="cpu")
    return None
