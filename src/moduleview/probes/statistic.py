"""The numbers that are taken of every gradient and weight."""

from __future__ import annotations

from enum import StrEnum


class Statistic(StrEnum):
    """A number of one tensor; with ``grad_`` or ``weight_`` before it the name of a quantity."""

    NORM = "norm"  # L2
    MEAN = "mean"
    STD = "std"  # of the population
    MAX = "max"  # largest magnitude
    NON_FINITE = "non_finite"  # elements
