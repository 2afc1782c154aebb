"""Reads the source of modules' classes: which line gives an attribute its value, and which lines use it."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Iterator
from dataclasses import dataclass
from types import FunctionType

_MAXIMUM_CODE = 200  # characters of a value that are worth quoting
_BUILDING = (
    "__init__",
    "_init",
    "init",
    "reset",
    "build",
    "_build",
    "setup",
    "make",
    "_make",
    "create",
    "_create",
    "add",
)
_MUTATORS = frozenset({"append", "extend", "insert", "add", "update", "setdefault", "appendleft"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Assignment:
    """``self.attribute = value`` in a class's source.

    Attributes:
        location: ``file:line``; of the class where the line was not found, "" where there is no source.
        code: Source of the value, whatever it is, when it is short; else "".
    """

    location: str = ""
    code: str = ""


@dataclass(frozen=True)
class Use:
    """A line that uses ``self.attribute`` otherwise than by calling it.

    Attributes:
        location: ``file:line``.
        code: The whole expression.
        is_forward: It is ``self.attribute.forward(...)``.
    """

    location: str
    code: str
    is_forward: bool


@dataclass(frozen=True, eq=False)
class _Written:
    """Source of one class."""

    file: str
    tree: ast.ClassDef

    def place(self, node: ast.AST) -> str:
        return f"{self.file}:{getattr(node, 'lineno', self.tree.lineno)}"


class ClassSources:
    """Reads each file once; must not outlive the check that asked."""

    def __init__(self) -> None:
        self._trees: dict[str, ast.Module | None] = {}
        self._written: dict[type, _Written | None] = {}
        self._assignments: dict[tuple[type, str], Assignment] = {}

    def tree(self, file: str) -> ast.Module | None:
        """A file's syntax tree, None where it has none."""
        if file not in self._trees:
            try:
                self._trees[file] = ast.parse("".join(linecache.getlines(file)))
            except (SyntaxError, ValueError):
                self._trees[file] = None
        return self._trees[file]

    def assignment(self, cls: type, attribute: str) -> Assignment:
        """The first assignment of more than None to ``attribute`` in ``cls`` or the classes it derives from."""
        known = self._assignments.get((cls, attribute))
        if known is None:
            known = self._assignments[cls, attribute] = self._find_assignment(cls, attribute)
        return known

    def registration(self, cls: type, name: str) -> Assignment:
        """``self.register_buffer("name", value)`` in ``cls`` or the classes it derives from."""
        for written, function in self._functions(cls):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and _registers(node, name):
                    return Assignment(written.place(node), code=_short(node.args[1]) if len(node.args) > 1 else "")
        return Assignment()

    def is_written_while_running(self, cls: type, attribute: str) -> bool:
        """A method that is not for building the module gives the attribute a value, or puts something into it."""
        return any(
            _writes(node, attribute)
            for _, function in self._functions(cls)
            if not function.name.startswith(_BUILDING)
            for node in ast.walk(function)
        )

    def uses(self, cls: type, attribute: str) -> Iterator[Use]:
        """Lines of its forward with ``self.attribute.forward(...)``, and those that give a part of it to a function."""
        calls = (
            (written, node)
            for written, function in self._functions(cls)
            if "forward" in function.name
            for node in ast.walk(function)
            if isinstance(node, ast.Call)
        )
        found: list[Use] = []
        for written, call in calls:
            is_forward = _is_reached_through(call.func, attribute, "forward")
            if is_forward or any(_is_reached_through(given, attribute) for given in call.args):
                found.append(Use(written.place(call), _short(call), is_forward))
        yield from sorted(found, key=lambda use: not use.is_forward)

    def functions(self, cls: type) -> Iterator[tuple[str, Function]]:
        """Methods of ``cls`` and of the classes it derives from, with their file."""
        return ((written.file, function) for written, function in self._functions(cls))

    def functional_dropouts(self, cls: type) -> Iterator[tuple[str, ast.Call, str]]:
        """``F.dropout(x)`` that is not told whether it trains: location, call and its code."""
        functions = [value for value in vars(cls).values() if isinstance(value, FunctionType)]
        if not any("dropout" in f.__code__.co_names and "training" not in f.__code__.co_names for f in functions):
            return
        for written, function in self._functions(cls, only_own=True):
            if not any(isinstance(node, ast.Attribute) and node.attr == "training" for node in ast.walk(function)):
                calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
                yield from ((written.place(call), call, _short(call)) for call in calls if _is_untold_dropout(call))

    def _find_assignment(self, cls: type, attribute: str) -> Assignment:
        first = Assignment()
        for base in _own_bases(cls):
            written = self._read(base)
            if written is None:
                continue
            first = first if first.location else Assignment(written.place(written.tree))
            values = [
                (node, node.value)
                for node in ast.walk(written.tree)
                if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and _assigns(node, attribute)
            ]
            values.sort(key=lambda found: _is_none(found[1]))  # "self.x = None" only makes room for what follows
            if values:
                return Assignment(written.place(values[0][0]), _short(values[0][1]))
        return first

    def _functions(self, cls: type, *, only_own: bool = False) -> Iterator[tuple[_Written, Function]]:
        for base in [cls] if only_own else _own_bases(cls):
            written = self._read(base)
            if written is not None:
                yield from ((written, node) for node in written.tree.body if isinstance(node, Function))

    def _read(self, cls: type) -> _Written | None:
        if cls not in self._written:
            try:
                file = inspect.getsourcefile(cls) or ""
                tree = self.tree(file)
                node = None if tree is None else _class_in(tree, cls, file)
                self._written[cls] = None if node is None else _Written(file, node)
            except Exception:  # no file, a changed file, a class made at run time
                self._written[cls] = None
        return self._written[cls]


