"""What stands in a module's ``__dict__``, entry by entry. Only ``vars()`` is read, never a property."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

import torch
from msgspec.structs import replace
from torch import Tensor, nn

from moduleview.introspect.bounded_repr import bounded_repr, tensor_bytes, tensor_words
from moduleview.introspect.error_words import raised_words
from moduleview.introspect.private_names import written_for
from moduleview.introspect.recomputed import names_written_before_calls
from moduleview.introspect.time_limit import TookTooLong, time_limit
from moduleview.telemetry.internals_messages import Attribute, AttributeKind

MAXIMUM_ATTRIBUTES = 500
_MAXIMUM_ENTRIES = 20
LONGEST_S = 0.5
"""For all that the entries of one module are asked: their ``repr`` is a person's code."""
_LONGEST_LATER_S = 0.05  # and once that has been reached for each of a few more
_MOST_ENDLESS = 4
_LONGEST_ERROR = 80
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


def attributes_in(module: nn.Module, longest_s: float = LONGEST_S) -> tuple[tuple[Attribute, ...], int]:
    """The first 500 entries of ``vars(module)``, and how many there are. Training thread only.

    What raises, or has no end, costs its own entry only.

    Args:
        module: Whose entries.
        longest_s: For what they are asked, in seconds; those after it have hardly any time left.
    """
    own = vars(module)
    tell = partial(_told, registered=registered_in(own), own=own, classes=type(module).__mro__)
    left = deque(islice(own.items(), MAXIMUM_ATTRIBUTES))
    shown: list[Attribute] = []
    for limit_s in (longest_s, *[_LONGEST_LATER_S] * _MOST_ENDLESS):
        if _tell_in_time(left, shown, tell, limit_s):
            break
    shown += [_unread(*entry, "not asked: those before it took too long") for entry in left]
    return tuple(shown), len(own)


def _tell_in_time(
    left: deque[tuple[str, object]], shown: list[Attribute], tell: Callable[[str, object], Attribute], limit_s: float
) -> bool:
    """Move entries from left to shown; False where one had no end, which is told without being asked."""
    try:
        with torch._C.DisableTorchFunction(), time_limit(limit_s):
            while left:
                shown.append(tell(*left[0]))
                left.popleft()
    except TookTooLong:
        if left:  # else it came when all were told
            shown.append(_unread(*left.popleft(), f"its repr did not end within {limit_s:g} s"))
        return False
    return True


def _told(
    name: str, value: object, *, registered: frozenset[int], own: Mapping[str, Any], classes: Sequence[type]
) -> Attribute:
    name = str(name)
    try:
        told = _attribute(name, value, registered, own)
    except Exception as error:  # a dict of a person's own whose items() raises
        told = _unread(name, value, f"it cannot be read: {raised_words(error, _LONGEST_ERROR)}")
    return replace(told, written_for=written_for(name, classes)) if _is_private(name) else told


def _is_private(name: str) -> bool:
    return name.startswith("_") and name not in TABLES


def _unread(name: str, value: object, why: str) -> Attribute:
    name = str(name)
    kind = AttributeKind.TABLE if name in TABLES else AttributeKind.PLAIN
    return Attribute(name, type(value).__name__, kind, f"<{type(value).__name__}: {why}>")


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
        can_be_learned=isinstance(value, Tensor) and (value.is_floating_point() or value.is_complex()),
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
        named = [(_key(key), part) for key, part in islice(value.items(), _MAXIMUM_ENTRIES)]
        return tuple(f"{_cut(key)}: {_entry(part)}" for key, part in named)
    if isinstance(value, set | frozenset):
        return tuple(sorted(_cut(_key(part)) for part in islice(value, _MAXIMUM_ENTRIES)))
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
    return list(islice(dict.values(value), _LOOKED_AT)) if issubclass(type(value), dict) else []  # type: ignore[arg-type]


def _length(value: object) -> int | None:
    return len(value) if isinstance(value, list | tuple | dict | set | frozenset) else None


def _key(key: object) -> str:
    return key if isinstance(key, str) else bounded_repr(key)


def _cut(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:77]}..."
