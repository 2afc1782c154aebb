"""Finds features by their being there: one class a module, third parties through an entry point of the same name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from abc import ABC
from importlib.metadata import entry_points
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def discover(package: ModuleType, base: type[T]) -> tuple[type[T], ...]:
    """Concrete children of ``base`` in the modules of ``package``, by module name, then third parties' by entry point.

    Args:
        package: Where one file is one feature (``moduleview.gui.panels``).
        base: What each file's class derives from.

    Returns:
        The classes; abstract ones and those imported from elsewhere are left out.
    """
    found: list[type[T]] = []
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        found.extend(_own_classes(module, base))
    for entry in entry_points(group=package.__name__):
        loaded = entry.load()
        if inspect.isclass(loaded) and issubclass(loaded, base):
            found.append(loaded)
    return tuple(found)


def _own_classes(module: ModuleType, base: type[T]) -> list[type[T]]:
    return [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, base)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
        and ABC not in value.__bases__
        and not value.__name__.startswith("_")
    ]
