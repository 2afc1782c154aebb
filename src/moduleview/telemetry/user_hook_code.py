"""Reads the code of a hook without running it: which function it is, its fields, and what Python says against it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from moduleview.telemetry.user_hook_arguments import argument_of, literal_value, value_of
from moduleview.telemetry.user_hooks_messages import Argument, HookProblem, PythonLiteral

MAXIMUM_CODE = 100_000  # characters
_NO_FUNCTION = "Write a function here: the last one at the top level is the hook, or what hook = ... gives."
_IS_UNNAMED = "Give the function a name: hook = lambda ..."
_IS_ASYNC = "torch does not wait for an async function: write def instead of async def."


@dataclass(frozen=True)
class HookField:
    """A keyword-only parameter with a default, or what a partial binds by name: it can be set in a field, live.

    Attributes:
        name: Of the parameter.
        default: Where the code gives it no value of its own: a literal of any type.
        choices: Where its annotation is a ``Literal`` of strings or numbers.
    """

    name: str
    default: Argument
    choices: tuple[Argument, ...] = ()

    def fits(self, value: Argument) -> bool:
        """The field can hold this: of its type, a whole number is a float too; where None is the default, anything."""
        try:
            meant, default = value_of(value), value_of(self.default)
        except ValueError:
            return False
        if self.choices:
            return any(type(meant) is type(choice) and meant == choice for choice in map(value_of, self.choices))
        if type(default) is float:
            return type(meant) in (int, float)
        return default is None or type(meant) is type(default)


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
    return _last_function(tree.body)


def _last_function(body: Sequence[ast.stmt]) -> HookCode:
    """A def, a lambda or a partial with a name; and whatever is called ``hook``, as an object that can be called."""
    known: dict[str, HookCode] = {}
    last: HookCode | None = None
    for node in body:
        match node:
            case ast.FunctionDef():
                last = known[node.name] = _function(node)
            case ast.AsyncFunctionDef():
                last = HookCode(problem=HookProblem(_IS_ASYNC, node.lineno))
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                made = _assigned(name, value, known)
                if made is not None:
                    last = known[name] = made
    if last is not None:
        return last
    unnamed = [node.lineno for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Lambda)]
    return HookCode(problem=HookProblem(_IS_UNNAMED, unnamed[-1]) if unnamed else HookProblem(_NO_FUNCTION))


def _function(node: ast.FunctionDef) -> HookCode:
    inner = ast.walk(node)
    returns = (part.lineno for part in inner if isinstance(part, ast.Return) and part.value is not None)
    return HookCode(node.name, _positional(node.args), tuple(_fields(node.args)), tuple(returns))


def _assigned(name: str, value: ast.expr, known: Mapping[str, HookCode]) -> HookCode | None:
    """None for what is no function as far as the text shows."""
    match value:
        case ast.Lambda():
            returns = () if _literal(value.body) == PythonLiteral("None") else (value.body.lineno,)
            return HookCode(name, _positional(value.args), tuple(_fields(value.args)), returns)
        case ast.Call(func=ast.Name(id="partial") | ast.Attribute(attr="partial"), args=[function, *given]):
            of = known.get(function.id, HookCode()) if isinstance(function, ast.Name) else HookCode()
            return _partial(name, of, len(given), value.keywords)
        case ast.Name(id=other) if other in known:
            return replace(known[other], function=name)
        case ast.Call() | ast.Attribute() | ast.Subscript() if name == "hook":
            return HookCode(name)
    return None


def _partial(name: str, of: HookCode, n_given: int, keywords: Sequence[ast.keyword]) -> HookCode:
    """Its fields are what it binds by name, and what is left of the function's."""
    bound = {keyword.arg: _literal(keyword.value) for keyword in keywords if keyword.arg is not None}
    choices = {field.name: field.choices for field in of.fields}
    fields = {field.name: field for field in of.fields if field.name not in bound}
    for parameter, value in bound.items():
        if value is not None:
            fields[parameter] = HookField(parameter, value, _with(value, choices.get(parameter, ())))
    positional = tuple(parameter for parameter in of.positional[n_given:] if parameter not in bound)
    return HookCode(name, positional, tuple(fields.values()), of.returns)


def _positional(arguments: ast.arguments) -> tuple[str, ...]:
    return tuple(argument.arg for argument in (*arguments.posonlyargs, *arguments.args))


def _fields(arguments: ast.arguments) -> Iterator[HookField]:
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        value = None if default is None else _literal(default)
        if value is not None:
            yield _field(argument, value)


def _field(argument: ast.arg, value: Argument) -> HookField:
    if type(value) is int and isinstance(argument.annotation, ast.Name) and argument.annotation.id == "float":
        value = float(value)
    return HookField(argument.arg, value, _with(value, _choices(argument.annotation)))


def _with(value: Argument, choices: tuple[Argument, ...]) -> tuple[Argument, ...]:
    return (value, *choices) if choices and value not in choices else choices


def _choices(annotation: ast.expr | None) -> tuple[Argument, ...]:
    """Of ``Literal["a", "b"]``, however Literal was imported."""
    if not isinstance(annotation, ast.Subscript):
        return ()
    name = annotation.value.attr if isinstance(annotation.value, ast.Attribute) else None
    name = annotation.value.id if isinstance(annotation.value, ast.Name) else name
    if name != "Literal":
        return ()
    parts = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
    values = (_literal(part) for part in parts)
    return tuple(value for value in values if value is not None)


def _literal(node: ast.expr) -> Argument | None:
    """None for what only running the code would tell."""
    try:
        return argument_of(literal_value(node))
    except ValueError:
        return None
