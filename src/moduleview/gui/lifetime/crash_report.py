"""What is left when the process dies in C++: ``faulthandler`` writes the stacks, the next start shows them."""

from __future__ import annotations

import faulthandler
import os
import sys
from pathlib import Path
from typing import TextIO

_PATTERN = "session-*.txt"
_MAXIMUM_CHARACTERS = 20_000


class CrashReport:
    """The session's file: there while the program runs, gone when it ended well.

    Args:
        folder: Where session files lie; made when it is missing. Where that is not possible there is no report.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / f"session-{os.getpid()}.txt"
        self._was_enabled = faulthandler.is_enabled()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._stream: TextIO | None = self._file.open("w", encoding="utf-8")
        except OSError:
            self._stream = None
            return
        faulthandler.enable(self._stream)

    def take_last(self) -> str:
        """Stacks of sessions that crashed, "" when none did; they are forgotten by that."""
        stacks = []
        for file in sorted(self._folder.glob(_PATTERN)):
            if file == self._file or _is_running(file):
                continue
            try:
                text = file.read_text(encoding="utf-8", errors="replace")[:_MAXIMUM_CHARACTERS].strip()
                file.unlink()
            except OSError:
                continue  # another window took it
            if text:
                stacks.append(text)
        return "\n\n".join(stacks)

    def close(self) -> None:
        """The program ended well."""
        if self._stream is None:
            return
        faulthandler.disable()
        if self._was_enabled:
            faulthandler.enable()
        self._stream.close()
        self._file.unlink(missing_ok=True)


def _is_running(file: Path) -> bool:
    """Another window whose session goes on."""
    number = file.stem.removeprefix("session-")
    if not number.isdigit() or sys.platform == "win32":
        return False  # there, kill(0) is Ctrl+C, and the file of a running session cannot be deleted anyway
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
