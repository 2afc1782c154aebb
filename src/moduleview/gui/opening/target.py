"""A TARGET as the window needs it: absolute, in words, and with the file whose code would run."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from moduleview.introspect.loaders.target import SAMPLE, parse_target
from moduleview.resources import resource_path


@dataclass(frozen=True)
class Target:
    """What a person asks to open; a sample's file is the sample.

    Attributes:
        file: The Python file, absolute; None for a module or a sample.
        module: Dotted name of the module, ``sample`` for a sample; "" for a file.
        name: The object in it, or the sample's name; "" where it is to be found.
    """

    file: Path | None
    module: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """Take a target apart, as the loaders will.

        Raises:
            TargetError: It is none.
        """
        parsed = parse_target(text)
        if parsed.sample:
            return cls(None, SAMPLE, parsed.sample)
        file = None if parsed.path is None else parsed.path.absolute()
        if file is not None and not parsed.name and _is_sample(file):
            return cls(None, SAMPLE, file.stem)
        return cls(file, parsed.module, parsed.name)

    def __str__(self) -> str:
        place = self.module if self.file is None else str(self.file)
        return f"{place}:{self.name}" if self.name else place

    @property
    def title(self) -> str:
        """``train.py : GPT``, without the folder; ``sample:digits``."""
        if self.module == SAMPLE:
            return str(self)
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
        """The file whose code would run, links followed; None where there is none to be found.

        A module is looked up without importing its packages, since that would run them.
        """
        if self.file is not None:
            return self.file.resolve()
        if self.module == SAMPLE:
            return resource_path("samples") / f"{self.name}.py"
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
        return Path(spec.origin).resolve()


def _is_sample(file: Path) -> bool:
    is_one = file.suffix == ".py" and not file.stem.startswith("_")
    return is_one and file.parent == resource_path("samples") and file.is_file()


def _top_spec(name: str) -> ModuleSpec | None:
    """Where a top-level module would come from; asks every finder, those of editable installs too.

    The current folder goes first, as it does for the loader: the installed command has it not on its path.
    """
    try:
        here = PathFinder.find_spec(name, [str(Path.cwd())]) if name else None
        if here is not None and here.has_location:
            return here
        return (importlib.util.find_spec(name) if name else None) or here
    except (ImportError, ValueError, OSError):
        return None
