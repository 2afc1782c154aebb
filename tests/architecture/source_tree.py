"""The source files, parsed once, for the tests that look at the code itself."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "moduleview"


def python_files(folder: Path) -> list[Path]:
    """All Python files below ``folder``, by path."""
    return sorted(folder.rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def place(path: Path, node: ast.AST) -> str:
    """``gui/clock.py:41``: how a failing test names a line."""
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
