"""Makes HTML of docstrings on a thread of its own: a long one takes docutils 60 ms, and reading docutils in 200.

The thread knows nothing of Qt: one that emits a signal while the window is closed ends the process.
"""

from __future__ import annotations

import importlib
import queue
import threading

from PySide6.QtCore import QObject, QTimer, Signal

_N_KEPT = 64
_LOOK_MS = 15  # a frame


class DocstringReading(QObject):
    """Keeps what was read last. GUI thread only."""

    read = Signal(str, str)  # docstring, HTML

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._kept: dict[str, str] = {}
        self._asked = ""
        self._n_pending = 0
        self._done: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self._take)

    def html(self, docstring: str) -> str | None:
        """The HTML of a docstring, None while it is being read: then ``read`` tells."""
        kept = self._kept.get(docstring)
        if kept is None and docstring != self._asked:
            self._asked = docstring
            self._n_pending += 1
            asked = (docstring, self._done)
            threading.Thread(target=_read, args=asked, name="moduleview-docstring", daemon=True).start()
            self._look.start()
        return kept

    def _take(self) -> None:
        while not self._done.empty():
            docstring, html = self._done.get()
            self._n_pending -= 1
            while len(self._kept) >= _N_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[docstring] = html
            self.read.emit(docstring, html)
        if not self._n_pending:
            self._look.stop()


def _read(docstring: str, done: queue.SimpleQueue[tuple[str, str]]) -> None:
    """On the thread. docutils is not needed before somebody reads, so that the window does not wait for it."""
    html = ""
    try:
        html = importlib.import_module("moduleview.gui.inspector.docstring_html").docstring_html(docstring)
    finally:
        done.put((docstring, html))
