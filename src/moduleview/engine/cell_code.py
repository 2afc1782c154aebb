"""A cell's text as code that Python can run, statement by statement, as its own console does."""

from __future__ import annotations
import __future__

import ast
import linecache
import textwrap
from functools import reduce
from operator import or_
from types import CodeType

_FUTURES = reduce(or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names))
_N_REMEMBERED = 200  # cells whose lines a traceback can show


def file_name(cell: int) -> str:
    """What stands for a cell's file in a traceback."""
    return f"<cell {cell}>"


def compile_cell(cell: int, text: str, flags: int) -> list[CodeType]:
    """Compile all statements before any of them runs; the value of each expression among them is shown.

    Args:
        cell: Number of the cell; its lines are remembered for tracebacks.
        text: Python; an indentation that all lines share is left out.
        flags: Features of ``__future__`` that hold, as ``future_flags`` gave them.

    Raises:
        SyntaxError: It is no Python.
        ValueError, OverflowError, RecursionError, MemoryError: Python cannot read it.
    """
    text = textwrap.dedent(text)
    name = file_name(cell)
    _remember_lines(cell, text)
    codes = []
    for statement in ast.parse(text, name).body:
        code = compile(ast.Interactive([statement]), name, "single", flags, dont_inherit=True)
        flags |= future_flags(code)
        codes.append(code)
    return codes


def future_flags(code: CodeType) -> int:
    """The features of ``__future__`` that a compiled statement asked for."""
    return int(code.co_flags & _FUTURES)


def _remember_lines(cell: int, text: str) -> None:
    lines = [line + "\n" for line in text.split("\n")]
    linecache.cache[file_name(cell)] = (len(text), None, lines, file_name(cell))  # None: never read from a disk
    linecache.cache.pop(file_name(cell - _N_REMEMBERED), None)
