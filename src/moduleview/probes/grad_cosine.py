"""Whether a gradient points where the one before it did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import torch

from moduleview.probes.base import Measured, Moment, Probe, StepView
from moduleview.probes.element_sample import ElementSample, widened
from moduleview.probes.optimizer_memory import OptimizerMemory
from moduleview.probes.sample_layout import SampleLayout
from moduleview.probes.sampled_values import sampled_values
from moduleview.telemetry.quantities import GRAD_COSINE


@dataclass(frozen=True, eq=False)
class _Gradient:
    """Elements of a step's gradients, and the sum of squares of each tensor's."""

    layout: SampleLayout
    values: torch.Tensor
    squares: torch.Tensor
    is_finite: torch.Tensor

    def only(self, chosen: SampleLayout) -> _Gradient:
        layout = self.layout
        return _Gradient(
            chosen,
            layout.elements_of(chosen, self.values),
            layout.tensors_of(chosen, self.squares),
            layout.tensors_of(chosen, self.is_finite),
        )


class GradCosine(Probe):
    """Cosine between each parameter's gradient and the one of the measured step before, from the same sampled elements.

    It is g·h / (|g| |h|), over at most 4 096 elements of each. How to read it: near 1 the steps go one way, and a
    larger learning rate may do; near 0 they have nothing to do with each other, as small batches have it; near -1 each
    undoes the one before: the learning rate is too large for this layer. 0 as well where one of the two is zero. A
    gradient that is not finite has none, and the one before it is kept for the next; a sparse one stores other rows in
    each step, and has none either.
    """

    quantity: ClassVar[str] = GRAD_COSINE
    moment: ClassVar[Moment] = Moment.GRADIENTS_READY

    def __init__(self) -> None:
        self._before: OptimizerMemory[_Gradient] = OptimizerMemory()

    def measure(self, step: StepView) -> Iterable[Measured]:
        """Of those that had a gradient in both steps."""
        for sample in step.gradients.samples:
            if not sample.is_fixed:
                continue
            before = self._before.get(step, sample)
            now = _gradient(sample, before)
            self._before.keep(step, sample, now)
            if before is None:
                continue
            chosen = now.layout.in_common(before.layout)
            if before.layout != chosen or now.layout != chosen:
                now, before = now.only(chosen), before.only(chosen)
            else:
                self._before.keep(step, sample, _kept(now, before))
            yield from sampled_values(chosen, _cosines(now, before))

    def forget(self) -> None:
        """Let go of the gradients before."""
        self._before.clear()


def _gradient(sample: ElementSample, before: _Gradient | None) -> _Gradient:
    layout = sample.share(None if before is None else before.layout)
    return _Gradient(layout, sample.true_values, sample.squares, sample.is_finite)


def _kept(now: _Gradient, before: _Gradient) -> _Gradient:
    """What the next step is compared with: of a gradient that is not finite, as in a skipped step, the one before."""
    if now.is_finite.is_cpu and bool(now.is_finite.all()):
        return now
    values = torch.where(now.layout.spread(now.is_finite), now.values, before.values)
    squares = torch.where(now.is_finite, now.squares, before.squares)
    return _Gradient(now.layout, values, squares, now.is_finite)


def _cosines(now: _Gradient, before: _Gradient) -> torch.Tensor:
    """(n,) float32; the root of each square apart, since their product could be too large or too small."""
    products = now.layout.sums(widened(now.values) * widened(before.values))
    cosines = products / (now.squares.sqrt() * before.squares.sqrt())
    is_zero = (now.squares == 0) | (before.squares == 0)
    return torch.where(is_zero, now.squares * 0.0, cosines.clamp(-1.0, 1.0)).float()
