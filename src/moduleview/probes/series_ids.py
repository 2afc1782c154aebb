"""Numbers for series: a step record names them by number, so each name crosses once."""

from __future__ import annotations

from collections.abc import Callable, Collection

from moduleview.telemetry.records import Record, SeriesDeclared, SeriesKey


class SeriesIds:
    """Gives each series the next free number and declares it before it is used."""

    def __init__(self, put: Callable[[Record], None], rank: int) -> None:
        self._put = put
        self._rank = rank
        self._ids: dict[tuple[str, str], dict[str, int]] = {}  # (quantity, part) -> fqn -> number
        self._n_ids = 0
        self._undeclared: list[SeriesKey] = []

    def ids_of(self, quantity: str, fqns: Collection[str], part: str = "") -> list[int]:
        """The numbers of series of one quantity; new ones are declared with the next ``declare``."""
        known = self._ids.setdefault((quantity, part), {})
        try:
            return [known[fqn] for fqn in fqns]
        except KeyError:
            return [self._new_or_known(known, quantity, fqn, part) for fqn in fqns]

    def id_of(self, quantity: str, fqn: str, part: str = "") -> int:
        """The number of one series."""
        return self.ids_of(quantity, (fqn,), part)[0]

    def _new_or_known(self, known: dict[str, int], quantity: str, fqn: str, part: str) -> int:
        if fqn not in known:
            known[fqn] = self._n_ids
            self._n_ids += 1
            self._undeclared.append(SeriesKey(quantity, fqn, self._rank, part))
        return known[fqn]

    def declare(self) -> None:
        """Say the names of the series that are new."""
        if self._undeclared:
            self._put(SeriesDeclared(self._n_ids - len(self._undeclared), tuple(self._undeclared)))
            self._undeclared.clear()
