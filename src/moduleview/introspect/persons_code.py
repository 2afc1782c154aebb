"""Which files hold a person's own code: not torch's, not moduleview's, but its samples, which stand for a person's."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import torch

_OURS = str(Path(__file__).resolve().parent.parent) + os.sep
_SAMPLES = str(Path(_OURS, "_resources", "samples")) + os.sep  # where the package is installed
_TORCHS = str(Path(torch.__file__).resolve().parent) + os.sep
_IMPORTS = ("<frozen ", importlib.__file__)


def is_moduleviews(filename: str) -> bool:
    """Of moduleview, or of what Python imports with."""
    return filename.startswith(_IMPORTS) or (filename.startswith(_OURS) and not filename.startswith(_SAMPLES))


def is_torchs_file(filename: str) -> bool:
    """Of torch."""
    return filename.startswith(_TORCHS)


def is_persons(filename: str) -> bool:
    """Of neither."""
    return not is_torchs_file(filename) and not is_moduleviews(filename)
