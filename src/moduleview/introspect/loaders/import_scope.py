"""The surroundings in which a target's code is imported, as if Python had been started on it.

Its folder stands first on ``sys.path``, and stays there until another target takes its place: a ``forward`` or a step
may import a sibling only when it runs. ``sys.argv`` holds nothing but the target's name, for the time of the import
only. What comes from that folder is marked in the modules' own specs, so that the next target finds none of it: a
reload sees changed code, and two folders may both hold a ``layers.py``. Where the import fails, everything is as it
was.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

_MARK = "imported for a target of moduleview"
_OURSELVES = __name__.partition(".")[0]
_INSTALLED = frozenset({"site-packages", "dist-packages"})


class _TargetFolder(str):
    """The entry of ``sys.path`` that is a target's folder.

    Attributes:
        before: Names of the modules that had been imported when it came.
    """

    before: frozenset[str] = frozenset()

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """A plain string elsewhere: processes that are spawned are given ``sys.path``."""
        return str, (str(self),)


@contextmanager
def import_scope(folder: Path, program: str) -> Iterator[None]:
    """Import a target inside of this; afterwards its folder takes the place of the last target's. Training thread only.

    Args:
        folder: Where the target's siblings lie.
        program: What ``sys.argv[0]`` shall be.
    """
    for last in _target_folders():
        _mark_local(Path(last), last.before)  # what it imported since
    earlier = {name: module for name, module in list(sys.modules.items()) if _is_marked(module)}
    _forget(earlier)
    entry = _TargetFolder(folder)
    entry.before = before = frozenset(sys.modules)
    arguments, leaves_bytecode_out = sys.argv, sys.dont_write_bytecode
    sys.path.insert(0, entry)
    sys.argv = [program]
    sys.dont_write_bytecode = True  # leaves nothing behind in a person's folder
    importlib.invalidate_caches()
    try:
        yield
    except BaseException:
        _forget(_local(folder, before))
        sys.modules.update(earlier)
        _take_off([entry])
        raise
    else:
        _mark_local(folder, before)
        folders = _target_folders()
        _take_off(folders[_place_of(entry, folders) + 1 :])  # one that came meanwhile goes before ours
    finally:
        sys.dont_write_bytecode = leaves_bytecode_out
        sys.argv = arguments


def mark(module: ModuleType) -> None:
    """Let the next target forget ``module``."""
    spec = getattr(module, "__spec__", None)
    if spec is not None:
        spec.loader_state = _MARK


def _target_folders() -> list[_TargetFolder]:
    """Those on ``sys.path``, the newest first."""
    return [entry for entry in sys.path if isinstance(entry, _TargetFolder)]


def _place_of(entry: _TargetFolder, folders: list[_TargetFolder]) -> int:
    return next((place for place, other in enumerate(folders) if other is entry), -1)


def _take_off(entries: list[_TargetFolder]) -> None:
    gone = {id(entry) for entry in entries}
    sys.path[:] = [entry for entry in sys.path if id(entry) not in gone]


def _mark_local(folder: Path, before: Collection[str]) -> None:
    for name in _local(folder, before):
        mark(sys.modules[name])


def _is_marked(module: ModuleType) -> bool:
    spec = getattr(module, "__dict__", {}).get("__spec__")
    return getattr(spec, "loader_state", None) == _MARK


def _forget(names: Iterable[str]) -> None:
    for name in list(names):
        sys.modules.pop(name, None)


def _local(folder: Path, before: Collection[str]) -> list[str]:
    """Modules that are new since ``before`` and came from ``folder``."""
    if _INSTALLED & set(folder.parts):
        return []
    new = [name for name in list(sys.modules) if name not in before]
    tops = {name.partition(".")[0] for name in new} - {_OURSELVES}
    local = {top for top in tops if lies_in(folder, top)}
    return [name for name in new if name.partition(".")[0] in local or _is_marked(sys.modules[name])]


def lies_in(folder: Path, top: str) -> bool:
    """Whether the top-level module ``top`` is ``folder/top.py`` or the package ``folder/top``."""
    attributes = getattr(sys.modules.get(top), "__dict__", {})
    places = [Path(path) for path in attributes.get("__path__", ())]
    if not places and isinstance(attributes.get("__file__"), str):
        places = [Path(attributes["__file__"])]
    return any(place.parent == folder for place in places)
