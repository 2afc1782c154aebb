"""Names of the quantities that both sides speak of; those of hooks are made in ``telemetry.hooks``."""

from __future__ import annotations

LOSS = "loss"  # what the step returned; of the whole model
GRAD_NORM = "grad_norm"  # L2, of each parameter's gradient as the optimizer uses it
WEIGHT_NORM = "weight_norm"  # L2, of each parameter after the optimizer's step
MEMORY = "memory"  # bytes that training takes
OVERHEAD = "overhead"  # share of the step's time that measuring took, 0..1
