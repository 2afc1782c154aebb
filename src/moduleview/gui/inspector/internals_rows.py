"""The rows of the Internals tab's tables: what stands in ``__dict__``, and what ``state_dict`` saves or leaves out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject

from moduleview.gui.look.number_format import NO_VALUE, exact_count, n_bytes
from moduleview.gui.models.cell_look import Look
from moduleview.gui.models.internals_words import InternalsWords
from moduleview.gui.models.text_table_model import TextCell, TextHeader
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.internals_messages import Attribute, AttributeKind, InternalsReport, LeftOut, SavedEntry

_NAME = Look(is_mono=True, is_small=True)
_QUIET_NAME = Look(color="muted", is_mono=True, is_small=True)
_MARKED_NAME = Look(color="warning", is_mono=True, is_small=True, icon="warning", keeps_color=True)
_VALUE = Look(color="muted", is_mono=True, is_small=True)
_MARKED = Look(color="warning", keeps_color=True)
_KEY = Look(is_mono=True, is_small=True, elides_left=True)
_QUIET_KEY = Look(color="muted", is_mono=True, is_small=True, elides_left=True)
_SIZE = Look(color="muted", is_mono=True, is_small=True, is_right=True)
_UNREGISTERED = (AttributeKind.TENSOR, AttributeKind.MODULES, AttributeKind.TENSORS)
_ORDER = (*_UNREGISTERED, AttributeKind.PLAIN, AttributeKind.TABLE)


class InternalsRows(QObject):
    """Makes cells of reports. GUI thread only."""

    def __init__(self, words: InternalsWords, parent: QObject) -> None:
        super().__init__(parent)
        self._words = words

    def attribute_headers(self) -> tuple[TextHeader, ...]:
        """Of the table of ``__dict__``."""
        return (
            TextHeader(
                self.tr("Name"), self.tr("A key of vars(module), what is not registered first, torch's own last")
            ),
            TextHeader(self.tr("Value"), self.tr("Its repr, cut; of a tensor what it is")),
            TextHeader(self.tr("Size"), self.tr("Memory of its tensors, or how many entries it has"), is_right=True),
        )

    def saved_headers(self) -> tuple[TextHeader, ...]:
        """Of the table of ``state_dict``."""
        return (
            TextHeader(
                self.tr("Key"), self.tr("As state_dict() of this module calls it; what is left out stands first")
            ),
            TextHeader(self.tr("Saved"), self.tr("What is saved, or why it is not")),
            TextHeader(self.tr("Size"), self.tr("Memory of its elements"), is_right=True),
        )

    def attributes(self, report: InternalsReport) -> list[Attribute]:
        """In the order of the table: what a person should know of, then the module's own, then torch's."""
        return sorted(report.attributes, key=lambda entry: _ORDER.index(entry.kind))

    def saved(self, report: InternalsReport) -> list[LeftOut | SavedEntry]:
        """In the order of the table."""
        return [*report.saved.left_out, *report.saved.entries]

    def attribute_row(self, entry: Attribute) -> Sequence[TextCell]:
        """Cells of one entry of ``__dict__``."""
        is_marked = entry.kind in _UNREGISTERED
        name = _MARKED_NAME if is_marked else _QUIET_NAME if entry.kind is AttributeKind.TABLE else _NAME
        tip = self._words.attribute(entry)
        value = entry.value or ", ".join(entry.entries) or NO_VALUE
        if is_marked:
            value = f"{self._words.kind(entry.kind)}: {value}"
        return (
            TextCell(displayable(entry.name), name, tip, entry.name),
            TextCell(displayable(value), _VALUE, tip),
            TextCell(self._size(entry), _SIZE, tip),
        )

    def saved_row(self, entry: LeftOut | SavedEntry) -> Sequence[TextCell]:
        """Cells of one key."""
        size = TextCell(n_bytes(entry.n_bytes) if entry.n_bytes else NO_VALUE, _SIZE)
        if isinstance(entry, LeftOut):
            tip = self._words.left_out(entry)
            why = TextCell(self._words.reason(entry.reason), _MARKED, tip)
            return (TextCell(displayable(entry.name), _QUIET_KEY, tip, entry.name), why, size)
        tip = self._words.saved(entry)
        what = self.tr("shared") if entry.shares_with else displayable(entry.what or entry.kind.value)
        return (TextCell(displayable(entry.key), _KEY, tip, entry.key), TextCell(what, _VALUE, tip), size)

    def tell_saved(self, entry: LeftOut | SavedEntry) -> str:
        """All that is known of one key."""
        return self._words.left_out(entry) if isinstance(entry, LeftOut) else self._words.saved(entry)

    def _size(self, entry: Attribute) -> str:
        if entry.n_bytes is not None:
            return n_bytes(entry.n_bytes)
        return NO_VALUE if entry.n_entries is None else exact_count(entry.n_entries)
