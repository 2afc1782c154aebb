"""Looks through a module for what makes a model, where the target does not name it.

The rule, in this order; the first line that finds something decides:

1. what gives a task, before what gives a bare ``nn.Module``: it says more;
2. within each: an instance, then a function, then a class;
3. a function counts when its return annotation says so, or, without one, by its name (``task``, ``make_task``,
   ``model``, ``make_model``, ``build_model``, ...);
4. only what the file defines itself and does not begin with an underscore; what it imports is left out;
5. what cannot be made without arguments counts only when there is nothing else.

Instances without one parameter (a loss at the top of a script) are passed over when there are others.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator
from types import FunctionType, ModuleType
from typing import get_type_hints

from torch import nn

_MODEL_FUNCTIONS = frozenset({"model", "net", "make_model", "build_model", "create_model", "get_model", "make_net"})
_TASK_FUNCTIONS = frozenset({"task", "make_task", "build_task", "create_task", "get_task", "training_task"})


def find_candidates(module: ModuleType, accepts: tuple[type, ...]) -> list[str]:
    """Names in ``module`` that could be meant: one is the answer, several are a question, none is an error."""
    own = _own_names(module)
    wanting: list[str] = []
    for kind in preferred_order(accepts):
        for find in (_instances, _functions, _classes):
            found = find(module, own, kind)
            ready = [name for name in found if find is _instances or not required_arguments(vars(module)[name])]
            if ready:
                return ready
            wanting = wanting or found
    return wanting


def preferred_order(accepts: tuple[type, ...]) -> tuple[type, ...]:
    """Tasks before bare modules."""
    return tuple(sorted(accepts, key=lambda kind: issubclass(kind, nn.Module)))


def required_arguments(call: Callable[..., object]) -> list[str]:
    """Names of the arguments without which ``call`` cannot be called; none where Python does not know them."""
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def _own_names(module: ModuleType) -> list[str]:
    imported = set(_imported_names(module))
    return [name for name in vars(module) if not name.startswith("_") and name not in imported]


def _imported_names(module: ModuleType) -> Iterator[str]:
    """What the import statements outside of functions bind."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError, ValueError):
        return
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def _instances(module: ModuleType, own: Iterable[str], kind: type) -> list[str]:
    found = {name: vars(module)[name] for name in own if isinstance(vars(module)[name], kind)}
    once = {id(value): name for name, value in reversed(found.items())}  # the first of several names of one object
    names = [name for name, value in found.items() if once[id(value)] == name]
    if len(names) > 1 and issubclass(kind, nn.Module):
        return [name for name in names if next(found[name].parameters(), None) is not None] or names
    return names


def _functions(module: ModuleType, own: Iterable[str], kind: type) -> list[str]:
    functions = {name: vars(module)[name] for name in own if isinstance(vars(module)[name], FunctionType)}
    return [name for name, function in functions.items() if _is_defined_in(module, function) and _gives(function, kind)]


def _classes(module: ModuleType, own: Iterable[str], kind: type) -> list[str]:
    classes = {name: vars(module)[name] for name in own if inspect.isclass(vars(module)[name])}
    return [
        name
        for name, cls in classes.items()
        if issubclass(cls, kind)
        and _is_defined_in(module, cls)
        and cls.__name__ == name
        and not inspect.isabstract(cls)
    ]


def _is_defined_in(module: ModuleType, thing: object) -> bool:
    return getattr(thing, "__module__", None) == module.__name__


def _gives(function: FunctionType, kind: type) -> bool:
    annotation = function.__annotations__.get("return", inspect.Signature.empty)
    if annotation is inspect.Signature.empty:
        names = _MODEL_FUNCTIONS if issubclass(kind, nn.Module) else _TASK_FUNCTIONS
        return function.__name__ in names
    if isinstance(annotation, str):
        try:
            annotation = get_type_hints(function)["return"]
        except Exception:  # a name that exists for type checkers only
            return str(annotation).rpartition(".")[2].strip("'\" ") == kind.__name__
    return inspect.isclass(annotation) and issubclass(annotation, kind)
