"""The tensor lab: what may be asked about frozen copies of tensors, and what comes back."""

from __future__ import annotations

import msgspec


class DropTensor(msgspec.Struct, frozen=True, tag=True):
    """Let a frozen copy go."""

    tensor_id: int


class TensorDropped(msgspec.Struct, frozen=True, tag=True):
    """A frozen copy is gone."""

    tensor_id: int


LabCommand = DropTensor
LabRecord = TensorDropped
