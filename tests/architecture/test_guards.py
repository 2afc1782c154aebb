"""Whatever Qt calls at every frame is guarded: an exception there would come back with each of them."""

from __future__ import annotations

import ast

import pytest
from source_tree import PACKAGE, parsed, place, python_files

GUI = python_files(PACKAGE / "gui")
PAINTERS = {"paintEvent", "paintSection"}


def methods(bases: tuple[str, ...], names: set[str]) -> list[tuple[str, ast.FunctionDef]]:
    """Methods of these names in the classes that have a base whose name ends in one of ``bases``."""
    return [
        (place(path, item), item)
        for path in GUI
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith(bases) for base in node.bases)
        for item in node.body
        if isinstance(item, ast.FunctionDef) and item.name in names
    ]


def is_decorated(method: ast.FunctionDef) -> bool:
    return any(ast.unparse(decorator) == "safe_paint" for decorator in method.decorator_list)


def is_handed_to_a_guard(method: ast.FunctionDef) -> bool:
    """Its body calls the guard."""
    return any(isinstance(node, ast.Attribute) and node.attr == "_guard" for node in ast.walk(method))


def test_every_paint_of_a_widget_is_guarded() -> None:
    """Fault row 38."""
    found = methods(("",), PAINTERS)
    assert len(found) > 10
    assert not [where for where, method in found if not is_decorated(method)]


def test_every_paint_of_a_drawn_item_is_guarded() -> None:
    """Fault row 38: items in a plot's scene."""
    found = methods(("Item", "GraphicsObject"), {"paint"})
    assert len(found) >= 4
    assert not [where for where, method in found if not is_decorated(method)]


@pytest.mark.parametrize(
    ("bases", "name"),
    [
        (("Model",), "data"),
        (("StyledItemDelegate",), "paint"),
    ],
    ids=["data of item models", "paint of delegates"],
)
def test_every_cell_is_guarded(bases: tuple[str, ...], name: str) -> None:
    """Fault row 39."""
    found = methods(bases, {name})
    assert len(found) >= 2
    assert not [where for where, method in found if not (is_handed_to_a_guard(method) or is_decorated(method))]
