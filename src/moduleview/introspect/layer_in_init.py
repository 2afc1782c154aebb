"""A layer that a forward makes, made in ``__init__`` instead: a person's own lines with that change."""

from __future__ import annotations

import ast
import copy

from moduleview.introspect.class_sources import ClassSources, Function


def layer_in_init(sources: ClassSources, cls: type, type_name: str, made: str) -> str:
    """Code for both places.

    Args:
        sources: Reads the class.
        cls: In whose forward it is made.
        type_name: Class of the layer.
        made: A call that makes one like it, for where its arguments are known in forward only; "" for none.
    """
    attribute = f"{type_name.lower()}_layer"
    found = [
        (function, statement, call)
        for _, function in sources.functions(cls)
        if not function.name.startswith("__")
        for statement in ast.walk(function)
        if isinstance(statement, ast.stmt) and not hasattr(statement, "body")
        for call in ast.walk(statement)
        if isinstance(call, ast.Call) and _last_name(call.func) == type_name
    ]
    if len(found) != 1:
        return f"# in __init__:\nself.{attribute} = {made or f'{type_name}()'}\n# in forward:\nx = self.{attribute}(x)"
    function, statement, call = found[0]
    places = [index for index, node in enumerate(ast.walk(statement)) if node is call]
    whole = copy.deepcopy(statement)
    inside = next(node for index, node in enumerate(ast.walk(whole)) if index == places[0])
    instead = ast.Attribute(value=ast.Name(id="self", ctx=ast.Load()), attr=attribute, ctx=ast.Load())
    after = ast.unparse(_Exchange(inside, instead).visit(whole))
    making = made if made and _takes_from(call, function) else ast.unparse(call)
    return f"# in __init__:\nself.{attribute} = {making}\n# in {function.name}:\n{after}"


class _Exchange(ast.NodeTransformer):
    def __init__(self, node: ast.AST, instead: ast.expr) -> None:
        self._node, self._instead = node, instead

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._node:
            return self._instead
        changed: ast.AST = self.generic_visit(node)
        return changed


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _takes_from(call: ast.Call, function: Function) -> bool:
    """It names something that only the function knows."""
    own = {argument.arg for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
    own |= {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return any(isinstance(node, ast.Name) and node.id in own - {"self"} for node in ast.walk(call))
