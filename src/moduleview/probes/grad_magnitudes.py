"""How the elements of each gradient are spread over the powers of two."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.base import Moment, StepView
from moduleview.probes.magnitudes import Magnitudes
from moduleview.probes.tensor_readings import TensorReadings
from moduleview.telemetry.quantities import GRAD_MAGNITUDES


class GradMagnitudes(Magnitudes):
    """Histogram of log2 of the magnitude of each gradient, from at most 4 096 of its elements, always the same ones.

    How to read it: one hump of ten to fifteen powers of two is usual. It should stand clear of the subnormal range of
    the gradient's type (float16: below 2**-14): what gets there loses digits, and below it becomes zero; a larger loss
    scale moves the hump up. Elements of exactly zero are counted apart: many of them mean dead units or unused rows.
    """

    quantity: ClassVar[str] = GRAD_MAGNITUDES
    moment: ClassVar[Moment] = Moment.GRADIENTS_READY

    def readings(self, step: StepView) -> TensorReadings:
        """The gradients."""
        return step.gradients
