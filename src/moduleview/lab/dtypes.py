"""torch's dtypes by name, and how numpy shows their values."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray

_NAMES = (
    "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 complex128 "
    "uint16 uint32 uint64 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu"
)

DTYPES: Mapping[str, torch.dtype] = MappingProxyType(
    {name: getattr(torch, name) for name in _NAMES.split() if hasattr(torch, name)}
)
"""Those that hold numbers and can be made anew."""

_NUMPY_LACKS = frozenset(dtype for name, dtype in DTYPES.items() if name.startswith("float8") or name == "bfloat16")


def dtype_name(dtype: torch.dtype) -> str:
    """``float32``."""
    return str(dtype).removeprefix("torch.")


def as_numpy(tensor: torch.Tensor) -> NDArray[np.generic]:
    """A small tensor on the host as numpy shows it: in its own type, or float32 where numpy has none like it."""
    if tensor.dtype in _NUMPY_LACKS:
        tensor = tensor.to(torch.float32)
    array: NDArray[np.generic] = tensor.detach().resolve_conj().resolve_neg().contiguous().numpy()
    return array


def as_reals(tensor: torch.Tensor) -> torch.Tensor:
    """Its values as float32 or float64, complex ones by their magnitude: what images and histograms are made of."""
    if tensor.is_complex():
        return tensor.abs()
    if tensor.dtype is torch.float32 or tensor.dtype is torch.float64:
        return tensor.resolve_neg()
    if tensor.is_floating_point() or tensor.dtype is torch.bool or tensor.dtype.itemsize < 3:
        return tensor.to(torch.float32)
    return tensor.to(torch.float64)


def significant_digits(dtype: torch.dtype) -> int:
    """Decimal digits that tell all values of a dtype apart: 9 for float32; 0 for whole numbers and booleans."""
    if not (dtype.is_floating_point or dtype.is_complex):
        return 0
    bits = -int(np.floor(np.log2(torch.finfo(dtype).eps))) + 1  # the mantissa's, with the one that is not stored
    return int(np.ceil(1 + bits * np.log10(2)))
