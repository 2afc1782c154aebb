"""What a person's own training step calls the optimizers and schedulers that it uses."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

_DEEPEST = 2  # attributes and elements on the way: self.trainer.optimizers[0] is one too many
_LONGEST = 64  # of a list of optimizers; a data set may have millions


def own_names(*written: Callable[..., Any] | None) -> Mapping[int, str]:
    """Names by ``id``, as a person would type them: ``opt_d``, ``self.opt_d``, ``optimizers[1]``; the first of several.

    Looks at closures, globals that the code mentions, ``self`` and given arguments, and runs no code of theirs.

    Args:
        written: What they gave to a task; None is passed over.
    """
    found: dict[int, str] = {}
    for one in written:
        for name, value in _variables(one):
            for inner, held in _reached(name, value, _DEEPEST):
                found.setdefault(id(held), inner)
    return found


def _variables(written: object) -> Iterator[tuple[str, object]]:
    match written:
        case functools.partial():
            yield from _variables(written.func)
            code = getattr(written.func, "__code__", None)
            yield from zip(code.co_varnames if isinstance(code, CodeType) else (), written.args, strict=False)
            yield from written.keywords.items()
        case MethodType():
            yield "self", written.__self__
            yield from _variables(written.__func__)
        case FunctionType():
            cells = zip(written.__code__.co_freevars, written.__closure__ or (), strict=True)
            yield from ((name, value) for name, cell in cells for value in _contents(cell))
            names = dict.fromkeys(_mentioned(written.__code__))
            yield from ((name, written.__globals__[name]) for name in names if name in written.__globals__)
        case None:
            return
        case _:
            yield "self", written
            yield from _variables(vars(type(written)).get("__call__"))


def _contents(cell: Any) -> Iterator[object]:
    try:
        yield cell.cell_contents
    except ValueError:  # a variable that has no value yet
        return


def _mentioned(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _mentioned(constant)


def _reached(name: str, value: object, depth: int) -> Iterator[tuple[str, object]]:
    if issubclass(type(value), Optimizer | LRScheduler):
        yield name, value
    elif depth and not isinstance(value, type | ModuleType):
        for path, one in _parts(value):
            yield from _reached(name + path, one, depth - 1)


def _parts(value: object) -> list[tuple[str, object]]:
    if isinstance(value, list | tuple | dict) and len(value) > _LONGEST:
        return []
    if type(value) in (list, tuple):
        return [(f"[{number}]", one) for number, one in enumerate(value)]  # type: ignore[arg-type, var-annotated]
    if type(value) is dict:
        return [(f"[{key!r}]", one) for key, one in value.items()]
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return []
    return [(f".{key}", one) for key, one in own.items()] if type(own) is dict else []
