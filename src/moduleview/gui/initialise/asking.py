"""What the panel has asked for, and what became of it."""

from __future__ import annotations

from PySide6.QtCore import QObject

from moduleview.gui.panel import PanelContext
from moduleview.telemetry.changes_book import ChangesBook
from moduleview.telemetry.changes_messages import TakeBack
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.initialising_book import InitialisingBook
from moduleview.telemetry.initialising_messages import (
    Choice,
    Initialise,
    PreviewInitialisation,
    RequestInitialisers,
)
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.store_view import StoreView


class Asking(QObject):
    """Sends the commands of the panel. GUI thread only.

    Attributes:
        revision: Grows with each request.
        previewed: The choice of the newest preview, None before.
    """

    def __init__(self, context: PanelContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._asked_of: ModelSnapshot | None = None
        self._preview_request = self._apply_request = 0
        self.revision = 0
        self.previewed: Choice | None = None

    def look_for_initialisers(self, store: StoreView) -> None:
        """Ask once which there are, where nobody has said."""
        model = store.model
        if model is None or store.books.initialising.initialisers or self._asked_of is model:
            return
        if Capability.INTERVENE in self._context.capabilities():
            self._asked_of = model
            self._context.send(RequestInitialisers())

    def preview(self, choice: Choice) -> None:
        """Ask what would change."""
        self.revision += 1
        self._preview_request, self.previewed = self.revision, choice
        self._context.send(PreviewInitialisation(self.revision, choice))

    def apply(self, choice: Choice) -> None:
        """Ask for the change."""
        self.revision += 1
        self._apply_request = self.revision
        self._context.send(Initialise(self.revision, choice))

    def take_back(self, store: StoreView) -> None:
        """Take the newest change back that stands."""
        entry = self.standing_entry(store.books.initialising, store.books.changes)
        if entry is not None:
            self._context.send(TakeBack(entry))

    def standing_entry(self, book: InitialisingBook, changes: ChangesBook) -> int | None:
        """Number of the newest initialisation in the journal that stands; None without one."""
        standing = [entry for entry in book.entries if entry in changes.entries and changes.entries[entry].stands]
        return standing[-1] if standing else None

    def is_applying(self, book: InitialisingBook) -> bool:
        """An answer is still to come."""
        return self._apply_request > 0 and (book.answered is None or book.answered.request < self._apply_request)

    def is_waiting(self, book: InitialisingBook) -> bool:
        """A preview was asked for and has not begun."""
        return self._preview_request > 0 and (book.begun is None or book.begun.request < self._preview_request)

    def applied_last(self, book: InitialisingBook) -> bool:
        """The newest answer is about a change, not about a preview."""
        return book.answered is not None and book.answered.request == self._apply_request > self._preview_request
