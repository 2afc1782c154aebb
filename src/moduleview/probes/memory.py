"""Memory that training takes."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import torch

from moduleview.probes.base import Measured, Probe, StepView
from moduleview.telemetry.quantities import MEMORY

_STATM = Path("/proc/self/statm")


class Memory(Probe):
    """Bytes in use: what the tensors on the GPU take, or resident memory of this whole program on the CPU.

    How to read it: after the first steps it should be flat. A slope means that something keeps tensors, most often
    losses that are collected without ``.item()``. Without ``/proc`` (macOS) it is the peak so far, which never falls.
    """

    quantity: ClassVar[str] = MEMORY
    unit: ClassVar[str] = "B"
    is_free: ClassVar[bool] = True
    every: int = 10

    def measure(self, step: StepView) -> Iterable[Measured]:
        """The first parameter's device decides what is looked at."""
        first = next(iter(step.parameters.values()), None)
        n_bytes = torch.cuda.memory_allocated(first.device) if first is not None and first.is_cuda else resident_bytes()
        return (Measured(("",), torch.tensor([float(n_bytes)], dtype=torch.float32, device="cpu")),)


def resident_bytes() -> int:
    """Resident memory of this program in bytes; its peak where the system does not say more."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
