"""What is known of the insides of modules."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar, assert_never

from moduleview.telemetry.book import Book
from moduleview.telemetry.internals_messages import (
    ClassDocumentation,
    InternalsRecord,
    InternalsReport,
    LazyMaterialised,
)

_N_KEPT = 64  # reports of each kind; the oldest goes first
_N_MATERIALISED = 10_000
R = TypeVar("R")


class InternalsBook(Book[InternalsRecord]):
    """See ``Book``. Keeps the newest report of each module."""

    def clear(self) -> None:
        """Begin empty."""
        self._reports: OrderedDict[str, InternalsReport] = OrderedDict()
        self._documentation: OrderedDict[str, ClassDocumentation] = OrderedDict()
        self._materialised: OrderedDict[str, LazyMaterialised] = OrderedDict()

    def keep(self, record: InternalsRecord) -> None:
        """The newest of each module."""
        match record:
            case InternalsReport():
                _keep(self._reports, record.fqn, record, _N_KEPT)
            case ClassDocumentation():
                _keep(self._documentation, record.fqn, record, _N_KEPT)
            case LazyMaterialised():
                _keep(self._materialised, record.fqn, record, _N_MATERIALISED)
            case _:
                assert_never(record)

    def report(self, fqn: str) -> InternalsReport | None:
        """The newest report of a module's inside, if it was asked for."""
        return self._reports.get(fqn)

    def documentation(self, fqn: str) -> ClassDocumentation | None:
        """What is written about a module's class, if it was asked for."""
        return self._documentation.get(fqn)

    def materialised(self, fqn: str) -> LazyMaterialised | None:
        """When and to what a module materialised that was lazy in this run."""
        return self._materialised.get(fqn)


def _keep(kept: OrderedDict[str, R], fqn: str, record: R, n_most: int) -> None:
    kept[fqn] = record
    kept.move_to_end(fqn)
    while len(kept) > n_most:
        kept.popitem(last=False)
