"""The numbers that are taken of every gradient and weight."""

from __future__ import annotations

from enum import StrEnum


class Statistic(StrEnum):
    """A number of one tensor; with ``grad_`` or ``weight_`` before it the name of a quantity."""

    NORM = "norm"  # L2
    RMS = "rms"  # L2 over the root of the number of elements
    MEAN = "mean"
    STD = "std"  # of the population
    MAX = "max"  # largest magnitude
    NON_FINITE = "non_finite"  # elements
    ZERO_SHARE = "zero_share"  # 0..1; read apart from the others, for it is measured less often


OF_COMPLEX = frozenset({Statistic.NORM, Statistic.RMS, Statistic.NON_FINITE, Statistic.ZERO_SHARE})
"""Those that mean something for complex numbers."""
