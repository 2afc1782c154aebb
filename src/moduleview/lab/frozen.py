"""What is said of a frozen copy."""

from __future__ import annotations

import torch

from moduleview.lab.dtypes import dtype_name
from moduleview.telemetry.lab_tensors import FrozenTensor, TensorKind

_NAME_LENGTH = 200


def describe_frozen(tensor: torch.Tensor, tensor_id: int, name: str, kind: TensorKind, *, origin: str) -> FrozenTensor:
    """Of a tensor that comes from no run; what one that does has beside it is put in later."""
    return FrozenTensor(
        tensor_id=tensor_id,
        name=name[:_NAME_LENGTH],
        kind=kind,
        fqn="",
        part="",
        step=None,
        shape=tuple(tensor.shape),
        dtype=dtype_name(tensor.dtype),
        strides=tensor.stride(),
        device=str(tensor.device),
        n_bytes=tensor.numel() * tensor.element_size(),
        origin=origin,
    )
