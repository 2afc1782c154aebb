"""A TARGET in its parts, without running any of it: ``file.py``, ``file.py:name`` or ``package.module:name``."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

PYTHON_SUFFIX = ".py"


@dataclass(frozen=True)
class Target:
    """What a person asks to open.

    Attributes:
        file: The Python file, absolute; None for a module.
        module: Dotted name of the module; "" for a file.
        name: The object in it; "" where it is to be found.
    """

    file: Path | None
    module: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """Take a target apart; whether it exists is another question."""
        text = text.strip()
        place, colon, name = text.rpartition(":")
        if not colon or not (_is_file(place) or (_is_dotted(place) and (not name or _is_dotted(name)))):
            place, name = text, ""
        if _is_file(place) or (place and not _is_dotted(place)):
            return cls(Path(place).expanduser().absolute(), "", name)
        return cls(None, place, name)

    def __str__(self) -> str:
        place = self.module if self.file is None else str(self.file)
        return f"{place}:{self.name}" if self.name else place

    @property
    def title(self) -> str:
        """``train.py : GPT``, without the folder."""
        place = self.module if self.file is None else self.file.name
        return f"{place} : {self.name}" if self.name else place

    @property
    def folder(self) -> str:
        """The folder as a person writes it, ``~`` for home; "" for a module."""
        if self.file is None:
            return ""
        try:
            return str("~" / self.file.parent.relative_to(Path.home()))
        except ValueError:
            return str(self.file.parent)

    def source_file(self) -> Path | None:
        """The file whose code would run; None where there is none to be found.

        A module is looked up without importing its packages, since that would run them.
        """
        if self.file is not None:
            return self.file
        top, *below = self.module.split(".")
        spec = _top_spec(top)
        full_name = top
        for part in below:
            if spec is None or spec.submodule_search_locations is None:
                return None
            full_name = f"{full_name}.{part}"
            spec = PathFinder.find_spec(full_name, list(spec.submodule_search_locations))
        if spec is None or not spec.has_location or spec.origin is None:
            return None
        return Path(spec.origin).absolute()


def _top_spec(name: str) -> ModuleSpec | None:
    """Where a top-level module would come from; asks every finder, those of editable installs too."""
    try:
        return importlib.util.find_spec(name) if name else None
    except (ImportError, ValueError):
        return None


def _is_dotted(place: str) -> bool:
    return all(part.isidentifier() for part in place.split("."))


def _is_file(place: str) -> bool:
    return place.lower().endswith(PYTHON_SUFFIX)
