"""Asks the training side for the names at the cursor, one question at a time, and drops stale answers."""

from __future__ import annotations

from itertools import count

from PySide6.QtCore import QObject

from moduleview.gui.console.cell_input import CellInput
from moduleview.gui.panel import PanelContext
from moduleview.telemetry.console_book import ConsoleBook
from moduleview.telemetry.console_messages import CompleteCode


class NameRequests(QObject):
    """While one question is on its way, only the newest of those that come meanwhile is asked next."""

    def __init__(self, context: PanelContext, cell_input: CellInput) -> None:
        super().__init__(cell_input)
        self._context = context
        self._input = cell_input
        self._numbers = count(1)
        self._asked: tuple[int, str, int] | None = None
        self._next: tuple[str, int] | None = None
        self._n_models = 0
        cell_input.completions_wanted.connect(self.ask)

    def ask(self, text: str, position: int) -> None:
        """Ask for the names at ``position`` of ``text``."""
        if self._asked is not None:
            self._next = (text, position)
            return
        request = next(self._numbers)
        self._asked, self._next = (request, text, position), None
        line = text[:position].rpartition("\n")[2]
        self._context.send(CompleteCode(request, line, self._context.selection.fqn))

    def look(self, book: ConsoleBook) -> None:
        """An answer came, perhaps; the editor shows it where its text is still the same."""
        if book.n_models != self._n_models:  # nobody will answer what the model before was asked
            self._n_models = book.n_models
            self._asked = self._next = None
        answer = book.completed
        if answer is None or self._asked is None or answer.request != self._asked[0]:
            return
        _, text, position = self._asked
        self._asked = None
        if self._next is not None:
            self.ask(*self._next)
        else:
            self._input.set_completions(answer.names, text, position)
