"""What stands in a module's ``__dict__``, entry by entry. Only ``vars()`` is read, never a property."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from moduleview.introspect.bounded_repr import bounded_repr, tensor_bytes, tensor_words
from moduleview.introspect.recomputed import names_written_before_calls
from moduleview.telemetry.internals_messages import Attribute, AttributeKind

MAXIMUM_ATTRIBUTES = 500
_MAXIMUM_ENTRIES = 20
_COMPUTED = "written by a hook before each call, from what is registered"
_LOOKED_AT = 100  # entries of a list or dict: what is among the first is among the rest
TABLES = frozenset(vars(nn.Module())) | {
    "_backward_pre_hooks",
    "_compiled_call_impl",
    "_forward_hooks_always_called",
    "_forward_hooks_with_kwargs",
    "_forward_pre_hooks_with_kwargs",
    "_initialize_hook",
    "_is_full_backward_hook",
    "_load_hook",
    "_load_state_dict_post_hooks",
    "_state_dict_pre_hooks",
}
"""Names that torch itself puts into ``__dict__``, of 2.4 to 2.13 and of the torch that runs."""


def attributes_in(module: nn.Module) -> tuple[tuple[Attribute, ...], int]:
    """The first 500 entries of ``vars(module)``, and how many there are. Training thread only."""
    own = vars(module)
    registered = registered_in(own)
    with torch._C.DisableTorchFunction():
        shown = tuple(
            _attribute(str(name), value, registered, own) for name, value in islice(own.items(), MAXIMUM_ATTRIBUTES)
        )
    return shown, len(own)


def unregistered_kind(value: object, registered: frozenset[int] = frozenset()) -> AttributeKind:
    """What a plain attribute holds that torch would want to know of."""
    if isinstance(value, Tensor):
        return AttributeKind.PLAIN if id(value) in registered else AttributeKind.TENSOR
    if isinstance(value, nn.Module):
        return AttributeKind.MODULES
    parts = _parts(value)
    if any(isinstance(part, nn.Module) for part in parts):
        return AttributeKind.MODULES
    if any(isinstance(part, Tensor) and id(part) not in registered for part in parts):
        return AttributeKind.TENSORS
    return AttributeKind.PLAIN


def tensors_in(value: object) -> list[Tensor]:
    """The tensors that an attribute holds, at its first level."""
    if isinstance(value, Tensor):
        return [value]
    return [part for part in _parts(value) if isinstance(part, Tensor)]


def registered_in(own: Mapping[str, Any]) -> frozenset[int]:
    """Identities of the module's own parameters and buffers: an RNN keeps a list of them too."""
    found: set[int] = set()
    for table in ("_parameters", "_buffers"):
        entries = own.get(table)
        if isinstance(entries, Mapping):
            found.update(map(id, entries.values()))
    return frozenset(found)


def _attribute(name: str, value: object, registered: frozenset[int], own: Mapping[str, Any]) -> Attribute:
    kind = AttributeKind.TABLE if name in TABLES else unregistered_kind(value, registered)
    is_computed = kind is AttributeKind.TENSOR and name in names_written_before_calls(own)
    kind = AttributeKind.PLAIN if is_computed else kind
    tensors = tensors_in(value)
    entries = _entries(value) if kind is not AttributeKind.PLAIN else ()
    return Attribute(
        name=name,
        type_name=type(value).__name__,
        kind=kind,
        value=_value(value) if not entries else "",
        n_entries=_length(value),
        n_bytes=sum(map(tensor_bytes, tensors)) if tensors else None,
        entries=entries,
        note=_COMPUTED if is_computed else _note(name, value, tensors, registered, own),
    )


def _value(value: object) -> str:
    return tensor_words(value) if isinstance(value, Tensor) else bounded_repr(value)


def _note(
    name: str, value: object, tensors: Sequence[Tensor], registered: frozenset[int], own: Mapping[str, Any]
) -> str:
    if name in TABLES:
        return _hook_note(name, value, own)
    if tensors and all(id(tensor) in registered for tensor in tensors):
        return "the same tensors as in the module's own tables"
    if isinstance(value, nn.Parameter):
        return "an nn.Parameter that went past __setattr__: no optimizer sees it"
    if isinstance(value, Tensor) and value.grad_fn is not None:
        return "computed from others with autograd"
    return ""


def _hook_note(name: str, value: object, own: Mapping[str, Any]) -> str:
    if name != "_backward_hooks" or not isinstance(value, Mapping) or not value:
        return ""
    is_full = own.get("_is_full_backward_hook")
    return "full backward hooks" if is_full else "deprecated backward hooks (register_backward_hook)"


def _entries(value: object) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        named = [(str(key), part) for key, part in islice(value.items(), _MAXIMUM_ENTRIES)]
        return tuple(f"{_cut(key)}: {_entry(part)}" for key, part in named)
    if isinstance(value, set | frozenset):
        return tuple(sorted(_cut(str(part)) for part in islice(value, _MAXIMUM_ENTRIES)))
    return tuple(f"{at}: {_entry(part)}" for at, part in enumerate(_parts(value)[:_MAXIMUM_ENTRIES]))


def _entry(value: object) -> str:
    if isinstance(value, Tensor):
        return tensor_words(value)
    if isinstance(value, nn.Module):
        return type(value).__name__
    if callable(value):
        return callable_words(value)
    return bounded_repr(value)


def callable_words(function: object) -> str:
    """``train.my_hook``, or the class of a callable object: what it is, not its ``repr``."""
    named = getattr(function, "__qualname__", None)
    if not isinstance(named, str):
        return f"{type(function).__module__}.{type(function).__qualname__} object"
    return f"{getattr(function, '__module__', '')}.{named}"


def _parts(value: object) -> list[object]:
    """The first of what a plain list, tuple, set or dict holds; a class of a user's own is not asked."""
    if type(value) in (list, tuple, set, frozenset):
        return list(islice(value, _LOOKED_AT))  # type: ignore[call-overload]
    return list(islice(value.values(), _LOOKED_AT)) if isinstance(value, dict) else []


def _length(value: object) -> int | None:
    return len(value) if isinstance(value, list | tuple | dict | set | frozenset) else None


def _cut(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:77]}..."
