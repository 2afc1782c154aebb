"""A file that takes its name only when all of it is on the disk."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class PartFile:
    """Writes beside the file that it becomes; given up, or forgotten, it leaves nothing.

    Python's own calls, not QSaveFile: that one calls a full disk an unknown error.

    Raises:
        OSError: From every method but ``discard``.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_name(f"{path.name}.part")
        self._file: int | None = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)

    def write(self, piece: bytes) -> None:
        """Append all of it."""
        assert self._file is not None
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def finish(self) -> None:
        """Take the place of what stood there."""
        assert self._file is not None
        os.fsync(self._file)  # a disk may find out here that it is full
        self._close()
        self._part.replace(self._path)

    def discard(self) -> None:
        """Leave nothing; after ``finish`` nothing happens."""
        if self._file is not None:
            self._close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)

    def __del__(self) -> None:
        """The window was closed meanwhile."""
        if getattr(self, "_file", None) is not None:
            self.discard()

    def _close(self) -> None:
        assert self._file is not None
        file, self._file = self._file, None
        os.close(file)
