"""The cell that a person has sent and that is not over: what to say of it."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject

from moduleview.telemetry.console_book import ConsoleBook

_SAID_AFTER_S = 0.3
_CALL_AFTER_S = 1.0


class CellStatus(QObject):
    """Waits, runs, is being interrupted. GUI thread only.

    Attributes:
        cell: Its number, or None.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.cell: int | None = None
        self._sent_s = self._began_s = self._asked_s = 0.0
        self._is_running = False
        self._n_models = 0

    def sent(self, cell: int) -> None:
        """A cell is on its way."""
        self.cell, self._sent_s, self._is_running, self._asked_s = cell, time.monotonic(), False, 0.0

    def asked_to_stop(self) -> None:
        """An interrupt is on its way."""
        self._asked_s = self._asked_s or time.monotonic()

    def look(self, book: ConsoleBook) -> None:
        """See how far it is."""
        if book.n_models != self._n_models:
            self._n_models, self.cell = book.n_models, None
        if book.ended is not None and book.ended.cell == self.cell:
            self.cell = None
        is_running = book.running is not None and book.running.cell == self.cell
        if is_running and not self._is_running:
            self._began_s = time.monotonic()
        self._is_running = is_running

    def text(self, now_s: float) -> str:
        """A sentence on it; "" where there is none, or none yet."""
        if self.cell is None or now_s - self._sent_s < _SAID_AFTER_S:
            return ""
        if not self._is_running:
            return self.tr("Cell {0} waits for the step to end").format(self.cell)
        runs = self.tr("Cell {0} has run for {1} s; training waits").format(self.cell, int(now_s - self._began_s))
        if not self._asked_s:
            return runs
        if now_s - self._asked_s < _CALL_AFTER_S:
            return self.tr("Cell {0} is being interrupted").format(self.cell)
        return self.tr(
            "Cell {0} stops when the call that it is in returns: sleeping, or an operation of torch, cannot be cut "
            "short. Code that catches the interrupt takes another one."
        ).format(self.cell)
