"""Reads the code of a hook without running it: which function it is, its fields, and what Python says against it."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass

from moduleview.telemetry.user_hooks_messages import Argument, HookProblem

MAXIMUM_CODE = 100_000  # characters
_NO_FUNCTION = "Write a function here: the last one at the top level is the hook."
_IS_ASYNC = "torch does not wait for an async function: write def instead of async def."


@dataclass(frozen=True)
class HookField:
    """A keyword-only parameter with a default: it can be set in a field, live.

    Attributes:
        name: Of the parameter.
        default: bool, int, float or str.
        choices: Where its annotation is a ``Literal`` of strings or numbers.
    """

    name: str
    default: Argument
    choices: tuple[Argument, ...] = ()

    def fits(self, value: object) -> bool:
        """The field can hold this; a whole number is a float too, a bool is no number."""
        if self.choices:
            return any(type(value) is type(choice) and value == choice for choice in self.choices)
        if type(self.default) is float:
            return type(value) in (int, float)
        return type(value) is type(self.default)


@dataclass(frozen=True)
class HookCode:
    """What was read.

    Attributes:
        function: Name of the function that is the hook, "" where there is none.
        positional: Names of its positional parameters.
        fields: What can be set.
        returns: Lines that return a value, from 1.
        problem: What is wrong, None for nothing.
    """

    function: str = ""
    positional: tuple[str, ...] = ()
    fields: tuple[HookField, ...] = ()
    returns: tuple[int, ...] = ()
    problem: HookProblem | None = None


def read_hook_code(code: str) -> HookCode:
    """Read a hook's code; runs nothing of it."""
    if len(code) > MAXIMUM_CODE:
        return HookCode(problem=HookProblem(f"A hook may have at most {MAXIMUM_CODE:,} characters."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SyntaxWarning: Python says it again when the hook goes live
            tree = ast.parse(code)
            compile(tree, "<hook>", "exec")  # finds more than the parser: a return outside, a name twice
    except SyntaxError as error:
        return HookCode(problem=HookProblem(f"{type(error).__name__}: {error.msg}", error.lineno))
    except (ValueError, RecursionError, MemoryError) as error:  # a null byte; nested too deep
        return HookCode(problem=HookProblem(f"{type(error).__name__}: {error}"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    if not functions:
        return HookCode(problem=HookProblem(_NO_FUNCTION))
    last = functions[-1]
    if isinstance(last, ast.AsyncFunctionDef):
        return HookCode(problem=HookProblem(_IS_ASYNC, last.lineno))
    arguments = last.args
    positional = tuple(argument.arg for argument in (*arguments.posonlyargs, *arguments.args))
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    fields = (_field(argument, default) for argument, default in pairs if default is not None)
    returns = (node.lineno for node in ast.walk(last) if isinstance(node, ast.Return) and node.value is not None)
    return HookCode(last.name, positional, tuple(field for field in fields if field is not None), tuple(returns))


def _field(argument: ast.arg, default: ast.expr) -> HookField | None:
    """None for a default that no field can hold."""
    value = _literal(default)
    if not isinstance(value, bool | int | float | str):
        return None
    choices = _choices(argument.annotation)
    if choices and value not in choices:
        choices = (value, *choices)
    if type(value) is int and isinstance(argument.annotation, ast.Name) and argument.annotation.id == "float":
        value = float(value)
    return HookField(argument.arg, value, choices)


def _choices(annotation: ast.expr | None) -> tuple[Argument, ...]:
    """Of ``Literal["a", "b"]``, however Literal was imported."""
    if not isinstance(annotation, ast.Subscript):
        return ()
    name = annotation.value.attr if isinstance(annotation.value, ast.Attribute) else None
    name = annotation.value.id if isinstance(annotation.value, ast.Name) else name
    if name != "Literal":
        return ()
    parts = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
    values = [_literal(part) for part in parts]
    return tuple(value for value in values if isinstance(value, bool | int | float | str))


def _literal(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
