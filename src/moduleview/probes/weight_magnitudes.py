"""How the elements of each weight are spread over the powers of two."""

from __future__ import annotations

from typing import ClassVar

from moduleview.probes.base import StepView
from moduleview.probes.magnitudes import Magnitudes
from moduleview.probes.tensor_readings import TensorReadings
from moduleview.telemetry.quantities import WEIGHT_MAGNITUDES


class WeightMagnitudes(Magnitudes):
    """Histogram of log2 of the magnitude of each parameter, from at most 4 096 of its elements, always the same ones.

    How to read it: one hump that moves slowly. Mass at zero was pruned or never left its initial value; a few elements
    far to the right of the hump are outliers, which cost precision when the model is quantised.
    """

    quantity: ClassVar[str] = WEIGHT_MAGNITUDES
    every: int = 10

    def readings(self, step: StepView) -> TensorReadings:
        """The parameters after the step."""
        return step.weights
