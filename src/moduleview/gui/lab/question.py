"""One place of the lab that asks: of its requests only the newest counts, older answers are stale."""

from __future__ import annotations

from collections.abc import Callable

from moduleview.gui.panel import PanelContext
from moduleview.telemetry.commands import Command
from moduleview.telemetry.lab_book import LabBook
from moduleview.telemetry.lab_messages import LabRecord


class Question:
    """Sends a request and finds what answers it. GUI thread only."""

    def __init__(self, context: PanelContext) -> None:
        self._context = context
        self._request: int | None = None
        self._taken: LabRecord | None = None

    @property
    def is_waiting(self) -> bool:
        """Something was asked and nothing came yet."""
        return self._request is not None and self._taken is None

    def ask(self, make: Callable[[int], Command]) -> int:
        """Send what ``make`` gives for a new request number, which is returned."""
        self._request, self._taken = next(self._context.request_numbers), None
        self._context.send(make(self._request))
        return self._request

    def take(self, book: LabBook) -> LabRecord | None:
        """The newest answer to the newest request, each but once; None where there is nothing new."""
        answer = None if self._request is None else book.answer(self._request)
        if answer is None or answer is self._taken:
            return None
        self._taken = answer
        return answer

    def forget(self) -> None:
        """Whatever comes, it is not wanted any more."""
        self._request = self._taken = None
