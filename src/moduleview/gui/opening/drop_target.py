"""Files and folders that are dropped anywhere on a window are opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget


class DropTarget(QObject):
    """Takes drops for a window; the panels inside pass on what they do not take themselves.

    Args:
        window: Where a person drops.
        open_path: Opens the first file or folder that was dropped.
    """

    def __init__(self, window: QWidget, open_path: Callable[[Path], None]) -> None:
        super().__init__(window)
        self._open_path = open_path
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Accept what names a local file; open it when it is let go."""
        if isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            path = _local_path(event.mimeData())
            if path is not None:
                event.acceptProposedAction()
                self._open_path(path)
                return True
        elif isinstance(event, QDragEnterEvent) and _local_path(event.mimeData()) is not None:
            event.acceptProposedAction()
            return True
        return super().eventFilter(watched, event)


def _local_path(mime: QMimeData) -> Path | None:
    paths = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
    return Path(paths[0]) if paths else None
