"""Which versions of other packages are here, read without importing them."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version(distribution: str) -> str | None:
    """The version of a distribution; None when it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
