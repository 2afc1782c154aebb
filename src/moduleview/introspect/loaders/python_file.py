"""A model from a Python file, or from one of the samples that come with moduleview."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
import zlib
from collections.abc import Callable
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import ClassVar

from moduleview.errors import TargetError
from moduleview.introspect.loaders.base import Loader
from moduleview.introspect.loaders.guarded_call import guarded_call
from moduleview.introspect.loaders.import_scope import import_scope, lies_in, mark
from moduleview.introspect.loaders.making import make_from
from moduleview.introspect.loaders.package_place import PackagePlace, package_place
from moduleview.introspect.loaders.target import COMPILED, ParsedTarget
from moduleview.resources import resource_path
from moduleview.telemetry.display_names import displayable

_MAXIMUM_BYTES = 16 * 2**20


class PythonFileLoader(Loader):
    """Imports the file anew each time; ``if __name__ == "__main__"`` does not run.

    The file gets a name of its own, or the one that it has in its package where it imports from there.
    """

    is_general: ClassVar[bool] = True

    def can_load(self, target: ParsedTarget) -> bool:
        """Files and samples."""
        return target.path is not None or bool(target.sample)

    def load(self, target: ParsedTarget, accepts: tuple[type, ...]) -> object:
        """See ``Loader``."""
        path = _sample_path(target.sample) if target.path is None else _checked(target.path)
        place = f"sample:{target.sample}" if target.path is None else path.name
        package = package_place(path)
        with import_scope(package.root if package else path.parent, str(path)):
            load = partial(_import_of_package, package) if package else partial(_import_file, path)
            return make_from(guarded_call(load, f"Importing {place}"), target.name, place, accepts)


class _FreshLoader(SourceFileLoader):
    """Compiles the source as it is now: cached bytecode is told apart by whole seconds only."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def _import_file(path: Path) -> ModuleType:
    stem = re.sub(r"\W", "_", path.stem)
    name = f"moduleview_target_{stem}_{zlib.crc32(str(path).encode(errors='surrogateescape')):08x}"
    loader = _FreshLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None:
        raise TargetError(f"{path.name} cannot be imported; is it a Python file?")
    module = importlib.util.module_from_spec(spec)
    mark(module)
    sys.modules[name] = module  # before it runs: dataclasses and pickle look their classes up there
    run: Callable[[ModuleType], None] = loader.exec_module
    run(module)
    return module


def _import_of_package(package: PackagePlace) -> ModuleType:
    top = package.top.name
    if top in sys.modules and not lies_in(package.root, top):
        raise TargetError(
            f"The file belongs to a package called {top}, as one that is imported already; rename the folder {top}."
        )
    return importlib.import_module(package.module)


def _checked(path: Path) -> Path:
    """The absolute path of what is a Python file by all that shows before it runs."""
    shown = displayable(str(path))
    try:
        resolved = path.resolve()
        if not resolved.exists():
            raise TargetError(f"There is no file {shown}; {_meant(path) or 'check the name and the folder.'}")
        if resolved.is_dir():
            raise TargetError(f"{shown} is a folder; name a Python file in it.{_files_in(resolved)}")
        if path.suffix.lower() != ".py":
            advice = _meant(path) or "give the .py file that builds the model."
            raise TargetError(f"{shown} is not a Python file; {advice}")
        if not resolved.is_file():
            raise TargetError(f"{shown} is not a regular file; give the .py file that builds the model.")
        if resolved.stat().st_size > _MAXIMUM_BYTES:
            raise TargetError(f"{shown} is larger than 16 MiB; give the .py file that builds the model.")
        with resolved.open("rb"):
            pass
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TargetError(f"{shown} cannot be read ({reason}); check its name and permissions.") from None
    return resolved


def _meant(path: Path) -> str:
    """``net.Net`` and ``net.pyc`` beside a ``net.py``; "" where there is none."""
    source = path.with_suffix(".py")
    name = path.suffix.removeprefix(".")
    if not name or not source.is_file():
        return ""
    is_name = name.isidentifier() and name not in COMPILED and not path.exists()
    return f"did you mean {displayable(f'{source}:{name}' if is_name else str(source))}?"


def _files_in(folder: Path) -> str:
    files = sorted(path.name for path in folder.glob("*.py"))[:5]
    return f" It holds {', '.join(files)}." if files else ""


def _sample_path(name: str) -> Path:
    folder = resource_path("samples")
    names = sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))
    if name not in names:
        raise TargetError(f"There is no sample called {name!r}; the samples are {', '.join(names)}.")
    return folder / f"{name}.py"
