"""What initialisers there are, what one of them would change, and what was done."""

from __future__ import annotations

from typing import assert_never

from moduleview.telemetry.book import Book
from moduleview.telemetry.initialising_messages import (
    InitialisationAnswered,
    Initialiser,
    InitialisersListed,
    InitialisingRecord,
    PreviewBegun,
    PreviewEnded,
    PreviewGrew,
    TensorChange,
    Visit,
)


class InitialisingBook(Book[InitialisingRecord]):
    """See ``Book``.

    Attributes:
        initialisers: That there are.
        begun: Of the newest preview; None for none.
        visits: Of it, by number, in order.
        changes: Of it, by name.
        ended: Of it; None until all is said.
        answered: What became of the newest change.
        entries: Numbers in the journal of all that were made, the newest last.
    """

    def clear(self) -> None:
        """Begin empty."""
        self.initialisers: tuple[Initialiser, ...] = ()
        self.begun: PreviewBegun | None = None
        self.visits: dict[int, Visit] = {}
        self.changes: dict[str, TensorChange] = {}
        self.ended: PreviewEnded | None = None
        self.answered: InitialisationAnswered | None = None
        self.entries: list[int] = []

    def keep(self, record: InitialisingRecord) -> None:
        """What belongs to an older preview is let go."""
        match record:
            case InitialisersListed():
                self.initialisers = record.initialisers
            case PreviewBegun():
                self.begun, self.ended, self.changes = record, None, {}
                self.visits = {visit.number: visit for visit in record.visits}
            case PreviewGrew():
                if self._is_of_this_preview(record.request):
                    self.visits.update({visit.number: visit for visit in record.visits})
                    self.changes.update({change.fqn: change for change in record.changes})
            case PreviewEnded():
                if self._is_of_this_preview(record.request):
                    self.ended = record
            case InitialisationAnswered():
                self.answered = record
                self.entries += [record.entry] if record.entry else []
            case _:
                assert_never(record)

    def _is_of_this_preview(self, request: int) -> bool:
        return self.begun is not None and self.begun.request == request
