"""Names that may stand at the end of a line, found without running code of a person's.

Attributes are looked up where Python keeps them (``inspect.getattr_static``), not asked for: a property or
``__getattr__`` of a module may do anything, and takes as long as it likes, between two steps.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import inspect
import keyword
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from torch import nn

MAXIMUM_NAMES = 200
_MAXIMUM_LOOKED_AT = 20_000  # names of one object
_MAXIMUM_LINE = 500  # characters
_WORD = re.compile(r"(?:[^\W\d]\w*)?$")
_CHAIN = re.compile(r"[^\W\d]\w*(?:\s*\.\s*[^\W\d]\w*|\[[^\[\]()]*\]|\.get_\w+\(\s*(?:'[^']*'|\"[^\"]*\")\s*\))*$")
_GETTERS = ("get_submodule", "get_parameter", "get_buffer")
_SAFE = (types.GetSetDescriptorType, types.MemberDescriptorType)


class NotKnownError(Exception):
    """What an expression gives cannot be told without running code of a person's."""


def names_for(line: str, names: Mapping[str, Any]) -> tuple[str, ...]:
    """The names that may stand at the end of ``line``, those with an underscore last; none where that is unknown.

    Args:
        line: Up to the cursor.
        names: Global names of the cells.
    """
    line = line[-_MAXIMUM_LINE:]
    found = _WORD.search(line)
    prefix = found.group() if found else ""
    before = line[: len(line) - len(prefix)].rstrip()
    if not before.endswith("."):
        return _matching(chain(names, keyword.kwlist, vars(builtins)), prefix) if prefix else ()
    chain_found = _CHAIN.search(before[:-1])
    if chain_found is None:
        return ()
    try:
        value = _value_of(ast.parse(chain_found.group().strip(), mode="eval").body, names)
        return _matching(_names_in(value), prefix)
    except (NotKnownError, SyntaxError, ValueError, RecursionError):
        return ()


def _matching(names: Iterable[Any], prefix: str) -> tuple[str, ...]:
    looked_at = islice(names, _MAXIMUM_LOOKED_AT)
    found = {name for name in looked_at if isinstance(name, str) and name.startswith(prefix) and name.isidentifier()}
    if not prefix.startswith("_"):
        found = {name for name in found if not name.startswith("__")}
    return tuple(sorted(found, key=lambda name: (name.startswith("_"), name.lower(), name))[:MAXIMUM_NAMES])


def _value_of(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Name(id=name):
            if name in names:
                return names[name]
            if hasattr(builtins, name):
                return getattr(builtins, name)
        case ast.Attribute(value=inner, attr=name):
            return _attribute(_value_of(inner, names), name)
        case ast.Subscript(value=inner, slice=ast.Constant(value=key)):
            return _item(_value_of(inner, names), key)
        case ast.Subscript(value=inner, slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(key)))):
            return _item(_value_of(inner, names), -key)
        case ast.Call(func=ast.Attribute(value=inner, attr=getter), args=[ast.Constant(value=str(path))], keywords=[]):
            return _gotten(_value_of(inner, names), getter, path)
    raise NotKnownError


def _attribute(value: Any, name: str) -> Any:
    """What ``value.name`` is, without asking for it."""
    if isinstance(value, nn.Module):
        for table in _tables(value):
            if name in table:
                return table[name]
    try:
        found = inspect.getattr_static(value, name)
    except AttributeError:
        raise NotKnownError from None
    if isinstance(found, _SAFE):  # slots, and what torch and Python keep in C: reading it runs nothing of a person's
        try:
            return found.__get__(value, type(value))
        except Exception:
            raise NotKnownError from None
    if isinstance(found, (staticmethod, classmethod)):
        return found.__func__
    if isinstance(found, property) or hasattr(type(found), "__set__"):
        raise NotKnownError
    return found


def _item(value: Any, key: Any) -> Any:
    if isinstance(value, (nn.Sequential, nn.ModuleList, nn.ParameterList)) and isinstance(key, int):
        table = value._parameters if isinstance(value, nn.ParameterList) else value._modules
        key = str(key + len(table) if key < 0 else key)
        return _item(dict(table), key)
    if isinstance(value, nn.ModuleDict):
        value = value._modules
    if type(value) in (list, tuple) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    if type(value) is dict and key in value:
        return value[key]
    raise NotKnownError


def _gotten(value: Any, getter: str, path: str) -> Any:
    if not isinstance(value, nn.Module) or getter not in _GETTERS:
        raise NotKnownError
    for name in path.split(".") if path else ():
        if not isinstance(value, nn.Module):
            raise NotKnownError
        value = _attribute(value, name)
    return value


def _names_in(value: Any) -> Iterator[Any]:
    """The names of an object's attributes, as far as they stand in tables."""
    if isinstance(value, nn.Module):
        yield from chain(*_tables(value))
    with contextlib.suppress(AttributeError):
        yield from tuple(object.__getattribute__(value, "__dict__"))
    kinds = (value, type(value)) if isinstance(value, type) else (type(value),)
    for kind in kinds:
        for base in type.__getattribute__(kind, "__mro__"):
            yield from tuple(type.__getattribute__(base, "__dict__"))


def _tables(module: nn.Module) -> Iterator[Mapping[str, Any]]:
    own = object.__getattribute__(module, "__dict__")
    for name in ("_modules", "_parameters", "_buffers"):
        table = own.get(name)
        if isinstance(table, dict):
            yield table
