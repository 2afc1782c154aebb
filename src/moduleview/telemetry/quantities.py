"""Names of the quantities that both sides speak of; those of hooks are made in ``telemetry.hooks``.

What each one means, its formula, unit and how to read it stand in the README ("What the numbers mean").
"""

from __future__ import annotations

from enum import StrEnum

LOSS = "loss"  # what the step's backward passes started from, unscaled; of the whole model
LEARNING_RATE = "learning_rate"  # of each parameter group: part "group 0", "group 1", ...
LOSS_SCALE = "loss_scale"  # of mixed precision's GradScaler
MEMORY = "memory"  # bytes that training takes
OVERHEAD = "overhead"  # share of the step's time that measuring took, 0..1

GRAD_NORM = "grad_norm"  # L2, of each parameter's gradient as the optimizer uses it
GRAD_RMS = "grad_rms"
GRAD_MAX = "grad_max"  # largest magnitude
GRAD_MEAN = "grad_mean"
GRAD_STD = "grad_std"
GRAD_ZERO_SHARE = "grad_zero_share"  # 0..1
GRAD_NON_FINITE = "grad_non_finite"  # elements
GRAD_SNR = "grad_snr"
GRAD_COSINE = "grad_cosine"  # with the previous step's gradient, -1..1
GRAD_MAGNITUDES = "grad_magnitudes"  # a histogram, not a series

WEIGHT_NORM = "weight_norm"  # L2, of each parameter after the optimizer's step
WEIGHT_RMS = "weight_rms"
WEIGHT_MAX = "weight_max"
WEIGHT_MEAN = "weight_mean"
WEIGHT_STD = "weight_std"
WEIGHT_ZERO_SHARE = "weight_zero_share"
WEIGHT_NON_FINITE = "weight_non_finite"
WEIGHT_MAGNITUDES = "weight_magnitudes"

MICRO_GRAD_NORM = "micro_grad_norm"  # of one backward pass: part "" is the first, then "pass 1", "pass 2", ...
ACCUMULATED_GRAD_NORM = "accumulated_grad_norm"  # after the last pass; part "pass 0", ... after each, where several
LOCAL_GRAD_NORM = "local_grad_norm"  # accumulated, of this rank alone, in the loss's own units (unscaled)
REDUCED_GRAD_NORM = "reduced_grad_norm"  # after the reduction over ranks, still scaled
UNSCALED_GRAD_NORM = "unscaled_grad_norm"  # divided by the loss scale, before clipping
UPDATE_NORM = "update_norm"  # L2 of the change of the weight in the step
UPDATE_RATIO = "update_ratio"  # the same over the L2 norm before the step

STATIONS = (
    MICRO_GRAD_NORM,
    ACCUMULATED_GRAD_NORM,
    REDUCED_GRAD_NORM,
    UNSCALED_GRAD_NORM,
    GRAD_NORM,
    UPDATE_NORM,
)
"""The places at which one gradient is measured on its way through a step, in their order."""


STATION_NORMS = frozenset(
    {MICRO_GRAD_NORM, ACCUMULATED_GRAD_NORM, LOCAL_GRAD_NORM, REDUCED_GRAD_NORM, UNSCALED_GRAD_NORM}
)
"""Those on the way to ``grad_norm``; each needs the backward passes to be followed."""


RUN_QUANTITIES = frozenset({LOSS, LEARNING_RATE, LOSS_SCALE, MEMORY, OVERHEAD})
"""Of the whole run, not of a module or a tensor."""


LOCAL_QUANTITIES = frozenset({MICRO_GRAD_NORM, ACCUMULATED_GRAD_NORM, LOCAL_GRAD_NORM, LOSS, MEMORY, OVERHEAD})
"""Of one rank alone where there are several: measured before the reduction, or about the rank itself."""


class Scope(StrEnum):
    """Over what a value was taken."""

    GLOBAL = "global"  # the same on every rank, or there is one rank only
    LOCAL = "local"  # of this rank alone: other ranks have other values
    SHARD = "shard"  # of the part that this rank holds: the norm of the whole is the root of the sum of squares