def _class_in(tree: ast.Module, cls: type, file: str) -> ast.ClassDef | None:
    """The class of that name; of several, the one that the methods' lines lie in."""
    name = cls.__qualname__.rpartition(".")[2]
    named = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == name]
    codes = [getattr(value, "__code__", None) for value in vars(cls).values()]
    lines = [code.co_firstlineno for code in codes if code is not None and code.co_filename == file]
    inside = [node for node in named if any(node.lineno <= line <= (node.end_lineno or 0) for line in lines)]
    chosen = inside or (named if not lines else [])
    return chosen[0] if len(chosen) == 1 else None


def _own_bases(cls: type) -> Iterator[type]:
    """Those that torch has not written."""
    return (base for base in cls.__mro__ if base is not object and base.__module__.partition(".")[0] != "torch")


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _is_self(node: ast.expr, attribute: str) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and node.attr == attribute
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def _is_reached_through(node: ast.expr, attribute: str, name: str = "") -> bool:
    return isinstance(node, ast.Attribute) and (not name or node.attr == name) and _is_self(node.value, attribute)


def _assigns(node: ast.Assign | ast.AnnAssign, attribute: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(_is_self(target, attribute) for target in targets)


def _writes(node: ast.AST, attribute: str) -> bool:
    match node:
        case ast.Attribute(ctx=ast.Store()):
            return _is_self(node, attribute)
        case ast.Subscript(ctx=ast.Store(), value=value):
            return _is_self(value, attribute)
        case ast.Call(func=ast.Attribute(value=value, attr=name)):
            return name in _MUTATORS and _is_self(value, attribute)
    return False


def _registers(call: ast.Call, name: str) -> bool:
    first = call.args[0] if call.args else None
    return _is_self(call.func, "register_buffer") and isinstance(first, ast.Constant) and first.value == name


def _is_untold_dropout(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    if name not in ("F.dropout", "nn.functional.dropout", "torch.nn.functional.dropout"):
        return False
    if len(call.args) > 2 or any(keyword.arg in (None, "training") for keyword in call.keywords):
        return False
    given = [call.args[1]] if len(call.args) > 1 else [k.value for k in call.keywords if k.arg == "p"]
    return not any(isinstance(p, ast.Constant) and p.value == 0 for p in given)


def _short(node: ast.AST) -> str:
    code = ast.unparse(node)
    return code if len(code) <= _MAXIMUM_CODE else ""
