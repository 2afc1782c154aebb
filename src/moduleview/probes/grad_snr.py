"""Whether the gradients of many steps agree, or are noise."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

import torch

from moduleview.probes.base import Measured, Moment, Probe, StepView
from moduleview.probes.element_sample import ElementSample, widened
from moduleview.probes.optimizer_memory import OptimizerMemory
from moduleview.probes.sample_layout import SampleLayout
from moduleview.probes.sampled_values import sampled_values
from moduleview.telemetry.quantities import GRAD_SNR


class GradSnr(Probe):
    """Signal to noise of each parameter's gradient over a window of 32 measured steps, from the same sampled elements.

    It is |m|² / v, with m the mean of the gradient over the window and v the sum of its elements' variances: 1 over
    the "simple noise scale" of McCandlish et al., An Empirical Model of Large-Batch Training (2018, equation 2.9),
    counted in batches of this run. It is new every 8 measured steps, of at most 4 096 elements of each tensor.

    How to read it: above 1 the steps agree on a direction. Far below it a step is mostly noise: a batch n times as
    large raises it n times. Nothing but noise reads about 1/32, the least that the window can tell. Infinite where all
    gradients were the same, 0 where all were zero; beyond 1e6 it is rounding. Gradients that are not finite do not
    count; sparse ones, which store other rows in each step, have none.
    """

    quantity: ClassVar[str] = GRAD_SNR
    moment: ClassVar[Moment] = Moment.GRADIENTS_READY
    steps_a_part: int = 8
    parts: int = 4

    def __init__(self) -> None:
        self._windows: OptimizerMemory[deque[_Part]] = OptimizerMemory()

    def measure(self, step: StepView) -> Iterable[Measured]:
        """Where a window is full."""
        for sample in step.gradients.samples:
            if not sample.is_fixed:
                continue
            window = deque(self._windows.get(step, sample) or (), maxlen=self.parts)
            self._windows.keep(step, sample, window)
            layout = sample.share(window[-1].layout if window else None)
            if not window or window[-1].n_steps == self.steps_a_part:
                window.append(_Part.empty(layout))
            window[-1] = window[-1].with_step(sample)
            if len(window) == self.parts and window[-1].n_steps == self.steps_a_part:
                whole = reduce(_together, window)
                yield from sampled_values(whole.layout, whole.signal_to_noise())

    def forget(self) -> None:
        """Let go of the window."""
        self._windows.clear()


@dataclass(frozen=True, eq=False)
class _Part:
    """Some steps of a window.

    Attributes:
        layout: Tensors that had a gradient in each of them.
        sums: (elements,) float32 over the steps.
        squares: (n,) over steps and elements.
        counts: (n,) steps that count.
        n_steps: Steps.
    """

    layout: SampleLayout
    sums: torch.Tensor
    squares: torch.Tensor
    counts: torch.Tensor
    n_steps: int

    @classmethod
    def empty(cls, layout: SampleLayout) -> _Part:
        sums = torch.zeros(sum(layout.sizes), dtype=torch.float32, device=layout.device)
        nothing = widened(torch.zeros(len(layout.sizes), dtype=torch.float32, device=layout.device))
        return cls(layout, sums, nothing, nothing, 0)

    def with_step(self, sample: ElementSample) -> _Part:
        squares, values, is_finite = sample.squares, sample.true_values, sample.is_finite
        if not (is_finite.is_cpu and bool(is_finite.all())):
            values = torch.where(sample.layout.spread(is_finite), values, 0.0)
            squares = torch.where(is_finite, squares, 0.0)
        return _together(self, _Part(sample.layout, values, squares, is_finite.to(squares.dtype), 1))

    def signal_to_noise(self) -> torch.Tensor:
        """(n,) float32."""
        means = self.layout.sums(widened(self.sums).square()) / self.counts  # of |m|², as often as there are steps
        noise = ((self.squares - means) / (self.counts - 1)).clamp_min(0.0)
        signal = means / self.counts
        return torch.where(self.squares == 0, self.squares, signal / noise).float()

    def only(self, chosen: SampleLayout) -> _Part:
        layout = self.layout
        return _Part(
            chosen,
            layout.elements_of(chosen, self.sums),
            layout.tensors_of(chosen, self.squares),
            layout.tensors_of(chosen, self.counts),
            self.n_steps,
        )


def _together(one: _Part, other: _Part) -> _Part:
    """Both, of the tensors that both have."""
    chosen = one.layout.in_common(other.layout)
    one, other = one.only(chosen), other.only(chosen)
    return _Part(
        chosen,
        one.sums + other.sums,
        one.squares + other.squares,
        one.counts + other.counts,
        one.n_steps + other.n_steps,
    )
