"""How the bits of a floating type are laid out: sign, exponent, mantissa."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class FloatFormat:
    """A floating type of IEEE 754's kind.

    Attributes:
        bits: Integer type of the same width.
        mantissa_bits: The lowest ones.
        exponent_bits: Above them; the sign is the highest.
    """

    bits: torch.dtype
    mantissa_bits: int
    exponent_bits: int

    @property
    def bias(self) -> int:
        """What the exponent's bits are more than the exponent."""
        return (1 << (self.exponent_bits - 1)) - 1

    @property
    def n_exponents(self) -> int:
        """Patterns of the exponent's bits; the first one is zero and subnormal, the last one Inf and NaN."""
        return 1 << self.exponent_bits

    @property
    def magnitude_mask(self) -> int:
        """All bits but the sign."""
        return (1 << (self.exponent_bits + self.mantissa_bits)) - 1


FORMATS = {
    torch.float64: FloatFormat(torch.int64, 52, 11),
    torch.float32: FloatFormat(torch.int32, 23, 8),
    torch.bfloat16: FloatFormat(torch.int16, 7, 8),
    torch.float16: FloatFormat(torch.int16, 10, 5),
}
