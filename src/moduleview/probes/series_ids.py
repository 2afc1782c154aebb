"""Numbers for series: a step record names them by number, so each name crosses once."""

from __future__ import annotations

from collections.abc import Callable

from moduleview.telemetry.records import Record, SeriesDeclared, SeriesKey


class SeriesIds:
    """Gives each series the next free number and declares it before it is used."""

    def __init__(self, put: Callable[[Record], None], rank: int) -> None:
        self._put = put
        self._rank = rank
        self._ids: dict[tuple[str, str, str], int] = {}
        self._undeclared: list[SeriesKey] = []

    def id_of(self, quantity: str, fqn: str, part: str = "") -> int:
        """The number of a series; a new one is declared with the next ``declare``."""
        name = (quantity, fqn, part)
        series = self._ids.get(name)
        if series is None:
            series = self._ids[name] = len(self._ids)
            self._undeclared.append(SeriesKey(quantity, fqn, self._rank, part))
        return series

    def declare(self) -> None:
        """Say the names of the series that are new."""
        if self._undeclared:
            self._put(SeriesDeclared(len(self._ids) - len(self._undeclared), tuple(self._undeclared)))
            self._undeclared.clear()
