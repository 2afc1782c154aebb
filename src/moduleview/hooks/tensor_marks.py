"""Tells whether tensors changed from one moment to another, without keeping them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from moduleview.introspect.registrations import RegisteredModule, joined

_MAXIMUM_KEPT = 1 << 20  # elements of a buffer that are compared one by one


class ParameterMarks:
    """Sums of parameters: few are marked, those that no optimizer holds.

    Args:
        parameters: By ``id``.
    """

    def __init__(self, parameters: Mapping[int, nn.Parameter]) -> None:
        self._parameters = parameters
        self._marks: dict[int, object] = {}

    def take(self) -> None:
        """Remember them as they are."""
        self._marks = {identity: _sums(parameter) for identity, parameter in self._parameters.items()}

    def changed(self) -> set[int]:
        """Those that are others now."""
        return {i for i, parameter in self._parameters.items() if self._marks.get(i) != _sums(parameter)}


class BufferMarks:
    """Copies of non-persistent buffers, of large ones their sums.

    Args:
        entries: Modules of the model.
    """

    def __init__(self, entries: Iterable[RegisteredModule]) -> None:
        self._places = [
            (joined(entry.fqn, name), entry.module, name)
            for entry in entries
            if not isinstance(entry.module, torch.jit.ScriptModule)
            for name in entry.module._non_persistent_buffers_set
        ]
        self._marks: dict[str, object] = {}

    def take(self) -> None:
        """Remember them as they are."""
        self._marks = {fqn: _mark(module._buffers.get(name)) for fqn, module, name in self._places}

    def changed(self) -> list[str]:
        """FQNs of those that hold other values now; one that got another shape is a cache that grew."""
        return [fqn for fqn, module, name in self._places if _differs(self._marks.get(fqn), module._buffers.get(name))]


def _mark(tensor: Tensor | None) -> object:
    if tensor is None or type(tensor) not in (Tensor, nn.Parameter) or tensor.device.type == "meta":
        return None
    if tensor.layout is not torch.strided or tensor.is_quantized:
        return None
    return tensor.detach().clone() if tensor.numel() <= _MAXIMUM_KEPT else (tensor.shape, _sums(tensor))


def _differs(mark: object, tensor: Tensor | None) -> bool:
    now = _mark(tensor)
    if mark is None or now is None:
        return False
    if isinstance(mark, Tensor) and isinstance(now, Tensor):
        if mark.shape != now.shape or mark.dtype != now.dtype or mark.device != now.device:
            return False
        return not torch.equal(mark.nan_to_num(), now.nan_to_num())
    if isinstance(mark, tuple) and isinstance(now, tuple):
        return bool(mark[0] == now[0] and mark[1] != now[1])
    return False


def _sums(tensor: Tensor) -> object:
    try:
        values = tensor.detach()
        if values.is_complex():
            values = torch.view_as_real(values)
        values = values.double().nan_to_num()
        return values.sum().item(), values.square().sum().item()
    except Exception:  # lazy, sparse, meta: nothing is said of it
        return None
