"""Takes a TARGET apart: ``file.py``, ``file.py:name``, ``package.module:name`` or ``sample:name``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from moduleview.errors import TargetError
from moduleview.telemetry.display_names import displayable

_DOTTED_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
COMPILED = frozenset({"pyc", "pyo", "pyi", "pyd"})  # what stands beside a .py file and is none
SAMPLE = "sample"  # what stands in a module's place: sample:digits
_FORMS = "name it as file.py, file.py:name or package.module:name"


@dataclass(frozen=True)
class ParsedTarget:
    """What a person asks to open.

    Attributes:
        text: As it was given.
        path: The file; None for a module or a sample.
        module: Dotted name of the module, or "".
        sample: Name of a sample, or "".
        name: What to take from it, perhaps dotted; "" where it is to be looked for.
    """

    text: str
    path: Path | None = None
    module: str = ""
    sample: str = ""
    name: str = ""


def parse_target(text: str) -> ParsedTarget:
    r"""Take a target apart; of the disk it only asks whether there is such a file.

    A drive letter is no module: ``C:\nets\digits.py:Net`` is the ``Net`` of a file.

    Raises:
        TargetError: The text has none of the three forms.
    """
    stripped = text.strip()
    if not stripped:
        raise TargetError(f"The target is empty; {_FORMS}.")
    if "\0" in stripped:
        raise TargetError(f"A target cannot hold a null character; {_FORMS}.")
    place, colon, name = stripped.rpartition(":")
    if not colon or _is_file(stripped) or _is_drive(place, name):
        return _place(text, stripped, "")
    if not name or not _DOTTED_NAME.fullmatch(name):
        if "/" in name or "\\" in name:
            return _place(text, stripped, "")
        raise TargetError(f"{displayable(name)!r} after the colon is not a Python name; {_FORMS}.")
    if place == SAMPLE:
        return ParsedTarget(text, sample=name)
    return _place(text, place, name)


def _place(text: str, place: str, name: str) -> ParsedTarget:
    if not place:
        raise TargetError(f"There is no file or module before the colon in {displayable(text)!r}; {_FORMS}.")
    looks_like_file = place.lower().endswith(".py") or any(mark in place for mark in "/\\~") or _exists(place)
    if looks_like_file:
        return ParsedTarget(text, path=Path(place).expanduser(), name=name)
    if _DOTTED_NAME.fullmatch(place):
        return ParsedTarget(text, module=place, name=name)
    raise TargetError(f"There is no file called {displayable(place)!r}; {_FORMS}.")


def _is_drive(place: str, name: str) -> bool:
    return len(place) == 1 and place.isalpha() and (name.startswith(("\\", "/")) or name.lower().endswith(".py"))


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:
        return False


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except OSError:
        return False
