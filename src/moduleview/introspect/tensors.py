"""Describes parameters and buffers without reading one value of them, whatever kind of tensor they are.

Never raises: a lazy, sparse, nested, quantised, meta or distributed tensor says what it knows. Torch's function
overrides are off meanwhile, so that a user's tensor subclass (or a default device) runs no code of its own here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from operator import attrgetter
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from moduleview.telemetry.snapshot import NO_NODE, TensorTable

T = TypeVar("T")

_PLAIN_TYPES = frozenset({Tensor, nn.Parameter})


@dataclass(frozen=True, eq=False)
class RegisteredTensors:
    """Where tensors are registered, a row each, in the order of the modules that hold them.

    Attributes:
        names: Last component of each FQN.
        tensors: The tensors; this object must not outlive the call that made it.
        module: (n,) int32, row of the module.
        is_parameter: (n,) bool.
        persistent: (n,) bool.
    """

    names: Sequence[str]
    tensors: Sequence[Tensor]
    module: NDArray[np.int32]
    is_parameter: NDArray[np.bool_]
    persistent: NDArray[np.bool_]


_Key = tuple[torch.layout, torch.Size, torch.dtype, torch.device, bool]


@dataclass(frozen=True, slots=True)
class _Description:
    """What is said of a tensor."""

    shape: tuple[int, ...] | None
    dtype: str
    device: str
    requires_grad: bool
    numel: int
    n_bytes: int


class _Kinds(dict[_Key, int]):
    """Gives tensors that are alike one number and one description."""

    def __init__(self) -> None:
        super().__init__()
        self.descriptions: list[_Description] = []
        self.is_strided: list[bool] = []

    def __missing__(self, key: _Key) -> int:
        layout, size, dtype, device, requires_grad = key
        numel = prod(size)
        name = str(dtype).removeprefix("torch.")
        self.descriptions.append(
            _Description(tuple(size), name, str(device), requires_grad, numel, numel * dtype.itemsize)
        )
        self.is_strided.append(layout is torch.strided)
        self[key] = kind = len(self.descriptions) - 1
        return kind


def describe_tensors(registered: RegisteredTensors) -> TensorTable:
    """The table of all registered tensors. Training thread only."""
    with torch._C.DisableTorchFunction(), torch.no_grad():
        return _describe(registered)


def _describe(registered: RegisteredTensors) -> TensorTable:
    tensors = registered.tensors
    kinds, descriptions = _sorted_by_kind(tensors)
    rows = kinds.tolist()
    return TensorTable(
        names=tuple(registered.names),
        module=registered.module,
        is_parameter=registered.is_parameter,
        shapes=tuple(map([one.shape for one in descriptions].__getitem__, rows)),
        dtypes=tuple(map([one.dtype for one in descriptions].__getitem__, rows)),
        devices=tuple(map([one.device for one in descriptions].__getitem__, rows)),
        requires_grad=np.array([one.requires_grad for one in descriptions], dtype=np.bool_)[kinds],
        persistent=registered.persistent,
        alias_of=first_rows(tensors),
        numel=np.array([one.numel for one in descriptions], dtype=np.int64)[kinds],
        n_bytes=np.array([one.n_bytes for one in descriptions], dtype=np.int64)[kinds],
    )


def _sorted_by_kind(tensors: Sequence[Tensor]) -> tuple[NDArray[np.int64], list[_Description]]:
    """(n,) number of each tensor's description, and the descriptions."""
    kinds = _Kinds()
    numbers = np.array(_looked_up(tensors, kinds), dtype=np.int64)
    is_plain = np.array([*kinds.is_strided, False])  # -1 takes the last
    for row in np.flatnonzero(~is_plain[numbers]).tolist():
        numbers[row] = len(kinds.descriptions)
        kinds.descriptions.append(_describe_odd(tensors[row]))
    return numbers, kinds.descriptions


def _looked_up(tensors: Sequence[Tensor], kinds: _Kinds) -> list[int]:
    """The kind of each tensor, -1 for those that do not answer as a plain tensor does.

    Each is looked at once: they lie scattered in memory, and the look costs more than what is done with it.
    """
    look = attrgetter("layout", "shape", "dtype", "device", "requires_grad")
    if _PLAIN_TYPES.issuperset(map(type, tensors)):
        with suppress(RuntimeError):  # a nested tensor has no shape
            return list(map(kinds.__getitem__, map(look, tensors)))
    numbers = []
    for tensor in tensors:
        try:
            numbers.append(kinds[look(tensor)] if type(tensor) in _PLAIN_TYPES else -1)
        except RuntimeError:
            numbers.append(-1)
    return numbers


def first_rows(objects: Sequence[object]) -> NDArray[np.int32]:
    """(n,) int32: the row where the same object stands for the first time; ``NO_NODE`` at that row itself."""
    identities = np.fromiter(map(id, objects), dtype=np.int64, count=len(objects))
    ordered = np.sort(identities)
    if not (ordered[1:] == ordered[:-1]).any():
        return np.full(len(objects), NO_NODE, dtype=np.int32)
    _, first, place = np.unique(identities, return_index=True, return_inverse=True)
    firsts = first[place].astype(np.int32)
    firsts[firsts == np.arange(len(firsts))] = NO_NODE
    return firsts


def _describe_odd(tensor: Tensor) -> _Description:
    """Of a lazy, sparse, nested, distributed or otherwise special tensor."""
    shape = None if is_lazy(tensor) else _unless_raised(lambda: tuple(map(int, tensor.shape)), None)
    numel = 0 if is_lazy(tensor) else _unless_raised(lambda: int(tensor.numel()), prod(shape or (0,)))
    return _Description(
        shape=shape,
        dtype=_unless_raised(lambda: str(tensor.dtype).removeprefix("torch."), "unknown"),
        device=_unless_raised(lambda: str(tensor.device), "unknown"),
        requires_grad=_unless_raised(lambda: bool(tensor.requires_grad), False),
        numel=numel,
        n_bytes=_unless_raised(lambda: _stored_bytes(tensor, numel), 0),
    )


def _stored_bytes(tensor: Tensor, numel: int) -> int:
    """Bytes of what is stored: of a sparse tensor its indices and values, else every element."""
    layout = tensor.layout
    if layout is torch.sparse_coo:
        parts = [tensor._indices(), tensor._values()]
    elif layout in (torch.sparse_csr, torch.sparse_bsr):
        parts = [tensor.crow_indices(), tensor.col_indices(), tensor.values()]
    elif layout in (torch.sparse_csc, torch.sparse_bsc):
        parts = [tensor.ccol_indices(), tensor.row_indices(), tensor.values()]
    else:
        return numel * tensor.dtype.itemsize
    return sum(part.numel() * part.dtype.itemsize for part in parts)


def _unless_raised(read: Callable[[], T], otherwise: T) -> T:
    """What ``read`` gives, or ``otherwise`` where this kind of tensor does not know it."""
    try:
        return read()
    except Exception:
        return otherwise
