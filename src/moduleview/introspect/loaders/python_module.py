"""A model from a module that Python can import by its dotted name."""

from __future__ import annotations

import importlib
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import ClassVar

from moduleview.errors import TargetError
from moduleview.introspect.loaders.base import Loader
from moduleview.introspect.loaders.guarded_call import guarded_call
from moduleview.introspect.loaders.import_scope import import_scope
from moduleview.introspect.loaders.making import make_from
from moduleview.introspect.loaders.target import COMPILED, ParsedTarget
from moduleview.telemetry.display_names import displayable


class PythonModuleLoader(Loader):
    """Imports as ``python -m`` would find it: the current folder first, then what is installed.

    A module of the current folder is imported anew each time; an installed one as Python has it.
    """

    is_general: ClassVar[bool] = True

    def can_load(self, target: ParsedTarget) -> bool:
        """Dotted names."""
        return bool(target.module)

    def load(self, target: ParsedTarget, accepts: tuple[type, ...]) -> object:
        """See ``Loader``."""
        name = target.module
        with import_scope(Path.cwd().resolve(), name):
            top = name.partition(".")[0]
            if guarded_call(partial(_exists, top), f"Looking for {top}"):
                module = guarded_call(partial(_import, name, target.name), f"Importing {name}")
                return make_from(module, target.name, name, accepts)
        raise TargetError(
            f"There is neither a file nor a module called {displayable(name)!r}; check the name, or add .py to it."
        )


def _import(module: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:  # it is there, and imports something that is not
            raise
    place, _, last = module.rpartition(".")
    outer = sys.modules.get(place)
    if outer is not None and (last in vars(outer) or not hasattr(outer, "__path__")):
        written = f"{place}.py" if last in COMPILED else f"{place}:{last}{f'.{name}' if name else ''}"
        raise TargetError(f"There is no module called {displayable(module)!r}; did you mean {displayable(written)}?")
    raise TargetError(f"There is no module called {displayable(module)!r}; check the name.")


def _exists(top: str) -> bool:
    try:
        return find_spec(top) is not None
    except ValueError:  # already imported, without a spec: __main__
        return True
