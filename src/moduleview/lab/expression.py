"""What a person types into a field: Python literals, indices, and arithmetic on the lab's tensors; nothing else.

The text is parsed with ``ast`` and walked by hand: no name is looked up but ``x`` and the copies' ``t7``, nothing is
called, no attribute is read. So no text can run code, and none can run for long.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch

from moduleview.errors import ModuleViewError

MAX_LENGTH = 20_000  # characters
_MAX_NODES = 20_000
_MAX_DEPTH = 64

_NUMBERS: Mapping[str, float] = {"inf": math.inf, "nan": math.nan, "pi": math.pi}
_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_UNARY: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}


class ExpressionError(ModuleViewError):
    """A text that the lab does not read; the sentence says what may be typed."""


Names = Mapping[str, Any]
"""What names stand for: ``x`` and ``t7``."""


class Expression:
    """A text that was read. Immutable.

    Args:
        text: What was typed.

    Attributes:
        python: The same in Python's own spelling.
        names: Tensors that it speaks of.

    Raises:
        ExpressionError: It is no such expression.
    """

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise ExpressionError(f"This is {len(text):,} characters long; {MAX_LENGTH:,} are read at most.")
        try:
            self._node = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            detail = error.msg if isinstance(error, SyntaxError) else str(error)
            raise ExpressionError(f"“{_short(text)}” is not Python: {detail}.") from None
        _check(self._node, text)
        self.python = ast.unparse(self._node)
        self.names = tuple(dict.fromkeys(_names_in(self._node)))

    @property
    def is_list(self) -> bool:
        """It is a list of numbers, which torch.tensor makes a tensor of."""
        return isinstance(self._node, ast.List)

    def evaluate(self, names: Names) -> Any:
        """Its value.

        Args:
            names: What ``x``, ``t7``, ... stand for.

        Raises:
            ExpressionError: A name stands for nothing.
            Exception: What torch raises.
        """
        return _evaluate(self._node, names)


class IndexExpression(Expression):
    """What stands in brackets behind a tensor: ``[:, None, ::2]``, with the brackets or without."""

    def __init__(self, text: str) -> None:
        text = text.strip()
        if not (text.startswith("[") and _closes_at_end(text)):
            text = f"[{text}]"
        if text[1:-1].strip() == "":
            raise ExpressionError("Type an index, such as [0], [:, None, ::2] or [x > 0].")
        super().__init__(f"x{text}")
        assert isinstance(self._node, ast.Subscript)
        self._node = self._node.slice
        self.python = self.python[1:]
        self.names = tuple(dict.fromkeys(_names_in(self._node)))


def _closes_at_end(text: str) -> bool:
    """The bracket that opens the text is closed by its last character: not so in ``[0], [1]``."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if depth == 0:
            return position == len(text) - 1
    return False


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _names_in(node: ast.AST) -> list[str]:
    found = [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)]
    return [name for name in found if name not in _NUMBERS]


def _check(root: ast.AST, text: str) -> None:
    """Refuse what is not in the small language, before anything is evaluated."""
    level, n_nodes, depth = [root], 0, 0
    while level:
        n_nodes, depth = n_nodes + len(level), depth + 1
        if n_nodes > _MAX_NODES or depth > _MAX_DEPTH:
            raise ExpressionError(f"“{_short(text)}” is too long an expression for the lab; split it into steps.")
        for node in level:
            _check_one(node)
        level = [child for node in level for child in ast.iter_child_nodes(node)]


_ALLOWED = (ast.List, ast.Tuple, ast.Slice, ast.Subscript, ast.expr_context)


def _check_one(node: ast.AST) -> None:
    match node:
        case ast.Constant():
            if node.value is not None and node.value is not ... and not isinstance(node.value, int | float | complex):
                raise ExpressionError(f"{node.value!r} cannot stand here; type numbers, lists, slices or tensors.")
        case ast.Name():
            if node.id != "x" and node.id not in _NUMBERS and not _is_copy(node.id):
                raise ExpressionError(f"There is no “{_short(node.id)}” here. Tensors are called x, t1, t2, ...")
        case ast.BinOp(op=op) if type(op) in _BINARY:
            pass
        case ast.UnaryOp(op=unary) if type(unary) in _UNARY:
            pass
        case ast.Compare(ops=[comparison]) if type(comparison) in _COMPARE:
            pass
        case ast.operator() | ast.unaryop() | ast.cmpop():
            pass
        case _ if isinstance(node, _ALLOWED):
            pass
        case _:
            what = type(node).__name__
            raise ExpressionError(
                f"The lab does not read this ({what}). It reads numbers, lists, slices, x, t1, + - * / // % & | ^ ~ "
                "and one comparison."
            )


def _is_copy(name: str) -> bool:
    return name.startswith("t") and name[1:].isdecimal() and name.isascii()


def _evaluate(node: ast.AST, names: Names) -> Any:  # noqa: PLR0911  one line a kind of node
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return _look_up(node.id, names)
        case ast.List():
            return [_evaluate(item, names) for item in node.elts]
        case ast.Tuple():
            return tuple(_evaluate(item, names) for item in node.elts)
        case ast.Slice():
            parts = (node.lower, node.upper, node.step)
            return slice(*(None if part is None else _evaluate(part, names) for part in parts))
        case ast.Subscript():
            return _evaluate(node.value, names)[_evaluate(node.slice, names)]
        case ast.UnaryOp():
            return _UNARY[type(node.op)](_operand(node.operand, names))
        case ast.BinOp():
            return _BINARY[type(node.op)](_operand(node.left, names), _operand(node.right, names))
        case ast.Compare():
            return _COMPARE[type(node.ops[0])](_operand(node.left, names), _operand(node.comparators[0], names))
    raise ExpressionError("The lab does not read this.")  # pragma: no cover  refused before


def _operand(node: ast.AST, names: Names) -> Any:
    value = _evaluate(node, names)
    if not isinstance(value, torch.Tensor | int | float | complex):  # a list times a number is a long list
        raise ExpressionError(f"{type(value).__name__} cannot be computed with; use numbers and tensors.")
    return value


def _look_up(name: str, names: Names) -> Any:
    if name in _NUMBERS:
        return _NUMBERS[name]
    if name not in names:
        what = "no step has given anything yet" if name == "x" else "it was dropped, or never taken"
        raise ExpressionError(f"There is no tensor {name} in the lab: {what}.")
    return names[name]
