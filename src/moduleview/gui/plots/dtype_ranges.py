"""What a floating-point type can hold, as powers of two: its normal range and the subnormal one below it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DtypeRange:
    """Powers of two.

    Attributes:
        subnormal: Exponent of the smallest magnitude but zero.
        normal: Of the smallest normal magnitude.
        end: Every finite magnitude is smaller than two to this one.
    """

    subnormal: int
    normal: int
    end: int


DTYPE_RANGES = {  # IEEE 754-2019; bfloat16: Intel 338302-001; float8: OCP OFP8 1.0
    "float64": DtypeRange(-1074, -1022, 1024),
    "float32": DtypeRange(-149, -126, 128),
    "bfloat16": DtypeRange(-133, -126, 128),
    "float16": DtypeRange(-24, -14, 16),
    "float8_e5m2": DtypeRange(-16, -14, 16),
    "float8_e4m3fn": DtypeRange(-9, -6, 9),
}
"""By torch's names."""
