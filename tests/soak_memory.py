"""What this process holds now, read the same way by every soak run."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication


def resident_mb() -> float:
    """Resident memory now, after a collection, in MiB; Linux only."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def n_qobjects() -> int:
    """QObjects below the application and its windows."""
    application = QApplication.instance()
    assert application is not None
    roots: list[QObject] = [application, *QApplication.topLevelWidgets()]
    return sum(1 + len(root.findChildren(QObject)) for root in roots if root.parent() is None)
