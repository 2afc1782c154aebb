"""What is typed over the tree, answered for the model that is shown, and remembered."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moduleview.gui.models.module_tree_model import ModuleTreeModel
from moduleview.telemetry.bounded_search import EndlessSearchError
from moduleview.telemetry.filter_query import FilterQuery, FilterSubject, RegexTerm, parse
from moduleview.telemetry.name_index import NameIndex, is_mere_text
from moduleview.telemetry.snapshot import ModelSnapshot
from moduleview.telemetry.store_view import StoreView

Matches = NDArray[np.bool_]

_REGEX_AT_ONCE = 150_000  # modules; a regular expression over a million takes 60 ms, and the first one half a second


class TreeFilter:
    """Parses, asks and keeps the last answer. GUI thread only."""

    def __init__(self, store: StoreView) -> None:
        self._store = store
        self._query = FilterQuery(())
        self._took_too_long = False
        self._index: tuple[ModelSnapshot, NameIndex] | None = None
        self._last: tuple[ModelSnapshot | None, Matches | None] = (None, None)

    @property
    def is_live(self) -> bool:
        """The answer changes while the model trains."""
        return self._query.is_live

    @property
    def query(self) -> FilterQuery:
        """What was typed last, parsed."""
        return self._query

    @property
    def took_too_long(self) -> bool:
        """What was typed last was given up: a regular expression in it did not come to an end."""
        return self._took_too_long

    @property
    def first_match(self) -> int | None:
        """The first module that matches, None without a filter or a match."""
        matches = self._last[1]
        found = np.flatnonzero(matches) if matches is not None else np.zeros(0, dtype=np.int64)
        return int(found[0]) if len(found) else None

    def takes_long(self, text: str) -> bool:
        """The answer takes longer than a person notices between two keys."""
        is_slow = self._took_too_long or len(self._store.model or ()) > _REGEX_AT_ONCE
        return is_slow and any(
            isinstance(term, RegexTerm) and not is_mere_text(term.pattern) for term, _ in parse(text).terms
        )

    def matches(self, text: str, model: ModuleTreeModel) -> Matches | None:
        """(n,) bool, or None where nothing is asked or the answer was given up."""
        self._query = parse(text)
        self._took_too_long = False
        if self._query.is_empty:
            return None
        snapshot = model.snapshot
        subject = FilterSubject(
            snapshot,
            self.prepare(snapshot),
            self._store.coverage,
            lambda: model.gradients.latest_of_all(self._store),
            model.hooks.ticked,
        )
        try:
            return self._query.matches(subject)
        except EndlessSearchError:
            self._took_too_long = True
            return None

    def is_unchanged(self, snapshot: ModelSnapshot, matches: Matches | None) -> bool:
        """The tree shows this answer already."""
        earlier_snapshot, earlier = self._last
        if earlier_snapshot is not snapshot or matches is None or earlier is None:
            return False
        return bool(np.array_equal(matches, earlier))

    def remember(self, snapshot: ModelSnapshot, matches: Matches | None) -> None:
        """The tree shows this answer now."""
        self._last = (snapshot, matches)

    def prepare(self, snapshot: ModelSnapshot) -> NameIndex:
        """Index a model's names, so that the first key is as fast as the others."""
        if self._index is None or self._index[0] is not snapshot:
            self._index = (snapshot, NameIndex(snapshot))
        return self._index[1]
