"""Questions about a tensor: the answer is True, False or a number."""

from __future__ import annotations

from typing import Any

import torch

from moduleview.lab.operations.base import Operation

_TOPIC = "Ask"


def _is_storage_of(x: Any) -> bool:
    return torch.is_storage(x.untyped_storage())


OPERATIONS = (
    Operation("is_tensor", _TOPIC, "Whether it is a tensor; what chunk gives is none.", torch.is_tensor,
              "torch.is_tensor"),
    Operation("is_storage", _TOPIC, "Whether it is a storage: a tensor is none, it has one.", torch.is_storage,
              "torch.is_storage"),
    Operation("is_storage of its storage", _TOPIC, "The same, asked of the tensor's own memory.", _is_storage_of,
              "torch.is_storage", line=lambda _: "torch.is_storage(x.untyped_storage())"),
    Operation("is_complex", _TOPIC, "Whether its dtype is complex.", torch.is_complex, "torch.is_complex"),
    Operation("is_floating_point", _TOPIC, "Whether its dtype is a floating one.", torch.is_floating_point,
              "torch.is_floating_point"),
    Operation("is_contiguous", _TOPIC, "Whether its elements stand in row-major order without gaps.",
              torch.Tensor.is_contiguous, "x.is_contiguous"),
    Operation("numel", _TOPIC, "How many elements it has.", torch.numel, "torch.numel"),
)  # fmt: skip
