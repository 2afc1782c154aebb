"""Where icons, samples and layouts lie: beside the sources in a checkout, inside the package once installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOTS = (_PACKAGE / "_resources", _PACKAGE.parent.parent / "resources")


def resource_path(*parts: str) -> Path:
    """Path of a file or folder under ``resources/``.

    Raises:
        FileNotFoundError: It is in neither place: the installation is broken.
    """
    for root in _ROOTS:
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"resources/{'/'.join(parts)} is missing; install moduleview again.")
