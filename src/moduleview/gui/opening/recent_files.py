"""The targets that were opened last, kept in the settings."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from PySide6.QtCore import QObject, QSettings, Signal

from moduleview.errors import TargetError
from moduleview.gui.opening.target import Target

MAXIMUM_RECENT = 10
_KEY = "recent/targets"


@dataclass(frozen=True)
class RecentFile:
    """One line of the list.

    Attributes:
        target: As ``moduleview TARGET`` takes it, with an absolute path.
        opened_s: When, in Unix seconds.
    """

    target: str
    opened_s: float


class RecentFiles(QObject):
    """At most ten targets, newest first. GUI thread only."""

    changed = Signal()

    def __init__(self, settings: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings

    def entries(self) -> tuple[RecentFile, ...]:
        """What was opened last and is still there; a file that was deleted is left out, and comes back with it."""
        return tuple(entry for entry in self._read() if _is_there(entry.target))

    def add(self, target: str, opened_s: float | None = None) -> None:
        """Put a target first, at ``opened_s`` in Unix seconds, now by default."""
        text = str(Target.parse(target))
        entry = RecentFile(text, time.time() if opened_s is None else opened_s)
        self._write([entry, *(other for other in self.entries() if other.target != text)])

    def remove(self, target: str) -> None:
        """Forget one target."""
        self._write([entry for entry in self._read() if entry.target != target])

    def clear(self) -> None:
        """Forget all."""
        self._write([])

    def _read(self) -> list[RecentFile]:
        """The list as it was kept; what is not of its shape (an edited file) is no entry."""
        try:
            rows = json.loads(str(self._settings.value(_KEY, "[]")))
            return [RecentFile(str(target), float(opened_s)) for target, opened_s in rows]
        except (ValueError, TypeError):
            return []

    def _write(self, entries: list[RecentFile]) -> None:
        rows = [[entry.target, entry.opened_s] for entry in entries[:MAXIMUM_RECENT]]
        self._settings.setValue(_KEY, json.dumps(rows))
        self.changed.emit()


def _is_there(target: str) -> bool:
    try:
        file = Target.parse(target).file
    except TargetError:
        return False
    return file is None or file.is_file()
