"""A call in a person's code, written anew with a change in it."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable

from moduleview.introspect.class_sources import ClassSources
from moduleview.introspect.constructions import Construction

_MOST_CODE = 120  # characters of a statement; of a longer one the call alone is shown

Change = Callable[[ast.Call], bool]
"""Changes a call; False where it cannot."""


def changed_call(sources: ClassSources, construction: Construction | None, name: str, change: Change) -> str:
    """The statement with the call in it, changed, in one line; "" where it is not found, or cannot be changed.

    Args:
        sources: Reads the file.
        construction: Where the call stands.
        name: What takes its value where the statement is too long to be shown.
        change: The change.
    """
    tree = None if construction is None else sources.tree(construction.file)
    if construction is None or tree is None:
        return ""
    simple = (node for node in ast.walk(tree) if isinstance(node, ast.stmt) and not hasattr(node, "body"))
    calls = ((statement, node) for statement in simple for node in ast.walk(statement) if isinstance(node, ast.Call))
    found = next((pair for pair in calls if _position(pair[1]) == construction.position), None)
    return "" if found is None else _changed(*found, name, change)


def first_argument(call: ast.Call) -> ast.expr | None:
    """What an optimizer is given as its parameters."""
    if call.args:
        return None if isinstance(call.args[0], ast.Starred) else call.args[0]
    return next((keyword.value for keyword in call.keywords if keyword.arg == "params"), None)


def put_first_argument(call: ast.Call, code: str) -> None:
    """Give another one."""
    value = ast.parse(code, mode="eval").body
    if call.args:
        call.args[0] = value
    for keyword in call.keywords:
        if keyword.arg == "params":
            keyword.value = value


def with_more(code: str, more: str) -> str:
    """A list with more in it: the list itself, where one is written out, else a new one of what it gives."""
    written = ast.parse(code, mode="eval").body
    whole = code.rstrip()[1:-1].rstrip().rstrip(",") if isinstance(written, ast.List) and written.elts else f"*{code}"
    return f"[{whole}, {more}]"


def _changed(statement: ast.stmt, call: ast.Call, name: str, change: Change) -> str:
    whole = copy.deepcopy(statement)
    inside = next(n for n in ast.walk(whole) if isinstance(n, ast.Call) and _position(n) == _position(call))
    if not change(inside):
        return ""
    code = ast.unparse(whole)
    is_its_own = isinstance(whole, ast.Assign) and whole.value is inside
    return code if is_its_own or len(code) <= _MOST_CODE else f"{name} = {ast.unparse(inside)}"


def _position(node: ast.Call) -> tuple[int | None, ...]:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset
