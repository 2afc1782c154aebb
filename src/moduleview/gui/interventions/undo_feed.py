"""Makes every entry of the journal, whoever made it, a part of the window's one order of undo."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoStack

from moduleview.telemetry.changes_book import ChangesBook
from moduleview.telemetry.changes_messages import ChangeJournaled, MakeAgain, TakeBack
from moduleview.telemetry.commands import Command


class UndoFeed(QObject):
    """Follows the journal. An entry that was taken back elsewhere is no longer there to be undone.

    Args:
        send: Passes commands on.
        parent: Owner.
    """

    def __init__(self, send: Callable[[Command], None], parent: QObject) -> None:
        super().__init__(parent)
        self._send = send
        self._seen = (-1, -1)

    def take(self, stack: QUndoStack, book: ChangesBook) -> None:
        """Bring the stack in line with the journal; next to nothing where that has not changed."""
        seen = (book.generation, book.revision)
        if seen == self._seen:
            return
        self._seen = seen
        self._mark(stack, book)
        known = {command.entry for command in _commands(stack) if not command.isObsolete()}
        for entry in book.entries.values():
            if entry.stands and entry.entry not in known:
                stack.push(_EntryCommand(entry, book.generation, self._send))
        while stack.canUndo() and (last := stack.command(stack.index() - 1)) is not None and last.isObsolete():
            stack.undo()  # which only drops it

    def _mark(self, stack: QUndoStack, book: ChangesBook) -> None:
        for position, command in enumerate(_all(stack)):
            if not isinstance(command, _EntryCommand):
                continue
            entry = book.entries.get(command.entry) if command.generation == book.generation else None
            is_done = position < stack.index()
            if entry is not None and entry.stands == is_done:
                command.is_awaited = False
            elif entry is None or not command.is_awaited:
                command.setObsolete(True)


class _EntryCommand(QUndoCommand):
    """An entry that was made already when it came onto the stack."""

    def __init__(self, entry: ChangeJournaled, generation: int, send: Callable[[Command], None]) -> None:
        super().__init__(entry.what)
        self.entry, self.generation, self.is_awaited = entry.entry, generation, False
        self._send = send
        self._is_made = True

    def redo(self) -> None:
        if self._is_made:
            self._is_made = False
            return
        self.is_awaited = True
        self._send(MakeAgain(self.entry))

    def undo(self) -> None:
        self.is_awaited = True
        self._send(TakeBack(self.entry))


def _all(stack: QUndoStack) -> Iterator[QUndoCommand]:
    for position in range(stack.count()):
        command = stack.command(position)
        if command is not None:
            yield command


def _commands(stack: QUndoStack) -> Iterator[_EntryCommand]:
    return (command for command in _all(stack) if isinstance(command, _EntryCommand))
