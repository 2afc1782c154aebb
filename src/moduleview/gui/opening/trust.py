"""Which folders' Python files may run: a Python file is code, and nothing runs before a person trusts its folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal

_KEY = "trust/folders"


class TrustedFolders(QObject):
    """Folders whose code a person agreed to run, kept in the settings. GUI thread only.

    A folder covers what lies below it. Links are followed first, so that a link inside a trusted folder does not lend
    its trust to a file elsewhere.

    Args:
        settings: Where the list is kept.
        always: Folders that are trusted without being asked for, such as that of our own samples.
    """

    changed = Signal()

    def __init__(self, settings: QSettings, always: Iterable[Path] = (), parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._always = tuple(folder.resolve() for folder in always)

    def folders(self) -> tuple[Path, ...]:
        """What a person trusted, sorted; without those that are always trusted."""
        try:
            rows = json.loads(str(self._settings.value(_KEY, "[]")))
            return tuple(sorted(Path(row) for row in rows if isinstance(row, str) and row))
        except (ValueError, TypeError):
            return ()

    def is_trusted(self, file: Path) -> bool:
        """Whether the code in ``file`` may run."""
        resolved = file.resolve()
        return any(resolved.is_relative_to(folder) for folder in (*self._always, *self.folders()))

    def trust(self, folder: Path) -> None:
        """Run what lies in ``folder`` from now on without asking."""
        self._write({*self.folders(), folder.resolve()})

    def revoke(self, folder: Path) -> None:
        """Ask again before anything in ``folder`` runs."""
        self._write(set(self.folders()) - {folder})

    def _write(self, folders: set[Path]) -> None:
        self._settings.setValue(_KEY, json.dumps([str(folder) for folder in sorted(folders)]))
        self.changed.emit()
