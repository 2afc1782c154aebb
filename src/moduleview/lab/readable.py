"""Whether a tensor is one block of numbers that can be copied, and what it is where it is not."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.parameter import is_lazy

from moduleview.introspect.float_format import FORMATS
from moduleview.lab.dtypes import DTYPES

_REFUSED: tuple[tuple[Callable[[torch.Tensor], bool], str], ...] = (
    (is_lazy, "It is lazy: it gets its shape and values with the first input. Make a step first."),
    (lambda t: hasattr(t, "to_local"), "It is sharded over several ranks; reading it whole would need all of them."),
    (lambda t: t.is_meta, "It is on the meta device, which keeps shapes and no values."),
    (lambda t: t.is_nested, "It is nested, a list of tensors of different shapes; take one of them in the console."),
    (lambda t: t.layout is not torch.strided, "It is sparse; lab.put(tensor.to_dense(), 'name') in the console."),
    (lambda t: t.is_quantized, "It is quantised; lab.put(tensor.dequantize(), 'name') in the console."),
    (lambda t: t.dtype not in DTYPES.values(), "The lab does not read its dtype."),
)


def why_not_copied(tensor: torch.Tensor) -> str:
    """A sentence where a tensor is no block of numbers, "" where it can be copied."""
    return next((sentence for applies, sentence in _REFUSED if applies(tensor)), "")


def has_magnitudes(tensor: torch.Tensor) -> bool:
    """Its dtype has exponents that a histogram of magnitudes can be read off."""
    return tensor.dtype in FORMATS
