"""Lines of a class that let go of the graph, and the same without that."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from moduleview.introspect.class_sources import ClassSources, Function

_GUARDS = frozenset({"no_grad", "inference_mode", "set_grad_enabled"})
_DETACHING = frozenset({"detach", "detach_"})
_MOST_LINES = 12


def gradient_ends(sources: ClassSources, cls: type) -> list[tuple[str, str]]:
    """``file:line`` of each, and the code without it: "" where that is too long, or not to be said in a line."""
    return [
        (f"{file}:{node.lineno}", code if code.count("\n") < _MOST_LINES else "")
        for file, function in sources.functions(cls)
        for node, code in _ends_in(function)
    ]


def _ends_in(function: Function) -> Iterator[tuple[ast.expr, str]]:
    decorators = [node for one in function.decorator_list for node in ast.walk(one) if _is_guard(node)]
    for node in decorators:
        yield node, _without_decorator(function)  # type: ignore[misc]
    told: set[ast.AST] = set(decorators)
    for statement in ast.walk(function):
        if isinstance(statement, ast.With):
            guards = [node for item in statement.items for node in ast.walk(item.context_expr) if _is_guard(node)]
            for node in guards:
                yield node, _without_guard(statement)  # type: ignore[misc]
            told.update(guards)
    simple = (node for node in ast.walk(function) if isinstance(node, ast.stmt) and not hasattr(node, "body"))
    for statement in simple:
        for node in ast.walk(statement):
            if node in told:
                continue
            if _is_guard(node):
                yield node, ""  # type: ignore[misc]
            elif _is_detaching(node):
                yield node, ast.unparse(_Attached().visit(copy.deepcopy(statement)))  # type: ignore[misc]


def _is_guard(node: ast.AST) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in _GUARDS


def _is_detaching(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Attribute) and node.func.attr in _DETACHING
    return isinstance(node, ast.Attribute) and node.attr == "data" and isinstance(node.ctx, ast.Load)


class _Attached(ast.NodeTransformer):
    """``x.detach()`` and ``x.data`` become ``x``."""

    def visit(self, node: ast.AST) -> ast.AST:
        changed: ast.AST = self.generic_visit(node)
        if not _is_detaching(changed):
            return changed
        inner = changed.func if isinstance(changed, ast.Call) else changed
        assert isinstance(inner, ast.Attribute)
        return inner.value


def _without_guard(statement: ast.With) -> str:
    left = [item for item in statement.items if not any(_is_guard(node) for node in ast.walk(item.context_expr))]
    if not left:
        return "\n".join(map(ast.unparse, statement.body))
    return ast.unparse(ast.With(items=left, body=statement.body, lineno=1, col_offset=0))


def _without_decorator(function: Function) -> str:
    bare = copy.copy(function)
    bare.decorator_list = [one for one in function.decorator_list if not any(_is_guard(node) for node in ast.walk(one))]
    return ast.unparse(bare)
