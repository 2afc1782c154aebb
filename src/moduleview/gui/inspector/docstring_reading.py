"""Makes HTML of docstrings on a thread of its own: a long one takes docutils 60 ms, and reading docutils in 200."""

from __future__ import annotations

import importlib
import threading
from contextlib import suppress

from PySide6.QtCore import QObject, Signal

_N_KEPT = 64


class DocstringReading(QObject):
    """Keeps what was read last. GUI thread only; ``read`` comes there too."""

    read = Signal(str, str)  # docstring, HTML

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._kept: dict[str, str] = {}
        self._asked = ""
        self.read.connect(self._keep)

    def html(self, docstring: str) -> str | None:
        """The HTML of a docstring, None while it is being read: then ``read`` tells."""
        kept = self._kept.get(docstring)
        if kept is None and docstring != self._asked:
            self._asked = docstring
            threading.Thread(target=self._read, args=(docstring,), name="moduleview-docstring", daemon=True).start()
        return kept

    def _read(self, docstring: str) -> None:
        """On the thread. docutils is not needed before somebody reads, so that the window does not wait for it."""
        html = importlib.import_module("moduleview.gui.inspector.docstring_html").docstring_html(docstring)
        with suppress(RuntimeError):  # the window was closed meanwhile
            self.read.emit(docstring, html)

    def _keep(self, docstring: str, html: str) -> None:
        while len(self._kept) >= _N_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[docstring] = html
