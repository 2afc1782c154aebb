"""Reaching a limit means that an idea is missing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from source_tree import PACKAGE, parsed, place, python_files

FILE_LINES, CLASS_LINES, FUNCTION_LINES, PARAMETERS, NESTING = 400, 250, 40, 6, 3
FILES = python_files(PACKAGE)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)


def n_lines(node: ast.AST) -> int:
    return node.end_lineno - node.lineno + 1  # type: ignore[attr-defined]


def n_parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return len([argument for argument in arguments if argument.arg not in ("self", "cls")])


def nesting(body: list[ast.stmt], depth: int = 0) -> int:
    """Blocks inside blocks; an ``elif`` stands beside its ``if``, not inside it."""
    return max((_depth_of(statement, depth) for statement in body if isinstance(statement, _BLOCKS)), default=depth)


def _depth_of(block: ast.stmt, depth: int) -> int:
    inside = [getattr(block, name, []) for name in ("body", "finalbody")]
    inside += [branch.body for branch in (*getattr(block, "handlers", []), *getattr(block, "cases", []))]
    after = getattr(block, "orelse", [])
    is_elif = isinstance(block, ast.If) and len(after) == 1 and isinstance(after[0], ast.If)
    deepest = max(nesting(body, depth + 1) for body in inside)
    return max(deepest, nesting(after, depth if is_elif else depth + 1) if after else depth)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_class_or_function_is_too_long(path: Path) -> None:
    n_file_lines = len(path.read_text(encoding="utf-8").splitlines())
    assert n_file_lines <= FILE_LINES
    too_long = [
        f"{place(path, node)} {node.name}: {n_lines(node)} lines"
        for node in ast.walk(parsed(path))
        if (isinstance(node, ast.ClassDef) and n_lines(node) > CLASS_LINES)
        or (isinstance(node, _FUNCTIONS) and n_lines(node) > FUNCTION_LINES)
    ]
    assert not too_long


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_function_takes_too_much_or_nests_too_deep(path: Path) -> None:
    bad = [
        f"{place(path, node)} {node.name}: {n_parameters(node)} parameters, nesting {nesting(node.body)}"
        for node in ast.walk(parsed(path))
        if isinstance(node, _FUNCTIONS) and (n_parameters(node) > PARAMETERS or nesting(node.body) > NESTING)
    ]
    assert not bad


def test_limits_bite() -> None:
    body = "".join(f"    x = {i}\n" for i in range(FUNCTION_LINES))
    function = ast.parse("def f(a, b, c, d, e, f, g):\n" + body).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert n_lines(function) > FUNCTION_LINES
    assert n_parameters(function) > PARAMETERS
    deep = ast.parse("def f():\n for a in b:\n  while c:\n   if d:\n    with e:\n     pass").body[0]
    assert isinstance(deep, ast.FunctionDef)
    assert nesting(deep.body) > NESTING
    flat = ast.parse("def f():\n if a:\n  pass\n elif b:\n  pass\n elif c:\n  pass\n elif d:\n  pass\n else:\n  pass")
    assert nesting(flat.body[0].body) == 1  # type: ignore[attr-defined]
