"""The surroundings in which a target's code is imported, as if Python had been started on it.

Its folder stands first on ``sys.path`` and ``sys.argv`` holds nothing but its name, for the time of the import only.
What it imports from that folder is marked in the modules' own specs, so that the next target finds none of it: a reload
sees changed code, and two folders may both hold a ``layers.py``. Where the import fails, everything is as it was.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

_MARK = "imported for a target of moduleview"
_OURSELVES = __name__.partition(".")[0]
_INSTALLED = frozenset({"site-packages", "dist-packages"})


@contextmanager
def import_scope(folder: Path, program: str) -> Iterator[None]:
    """Import a target inside of this. Training thread only.

    Args:
        folder: Where the target's siblings lie.
        program: What ``sys.argv[0]`` shall be.
    """
    earlier = {name: module for name, module in list(sys.modules.items()) if _is_marked(module)}
    _forget(earlier)
    before = set(sys.modules)
    entry, arguments, leaves_bytecode_out = str(folder), sys.argv, sys.dont_write_bytecode
    sys.path.insert(0, entry)
    sys.argv = [program]
    sys.dont_write_bytecode = True  # leaves nothing behind in a person's folder
    importlib.invalidate_caches()
    try:
        yield
    except BaseException:
        _forget(_local(folder, before))
        sys.modules.update(earlier)
        raise
    else:
        for name in _local(folder, before):
            mark(sys.modules[name])
    finally:
        sys.dont_write_bytecode = leaves_bytecode_out
        sys.argv = arguments
        if entry in sys.path:
            sys.path.remove(entry)


def mark(module: ModuleType) -> None:
    """Let the next target forget ``module``."""
    spec = getattr(module, "__spec__", None)
    if spec is not None:
        spec.loader_state = _MARK


def _is_marked(module: ModuleType) -> bool:
    spec = getattr(module, "__dict__", {}).get("__spec__")
    return getattr(spec, "loader_state", None) == _MARK


def _forget(names: Iterable[str]) -> None:
    for name in list(names):
        sys.modules.pop(name, None)


def _local(folder: Path, before: set[str]) -> list[str]:
    """Modules that are new since ``before`` and came from ``folder``."""
    if _INSTALLED & set(folder.parts):
        return []
    new = [name for name in list(sys.modules) if name not in before]
    tops = {name.partition(".")[0] for name in new} - {_OURSELVES}
    local = {top for top in tops if _lies_in(folder, top)}
    return [name for name in new if name.partition(".")[0] in local or _is_marked(sys.modules[name])]


def _lies_in(folder: Path, top: str) -> bool:
    """Whether the top-level module ``top`` is ``folder/top.py`` or the package ``folder/top``."""
    attributes = getattr(sys.modules.get(top), "__dict__", {})
    places = [Path(path) for path in attributes.get("__path__", ())]
    if not places and isinstance(attributes.get("__file__"), str):
        places = [Path(attributes["__file__"])]
    return any(place.parent == folder for place in places)
