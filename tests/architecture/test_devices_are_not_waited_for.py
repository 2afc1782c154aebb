"""No probe brings a tensor's number to the host by itself: on a GPU that would stop the step until all is computed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from source_tree import PACKAGE, parsed, place, python_files

FILES = python_files(PACKAGE / "probes")
WAITING = {"item", "tolist", "cpu", "numpy", "nonzero", "synchronize"}
CASTS = {"float", "int", "bool"}
ON_THE_HOST = {
    "host_moments.py": None,  # all of it is given tensors on the CPU
    "host_magnitudes.py": None,
    "weight_change.py": {"_squares_in_blocks", "_squares_together", "_square"},
    "sample_layout.py": {"sums"},  # where the values are on the CPU
    "grad_cosine.py": {"_kept"},  # the same
    "grad_snr.py": {"with_step"},  # the same
    "loss.py": {"measure"},  # of what is no tensor
    "memory.py": {"measure", "resident_bytes"},  # of bytes
    "series_ids.py": {"ids_of_rows"},  # of numbers on the host
    "step_values.py": {
        "set",
        "__init__",
        "has_arrived",
        "wait",
        "record",
        "_void",
    },  # the one copy a step, what arrived
    "gradient_way.py": {"end_step", "_has_found_inf"},  # GradScaler has waited for the same numbers just before
}


def waiting(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Calls that may wait for a device, with the function that they stand in."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            is_method = isinstance(called, ast.Attribute) and called.attr in WAITING
            is_cast = isinstance(called, ast.Name) and called.id in CASTS and not isinstance(node.args[0], ast.Constant)
            if is_method or is_cast:
                yield function.name, node


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_what_is_on_the_host_is_read_there(path: Path) -> None:
    allowed = ON_THE_HOST.get(path.name, set())
    found = [place(path, node) for name, node in waiting(parsed(path)) if allowed is not None and name not in allowed]
    assert not found


@pytest.mark.parametrize(
    "line", ["x.item()", "x.sum().cpu()", "float(x)", "int(x[0])", "bool(x.any())", "x.tolist()", "x.nonzero()"]
)
def test_a_line_that_waits_is_found(line: str) -> None:
    assert list(waiting(ast.parse(f"def measure(x):\n    return {line}")))


@pytest.mark.parametrize("line", ["x.float()", "float('inf')", "x.cpu", "x.sum()"])
def test_a_line_that_does_not_wait_is_not(line: str) -> None:
    assert not list(waiting(ast.parse(f"def measure(x):\n    return {line}")))


def test_what_is_allowed_is_still_there() -> None:
    stale = [
        f"{name}: {function}"
        for name, functions in ON_THE_HOST.items()
        for function in functions or ()
        if function not in {found for found, _ in waiting(parsed(PACKAGE / "probes" / name))}
    ]
    assert not stale
