"""Which files hold a person's own code: not torch's, not moduleview's, but its samples, which stand for a person's."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import torch

from moduleview.resources import resource_path

_OURS = str(Path(__file__).resolve().parent.parent) + os.sep
_TORCHS = str(Path(torch.__file__).resolve().parent) + os.sep
_IMPORTS = ("<frozen ", importlib.__file__)


def is_moduleviews(filename: str) -> bool:
    """Of moduleview, or of what Python imports with."""
    return filename.startswith(_IMPORTS) or (filename.startswith(_OURS) and not filename.startswith(_samples()))


def is_torchs_file(filename: str) -> bool:
    """Of torch."""
    return filename.startswith(_TORCHS)


def is_persons(filename: str) -> bool:
    """Of neither."""
    return not is_torchs_file(filename) and not is_moduleviews(filename)


def _samples() -> str:
    """They lie inside of the package where it is installed."""
    try:
        return str(resource_path("samples")) + os.sep
    except FileNotFoundError:
        return _OURS + "_resources"
