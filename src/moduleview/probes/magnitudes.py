"""What the probes of histograms have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from moduleview.probes.base import Measured, Probe, StepView
from moduleview.probes.device_magnitudes import device_magnitudes
from moduleview.probes.host_magnitudes import host_magnitudes
from moduleview.probes.optimizer_memory import OptimizerMemory
from moduleview.probes.sample_layout import SampleLayout
from moduleview.probes.tensor_readings import TensorReadings


class Magnitudes(Probe, ABC):
    """How the sampled elements of each tensor are spread over the powers of two."""

    is_histogram: ClassVar[bool] = True
    unit: ClassVar[str] = "elements"

    def __init__(self) -> None:
        self._layouts: OptimizerMemory[SampleLayout] = OptimizerMemory()

    @abstractmethod
    def readings(self, step: StepView) -> TensorReadings:
        """The tensors."""

    def measure(self, step: StepView) -> Iterable[Measured]:
        """(n, 68) counts, one ``Measured`` a device and type."""
        for sample in self.readings(step).samples:
            self._layouts.keep(step, sample, sample.share(self._layouts.get(step, sample)))
            counts = (host_magnitudes if sample.values.is_cpu else device_magnitudes)(sample)
            yield Measured(sample.layout.fqns, counts)

    def forget(self) -> None:
        """Let go of which element belongs where."""
        self._layouts.clear()
