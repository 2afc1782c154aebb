"""What became of a preview or a change, in a sentence."""

from __future__ import annotations

from PySide6.QtCore import QObject

from moduleview.gui.initialise.asking import Asking
from moduleview.gui.look.number_format import exact_count, n_bytes
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.initialising_book import InitialisingBook
from moduleview.telemetry.initialising_messages import PreviewEnded

_QUIET, _WARNS = "caption", "warning"


class OutcomeWords(QObject):
    """Translated."""

    def refusal(self, book: InitialisingBook) -> str:
        """Why what was previewed cannot be applied, "" where it can."""
        if book.begun is not None and book.begun.refusal:
            return displayable(book.begun.refusal)
        return "" if book.ended is None else displayable(book.ended.undo_refusal)

    def outcome(self, book: InitialisingBook, asking: Asking, *, is_of_choice: bool, problem: str) -> tuple[str, str]:
        """The sentence, and the role of the label."""
        if problem:
            return problem, _WARNS
        if asking.is_applying(book):
            return self.tr("Applies at the next safe point."), _QUIET
        if asking.is_waiting(book):
            return self.tr("The preview begins at the next safe point."), _QUIET
        if asking.applied_last(book):
            return self._applied(book)
        return self._previewed(book, is_of_choice=is_of_choice)

    def depth_tip(self, words: str) -> str:
        """On what it was measured, and how."""
        text = self.tr(
            "A copy of the model, in its own train and eval modes, without gradients, with the same random numbers "
            "both times, on {0}. Hooks of yours are left out."
        )
        return text.format(displayable(words))

    def _previewed(self, book: InitialisingBook, *, is_of_choice: bool) -> tuple[str, str]:
        if book.begun is None:
            return "", _QUIET
        if not is_of_choice:
            return self.tr("The preview is of another choice."), _QUIET
        if self.refusal(book):
            return self.refusal(book), _WARNS
        return (self._growing(book) if book.ended is None else self._ended(book, book.ended)), _QUIET

    def _applied(self, book: InitialisingBook) -> tuple[str, str]:
        assert book.answered is not None
        if book.answered.refusal:
            return displayable(book.answered.refusal), _WARNS
        kept = n_bytes(book.answered.kept_bytes)
        text = self.tr("{0}. The old values take {1} until it is taken back.")
        return text.format(displayable(book.answered.what), kept), _QUIET

    def _growing(self, book: InitialisingBook) -> str:
        text = self.tr("On a copy: {0} tensors looked at, {1} visits.")
        return text.format(exact_count(len(book.changes)), exact_count(len(book.visits)))

    def _ended(self, book: InitialisingBook, ended: PreviewEnded) -> str:
        n = sum(1 for change in book.changes.values() if change.after is not None)
        longest, whole = (f"{ms:,.0f}" for ms in ended.took_ms)
        what = self.tr("{0} tensor would change") if n == 1 else self.tr("{0} tensors would change")
        what = what.format(exact_count(n))
        n_modules = sum(1 for visit in book.visits.values() if visit.changes)
        if n_modules:
            one, many = self.tr("more than values of {0} module"), self.tr("more than values of {0} modules")
            more = one if n_modules == 1 else many
            what = self.tr("{0}, and {1}").format(what, more.format(exact_count(n_modules)))
        text = self.tr("{0}; undo keeps {1}. The run was held {2} ms in all, at most {3} ms at a time.")
        return text.format(what, n_bytes(ended.undo_bytes), whole, longest)
