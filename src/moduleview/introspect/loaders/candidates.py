"""Looks through a module for what makes a model, where the target does not name it.

The rule, in this order; the first line that finds something decides:

1. what gives a task, before what gives a bare ``nn.Module``: it says more;
2. within each: an instance, then a function, then a class;
3. a function counts when its return annotation says so, or, where that leaves it open, by its name (``task``,
   ``make_task``, ``model``, ``make_model``, ``build_model``, ...); anything else that can be called (a partial, an
   object) by its name, if that begins with a verb;
4. only what the file defines itself and does not begin with an underscore; what it imports is left out;
5. what cannot be made without arguments counts only when there is nothing else.

Instances without one parameter (a loss at the top of a script) are passed over when there are others.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Collection, Iterable, Iterator
from types import FunctionType, ModuleType

from torch import nn

from moduleview.introspect.loaders.return_annotation import says_it_gives

_MODEL_FUNCTIONS = frozenset({"model", "net", "make_model", "build_model", "create_model", "get_model", "make_net"})
_TASK_FUNCTIONS = frozenset({"task", "make_task", "build_task", "create_task", "get_task", "training_task"})
_VERBS = frozenset({"make", "build", "create", "get"})
_MAKES_NONE = "main"  # it trains
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def find_candidates(module: ModuleType, accepts: tuple[type, ...]) -> list[str]:
    """Names in ``module`` that could be meant: one is the answer, several are a question, none is an error."""
    own = _own_names(module)
    wanting: list[str] = []
    for kind in preferred_order(accepts):
        for find in (_instances, _makers, _classes):
            found = find(module, own, kind)
            ready = [name for name in found if find is _instances or not required_arguments(vars(module)[name])]
            if ready:
                return ready
            wanting = wanting or found
    return wanting


def what_to_try(module: ModuleType, accepts: tuple[type, ...]) -> list[str]:
    """Names of what ``module`` defines and can be called without arguments, for all that is known of it."""
    makers = {name: vars(module)[name] for name in _maker_names(module, _own_names(module)) if name != _MAKES_NONE}
    return [
        name
        for name, maker in makers.items()
        if not required_arguments(maker)
        and not inspect.iscoroutinefunction(maker)
        and any(_says_it_gives(maker, kind) is not False for kind in accepts)
    ]


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
    for node in _outer_nodes(module):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]


def _bound_names(module: ModuleType) -> Iterator[str]:
    """What else binds a name there: a definition, an assignment. Not ``from models import *``."""
    for node in _outer_nodes(module):
        if isinstance(node, _DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _outer_nodes(module: ModuleType) -> Iterator[ast.AST]:
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError, ValueError):
        return
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _DEFINITIONS):
            waiting.extend(ast.iter_child_nodes(node))


def _instances(module: ModuleType, own: Iterable[str], kind: type) -> list[str]:
    found = {name: vars(module)[name] for name in own if isinstance(vars(module)[name], kind)}
    once = {id(value): name for name, value in reversed(found.items())}  # the first of several names of one object
    names = [name for name, value in found.items() if once[id(value)] == name]
    if len(names) > 1 and issubclass(kind, nn.Module):
        return [name for name in names if next(found[name].parameters(), None) is not None] or names
    return names


def _makers(module: ModuleType, own: Collection[str], kind: type) -> list[str]:
    return [name for name in _maker_names(module, own) if _gives(name, vars(module)[name], kind)]


def _maker_names(module: ModuleType, own: Collection[str]) -> list[str]:
    """Functions, and what else is called for what it makes: ``functools.cache``, a partial, an object."""
    things = {name: vars(module)[name] for name in own}
    bound = set(_bound_names(module))
    return [
        name
        for name, thing in things.items()
        if callable(thing)
        and not inspect.isclass(thing)
        and not isinstance(thing, nn.Module)
        and (name in bound or _is_defined_in(module, thing))
    ]


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


def _gives(name: str, maker: Callable[..., object], kind: type) -> bool:
    """By what the annotation says, else by the name that the file gives it."""
    says = _says_it_gives(maker, kind)
    if says is not None:
        return says
    if _function_behind(maker) is None and name.partition("_")[0] not in _VERBS:
        return False  # net = Wrapper(): called with what goes in, not for a model
    return name in (_MODEL_FUNCTIONS if issubclass(kind, nn.Module) else _TASK_FUNCTIONS)


def _says_it_gives(maker: Callable[..., object], kind: type) -> bool | None:
    function = _function_behind(maker)
    return None if function is None else says_it_gives(function, kind)


def _function_behind(maker: Callable[..., object]) -> FunctionType | None:
    """What was written with ``def``, below ``functools.cache`` and its like."""
    try:
        found = inspect.unwrap(maker, stop=lambda inner: isinstance(inner, FunctionType))
    except Exception:  # an object that answers to every attribute
        return None
    return found if isinstance(found, FunctionType) else None
