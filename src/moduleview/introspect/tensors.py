"""Describes parameters and buffers without reading one value of them, whatever kind of tensor they are.

Never raises: a lazy, sparse, nested, quantised, meta or distributed tensor says what it knows. Torch's function
overrides are off meanwhile, so that a user's tensor subclass (or a default device) runs no code of its own here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
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


class _Shapes(dict[torch.Size, tuple[tuple[int, ...], int]]):
    """Shape -> (one plain tuple for all tensors of that shape, number of elements)."""

    def __missing__(self, size: torch.Size) -> tuple[tuple[int, ...], int]:
        shape = tuple(size)
        self[size] = described = (shape, prod(shape))
        return described


def describe_tensors(registered: RegisteredTensors) -> TensorTable:
    """The table of all registered tensors. Training thread only."""
    with torch._C.DisableTorchFunction(), torch.no_grad():
        return _describe(registered)


def is_uninitialised(tensor: Tensor) -> bool:
    """A lazy parameter or buffer that waits for its first input and has no shape yet."""
    return bool(is_lazy(tensor))


def _describe(registered: RegisteredTensors) -> TensorTable:
    tensors = registered.tensors
    stand_in = torch.empty(0, device="cpu")
    plain = _with_stand_ins(tensors, stand_in)
    sizes = list(map(_Shapes().__getitem__, map(attrgetter("shape"), plain)))
    types = list(map(attrgetter("dtype"), plain))
    places = list(map(attrgetter("device"), plain))
    shapes: list[tuple[int, ...] | None] = [shape for shape, _ in sizes]
    type_names = {dtype: _type_name(dtype) for dtype in set(types)}
    dtypes = list(map(type_names.__getitem__, types))
    devices = list(map({device: str(device) for device in set(places)}.__getitem__, places))
    requires_grad = np.array(list(map(attrgetter("requires_grad"), plain)), dtype=np.bool_)
    numel = np.array([count for _, count in sizes], dtype=np.int64)
    n_bytes = numel * np.array(list(map({d: d.itemsize for d in type_names}.__getitem__, types)), dtype=np.int64)
    for row in () if plain is tensors else [row for row, tensor in enumerate(plain) if tensor is stand_in]:
        tensor = tensors[row]
        shapes[row], numel[row], n_bytes[row] = _measure(tensor)
        dtypes[row] = _unless_raised(partial(_type_name_of, tensor), "unknown")
        devices[row] = _unless_raised(partial(_device_of, tensor), "unknown")
        requires_grad[row] = _unless_raised(partial(_requires_grad_of, tensor), False)
    return TensorTable(
        names=tuple(registered.names),
        module=registered.module,
        is_parameter=registered.is_parameter,
        shapes=tuple(shapes),
        dtypes=tuple(dtypes),
        devices=tuple(devices),
        requires_grad=requires_grad,
        persistent=registered.persistent,
        alias_of=first_rows(tensors),
        numel=numel,
        n_bytes=n_bytes,
    )


def _with_stand_ins(tensors: Sequence[Tensor], stand_in: Tensor) -> Sequence[Tensor]:
    """The tensors, with ``stand_in`` for those that are no plain strided ones; the same object when all are."""
    strided = torch.strided
    if _PLAIN_TYPES.issuperset(map(type, tensors)) and set(map(attrgetter("layout"), tensors)) <= {strided}:
        return tensors
    return [t if type(t) in _PLAIN_TYPES and t.layout is strided else stand_in for t in tensors]


def first_rows(objects: Sequence[object]) -> NDArray[np.int32]:
    """(n,) int32: the row where the same object stands for the first time; ``NO_NODE`` at that row itself."""
    identities = list(map(id, objects))
    if len(set(identities)) == len(identities):
        return np.full(len(identities), NO_NODE, dtype=np.int32)
    first_row: dict[int, int] = {}
    first_of = first_row.setdefault
    firsts = np.array([first_of(identity, row) for row, identity in enumerate(identities)], dtype=np.int32)
    firsts[firsts == np.arange(len(firsts))] = NO_NODE
    return firsts


def _type_name_of(tensor: Tensor) -> str:
    return _type_name(tensor.dtype)


def _device_of(tensor: Tensor) -> str:
    return str(tensor.device)


def _requires_grad_of(tensor: Tensor) -> bool:
    return bool(tensor.requires_grad)


def _type_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _measure(tensor: Tensor) -> tuple[tuple[int, ...] | None, int, int]:
    """Shape, elements and bytes of a tensor that is no plain strided one."""
    if is_uninitialised(tensor):
        return None, 0, 0
    shape = _unless_raised(lambda: tuple(int(size) for size in tensor.shape), None)
    numel = _unless_raised(lambda: int(tensor.numel()), 0 if shape is None else prod(shape))
    n_bytes = _unless_raised(lambda: _stored_bytes(tensor, numel), 0)
    return shape, numel, n_bytes


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
