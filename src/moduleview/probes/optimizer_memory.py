"""What a probe keeps from step to step, apart for each optimizer: where two step in turn, each has its gradients."""

from __future__ import annotations

from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch.optim.optimizer import Optimizer

from moduleview.probes.base import StepView
from moduleview.probes.element_sample import ElementSample

T = TypeVar("T")
_Key = tuple[torch.device, torch.dtype]


class OptimizerMemory(Generic[T]):
    """One thing a sample of gradients; it goes with the optimizer. Training thread only.

    Where there is no optimizer, gradients are read after each pass, since nobody knows which is the last: what was kept
    of the passes before in the same step then counts for nothing.
    """

    def __init__(self) -> None:
        self._of: WeakKeyDictionary[Optimizer, dict[_Key, T]] = WeakKeyDictionary()
        self._without: dict[_Key, T] = {}
        self._without_before: dict[_Key, T] = {}  # as it was when the step began
        self._step = -1  # in which something was kept without an optimizer

    def __len__(self) -> int:
        """How many things are kept."""
        return len(self._without) + sum(map(len, self._of.values()))

    def get(self, step: StepView, sample: ElementSample) -> T | None:
        """What was kept of the sample's device and type when this optimizer stepped last."""
        key = sample.layout.device, sample.dtype
        if step.optimizer is None and step.step == self._step:
            return self._without_before.get(key)
        return self._kept(step).get(key)

    def keep(self, step: StepView, sample: ElementSample, kept: T) -> None:
        """Keep it in place of that; nothing in it may change later."""
        if step.optimizer is None and step.step != self._step:
            self._without_before, self._step = dict(self._without), step.step
        self._kept(step)[sample.layout.device, sample.dtype] = kept

    def clear(self) -> None:
        """Let go of all of it."""
        self._of.clear()
        self._without.clear()
        self._without_before.clear()

    def _kept(self, step: StepView) -> dict[_Key, T]:
        if step.optimizer is None:
            return self._without
        kept = self._of.get(step.optimizer)
        if kept is None:
            kept = self._of[step.optimizer] = {}
        return kept
