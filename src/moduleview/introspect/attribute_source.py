"""Finds the line in which a class gives one of its attributes a value."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass

from torch import nn

_MAXIMUM_CODE = 200  # characters of a value that are worth quoting


@dataclass(frozen=True)
class Assignment:
    """``self.attribute = value`` in a class's source.

    Attributes:
        location: ``file:line``; of the class where the line was not found, "" where there is no source.
        value: Source of the value, when it is a short list, tuple, set or dict written out there; else "".
    """

    location: str = ""
    value: str = ""


def find_assignment(cls: type, attribute: str) -> Assignment:
    """The first assignment to ``attribute`` in ``cls`` or the classes it derives from."""
    first = Assignment()
    for base in cls.__mro__:
        if base in (nn.Module, object):
            break
        try:
            file = inspect.getsourcefile(base) or ""
            lines, begin = inspect.getsourcelines(base)
            tree = ast.parse(textwrap.dedent("".join(lines)))
        except Exception:  # no file, a changed file, a class made at run time
            continue
        first = first if first.location else Assignment(f"{file}:{begin}")
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and _assigns(node, attribute):
                return Assignment(f"{file}:{begin + node.lineno - 1}", _quoted(node.value))
    return first


def _assigns(node: ast.Assign | ast.AnnAssign, attribute: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(
        isinstance(target, ast.Attribute)
        and target.attr == attribute
        and isinstance(target.value, ast.Name)
        and target.value.id == "self"
        for target in targets
    )


def _quoted(value: ast.expr) -> str:
    written_out = ast.List | ast.ListComp | ast.Tuple | ast.Set | ast.SetComp | ast.Dict | ast.DictComp
    if not isinstance(value, written_out):
        return ""
    code = ast.unparse(value)
    return code if len(code) <= _MAXIMUM_CODE else ""
