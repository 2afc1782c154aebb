"""What a function's return annotation says of what it gives."""

from __future__ import annotations

import re
from types import FunctionType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

_AROUND_ONE = frozenset({"", "None", "Optional", "Union"})


def says_it_gives(function: FunctionType, kind: type) -> bool | None:
    """Whether the annotation promises an instance of ``kind``, or something else; None where it leaves that open.

    ``nn.Module | None`` promises one; ``Any``, ``object``, a tuple and what is no class at all leave it open.
    """
    try:
        annotation = get_type_hints(function).get("return", Any)
    except Exception:  # a name that exists for type checkers only
        annotation = _as_written(function)
    return _names_it(annotation, kind) if isinstance(annotation, str) else _promises(annotation, kind)


def _as_written(function: FunctionType) -> object:
    try:
        return function.__annotations__.get("return", Any)
    except Exception:  # Python 3.14 looks the names up only now
        return Any


def _promises(annotation: object, kind: type) -> bool | None:
    if get_origin(annotation) in (Union, UnionType):
        answers = {_promises(one, kind) for one in get_args(annotation)}
        return True if True in answers else None if None in answers else False
    if not isinstance(annotation, type) or get_origin(annotation) is not None or annotation is Any:
        return None  # Any is a class itself since Python 3.11
    if issubclass(annotation, kind):
        return True
    return None if annotation in kind.__mro__ else False


def _names_it(text: str, kind: type) -> bool | None:
    names = {name.strip("'\" ").rpartition(".")[2] for name in re.split(r"[\[\]|,]", text)} - _AROUND_ONE
    return True if names == {kind.__name__} else None
