"""Rules of style that a machine can hold."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from source_tree import PACKAGE, ROOT, parsed, place, python_files

GUI = python_files(PACKAGE / "gui")
ALL = python_files(PACKAGE)
TESTS = python_files(ROOT / "tests")
LAZY = {"__init__.py", "cli.py"}  # the two places that may import inside a function
SHOWN = {
    "setText",
    "setToolTip",
    "setWindowTitle",
    "setPlaceholderText",
    "setStatusTip",
    "setAccessibleName",
    "setTitle",
}


def test_gui_never_touches_a_tensor() -> None:
    """Fault row 31: a GUI thread that reads ``p.grad`` while the trainer works ends the process."""
    touched = [
        place(path, node)
        for path in GUI
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr in {"grad", "data_ptr", "named_parameters", "state_dict"}
    ]
    assert not touched


def test_colours_stand_in_the_table_only() -> None:
    """A hex colour anywhere else escapes the contrast test."""
    found = [
        place(path, node)
        for path in GUI
        if path.name != "tokens.py"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.search(r"#[0-9A-Fa-f]{6}\b", node.value)
    ]
    assert not found


def test_words_on_screen_can_be_translated() -> None:
    """A literal with a word in it goes through ``tr()`` before it is shown."""
    found = [
        place(path, node)
        for path in GUI
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in SHOWN
        and node.args
        and _holds_words(node.args[0])
    ]
    assert not found


def _holds_words(argument: ast.expr) -> bool:
    if isinstance(argument, ast.Constant):
        return isinstance(argument.value, str) and re.search(r"[A-Za-z]{3,}", argument.value) is not None
    if isinstance(argument, ast.JoinedStr):
        return any(_holds_words(part) for part in argument.values if isinstance(part, ast.Constant))
    return False


def test_imports_stand_at_the_top() -> None:
    hidden = [
        place(path, node)
        for path in ALL
        if path.name not in LAZY
        for function in ast.walk(parsed(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert not hidden


def test_nothing_is_global() -> None:
    found = [place(path, node) for path in ALL for node in ast.walk(parsed(path)) if isinstance(node, ast.Global)]
    assert not found


def test_no_test_sleeps() -> None:
    """A test waits for a condition, never for a time."""
    calls = re.compile(r"\btime\.sleep\(|\bqtbot\.wait\(|QTest\.qWait\(")
    asleep = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in TESTS
        if "benchmarks" not in path.parts and path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if calls.search(line) and "user code" not in line
    ]
    assert not asleep


def test_one_feature_a_file() -> None:
    """What is found by being there is one class a module."""
    bases = {"panels": "Panel", "detectors": "Detector", "structure_checks": "StructureCheck"}
    for path in ALL:
        base = bases.get(path.parent.name)
        if base is None or path.stem in {"__init__", "base", "runner"}:
            continue
        classes = [
            node.name
            for node in parsed(path).body
            if isinstance(node, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id == base for b in node.bases)
        ]
        assert len(classes) == 1, f"{path.relative_to(ROOT)} has {classes}"


@pytest.mark.parametrize("word", ["manager", "handler", "helper", "utils", "misc", "common"])
def test_no_file_is_named_by_an_empty_word(word: str) -> None:
    assert not [path for path in ALL if word in path.stem]


def test_no_path_of_a_machine_in_the_repo() -> None:
    pattern = re.compile(r"(?<![A-Za-z0-9_.])/(?:root|home/[a-z]+|Users/[a-z]+)/")
    found = [
        f"{path.relative_to(ROOT)}"
        for folder in ("src", "tests", "resources")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".toml", ".md", ".json", ".svg"} and path != Path(__file__)
        if pattern.search(path.read_text(encoding="utf-8"))
    ]
    assert not found
