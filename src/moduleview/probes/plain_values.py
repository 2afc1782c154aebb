"""The values of tensors of every kind as plain one-dimensional tensors, or why there are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

import torch
from torch.nn.parameter import is_lazy

from moduleview.hooks.sampling import flat_elements, stored_values
from moduleview.telemetry.quantities import Scope

_READABLE = frozenset({torch.float32, torch.float64, torch.bfloat16, torch.float16})
NOT_ON_THIS_RANK = "It is sharded, and this rank holds no part of it."
_PLAIN_TYPES = frozenset({torch.Tensor, torch.nn.Parameter})
_WITH_ADDRESSES = ("cpu", "cuda")
_kind_of = attrgetter("dtype", "device", "layout", "is_nested")


@dataclass(frozen=True, eq=False)
class PlainValues:
    """Values of the tensors of one device.

    Attributes:
        device: Of all of them.
        fqns: n names.
        flats: n one-dimensional real tensors. A complex tensor stands there as its real and imaginary parts, a sparse
            one as the values it stores, an expanded one without its repetitions, a sharded one as this rank's part.
        lengths: n; elements of each of ``flats``.
        n_elements: Elements of each whole tensor (of a shard: of the shard).
        weights: How many elements of the tensor one of ``flats`` stands for; 1 but for expanded ones.
        is_real: n; False for a complex tensor, whose mean and maximum mean nothing.
        dtypes: n; as the tensors have them: ``flats`` hold float32 where a type has no arithmetic of its own.
    """

    device: torch.device
    fqns: tuple[str, ...]
    flats: tuple[torch.Tensor, ...]
    lengths: tuple[int, ...]
    n_elements: tuple[int, ...]
    weights: tuple[float, ...]
    is_real: tuple[bool, ...]
    dtypes: tuple[torch.dtype, ...]


_Row = tuple[str, torch.Tensor, int, int, float, bool, torch.dtype]  # as the attributes of ``PlainValues``


def plain_values(tensors: Mapping[str, torch.Tensor]) -> tuple[PlainValues, ...]:
    """The values of tensors, one ``PlainValues`` a device; a tensor without values is left out. Never raises."""
    if (group := _all_plain(tensors)) is not None:
        return (group,)
    rows_of: dict[torch.device, list[_Row]] = {}
    for fqn, tensor in tensors.items():
        if _is_plain(tensor):
            n = tensor.numel()
            if not n:
                continue
            flat = tensor.detach() if tensor.requires_grad else tensor
            row = (fqn, flat if flat.dim() == 1 else flat.view(-1), n, n, 1.0, True, flat.dtype)
        else:
            odd = _row_of_odd_one(fqn, tensor)
            if odd is None:
                continue
            row = odd
        device = row[1].device
        rows = rows_of.get(device)
        if rows is None:
            rows = rows_of[device] = []
        rows.append(row)
    return tuple(PlainValues(device, *zip(*rows, strict=True)) for device, rows in rows_of.items())


def why_without_values(tensor: torch.Tensor) -> str:
    """A sentence where a tensor has no values that statistics could be taken of, else ""."""
    if plain_values({"": tensor}):
        return ""
    if is_lazy(tensor):
        return "It is lazy: it gets its shape and values with the first input."
    if hasattr(tensor, "to_local") and not tensor.to_local().numel():
        return NOT_ON_THIS_RANK
    reasons = {
        "It is on the meta device, which keeps shapes and no values.": tensor.is_meta,
        "It is quantised: its values stand for others.": tensor.is_quantized,
        "It is nested, not one block of numbers.": tensor.is_nested,
        "It has no elements.": not tensor.numel(),
        f"It is a {type(tensor).__name__}, which keeps its numbers elsewhere.": type(tensor) not in _PLAIN_TYPES,
        f"torch cannot read {_dtype_word(tensor)} as numbers.": tensor.dtype not in _READABLE,
    }
    given_back = "Its memory was given back: it is gathered only while it is used."
    return next((reason for reason, applies in reasons.items() if applies), given_back)


def scope_of(tensor: torch.Tensor, *, is_local: bool) -> Scope:
    """Over what a statistic of this tensor is taken. Reading a sharded one whole would need every rank.

    Args:
        tensor: A parameter.
        is_local: The statistic is of this rank alone, before the reduction over ranks.
    """
    placements = getattr(tensor, "placements", None)
    if placements is not None and any(placement.is_shard() for placement in placements):
        return Scope.SHARD
    if placements is not None and any(placement.is_partial() for placement in placements):
        return Scope.LOCAL
    return Scope.LOCAL if is_local else Scope.GLOBAL


def _dtype_word(tensor: torch.Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _all_plain(tensors: Mapping[str, torch.Tensor]) -> PlainValues | None:
    """All at once, where each is one block of numbers on the same device, as nearly always; else None.

    There may be ten thousand: a question that is put to all in one go costs a third of what it costs one by one.
    """
    found = list(tensors.values())
    if not found or not _PLAIN_TYPES.issuperset(map(type, found)):
        return None
    kinds = set(map(_kind_of, found))
    devices = {device for _, device, _, _ in kinds}
    if len(devices) > 1 or not all(_is_plain_kind(*kind) for kind in kinds):
        return None
    lengths = tuple(map(torch.Tensor.numel, found))
    device = devices.pop()
    if (
        not all(lengths)
        or any(map(torch.Tensor.is_neg, found))
        or not all(map(torch.Tensor.is_contiguous, found))
        or (device.type in _WITH_ADDRESSES and not all(map(torch.Tensor.data_ptr, found)))
    ):
        return None
    n, dtypes = len(found), tuple([one.dtype for one in found])
    if any(one.requires_grad for one in found):
        found = list(map(torch.Tensor.detach, found))
    flats = tuple([one if one.ndim == 1 else one.view(-1) for one in found])
    return PlainValues(device, tuple(tensors), flats, lengths, lengths, (1.0,) * n, (True,) * n, dtypes)


def _is_plain_kind(dtype: torch.dtype, device: torch.device, layout: torch.layout, is_nested: bool) -> bool:
    return dtype in _READABLE and device.type != "meta" and layout is torch.strided and not is_nested


def _is_plain(tensor: torch.Tensor) -> bool:
    """Nearly all are: one block of numbers in memory."""
    return (
        type(tensor) in _PLAIN_TYPES
        and _is_plain_kind(*_kind_of(tensor))
        and not tensor.is_neg()
        and tensor.is_contiguous()
        and _has_memory(tensor)
    )


def _has_memory(tensor: torch.Tensor) -> bool:
    """FSDP gives a parameter's memory back while it is not used: to read it would end the program.

    Devices of other kinds need not have addresses.
    """
    return tensor.data_ptr() != 0 or tensor.device.type not in _WITH_ADDRESSES


def _row_of_odd_one(fqn: str, tensor: torch.Tensor) -> _Row | None:
    try:
        return _row(fqn, tensor)
    except (RuntimeError, ValueError, NotImplementedError, TypeError, AttributeError):
        return None  # does not apply to this type


def _row(fqn: str, tensor: torch.Tensor) -> _Row | None:
    if is_lazy(tensor) or tensor.is_meta or tensor.is_quantized or tensor.is_nested:
        return None
    tensor = tensor.detach()
    if hasattr(tensor, "to_local"):  # DTensor.norm() is a collective: called on one rank alone it hangs
        tensor = tensor.to_local()
    n = tensor.numel()
    values = stored_values(tensor).as_subclass(torch.Tensor)
    if not n or (values.numel() and not _has_memory(values)):
        return None
    is_real = not values.is_complex()
    if not is_real:
        values = torch.view_as_real(values.resolve_conj())
    flat = _readable(flat_elements(values.resolve_neg()))
    if flat is None:
        return None
    if not flat.numel():
        flat = flat.new_zeros(1 if is_real else 2)  # a sparse tensor that stores nothing
    length = flat.numel()
    stored = length if is_real else length // 2
    return fqn, flat, length, n, 1.0 if tensor.layout is not torch.strided else n / stored, is_real, tensor.dtype


def _readable(flat: torch.Tensor) -> torch.Tensor | None:
    """As float32 or float64 where the type has no arithmetic of its own."""
    if flat.dtype in _READABLE:
        return flat
    try:
        return flat.float()
    except (RuntimeError, NotImplementedError, TypeError):
        return None
