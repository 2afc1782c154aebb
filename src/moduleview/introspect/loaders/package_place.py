"""Where a file stands in a package: such a file imports its siblings as ``.blocks`` or ``package.blocks``."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

_PACKAGE_FILE = "__init__.py"


@dataclass(frozen=True)
class PackagePlace:
    """Under which name Python imports a file of a package.

    Attributes:
        root: The folder that holds the outermost package; to stand on ``sys.path``.
        module: Dotted name.
    """

    root: Path
    module: str

    @property
    def top(self) -> Path:
        """The folder of the outermost package."""
        return self.root / self.module.partition(".")[0]


def package_place(path: Path) -> PackagePlace | None:
    """Where ``path`` stands, found through the ``__init__.py`` files above it; reads the file, and runs nothing.

    None where it lies in no package, and where it makes no use of it: such a file runs as a script does, finds its
    siblings by their bare names, and needs nothing of what the package's own ``__init__.py`` imports.

    Args:
        path: An absolute path, links followed.
    """
    names = [] if path.name == _PACKAGE_FILE else [path.stem]
    folder = path.parent
    while (folder / _PACKAGE_FILE).is_file() and folder.parent != folder:
        names.insert(0, folder.name)
        folder = folder.parent
    if folder == path.parent or any("." in name for name in names) or not _uses_package(path, names[0]):
        return None
    return PackagePlace(folder, ".".join(names))


def _uses_package(path: Path, top: str) -> bool:
    try:
        nodes = list(ast.walk(ast.parse(path.read_bytes())))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return False
    return any(_needs(node, top) for node in nodes)


def _needs(node: ast.AST, top: str) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.level > 0 or (node.module or "").partition(".")[0] == top
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] == top for alias in node.names)
    return isinstance(node, ast.Name) and node.id == "__package__"
