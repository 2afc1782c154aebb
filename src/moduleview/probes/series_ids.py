"""Numbers for series: a step record names them by number, so each name crosses once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.records import Record, SeriesDeclared, SeriesKey, SeriesTraits

_PLAIN = SeriesTraits()
_MOST_TABLES = 64  # that are remembered


def _sampled(_fqn: str) -> SeriesTraits:
    return SeriesTraits(is_sampled=True)


class RowName(NamedTuple):
    """What a row of a table of values is about: all but the statistic of its series' names."""

    prefix: str
    fqn: str
    part: str
    is_sampled: bool


class SeriesIds:
    """Gives each series the next free number and declares it before it is used.

    Args:
        put: Takes the declarations.
        rank: Of this process.
    """

    def __init__(self, put: Callable[[Record], None], rank: int) -> None:
        self._put = put
        self._rank = rank
        self._ids: dict[tuple[str, str], dict[str, int]] = {}  # (quantity, part) -> fqn -> number
        self._kept: dict[tuple[str, str], tuple[tuple[str, ...], NDArray[np.int32]]] = {}
        self._kept_rows: dict[tuple[RowName, int], tuple[list[RowName], NDArray[np.int32]]] = {}
        self._n_ids = 0
        self._undeclared: list[tuple[SeriesKey, SeriesTraits]] = []

    def ids_of(
        self,
        quantity: str,
        fqns: tuple[str, ...],
        part: str = "",
        traits_of: Callable[[str], SeriesTraits] | None = None,
    ) -> NDArray[np.int32]:
        """(n,) numbers of series of one quantity; new ones are declared with the next ``declare``.

        Args:
            quantity: What is measured.
            fqns: n names; the same ones as the last time cost next to nothing.
            part: Which of several values.
            traits_of: Scope and exactness of a new series, by its FQN.
        """
        kept = self._kept.get((quantity, part))
        if kept is not None and kept[0] == fqns:
            return kept[1]
        known = self._ids.setdefault((quantity, part), {})
        for fqn in fqns:
            if fqn not in known:
                known[fqn] = self._n_ids
                self._n_ids += 1
                traits = _PLAIN if traits_of is None else traits_of(fqn)
                self._undeclared.append((SeriesKey(quantity, fqn, self._rank, part), traits))
        ids = np.array([known[fqn] for fqn in fqns], dtype=np.int32)
        self._kept[(quantity, part)] = fqns, ids
        return ids

    def ids_of_rows(self, names: Sequence[RowName], columns: Sequence[str]) -> NDArray[np.int32]:
        """(n * k,) numbers of the series of a table with n rows and k columns, row by row."""
        place = names[0], len(names)
        kept = self._kept_rows.get(place)
        if kept is not None and kept[0] == names:
            return kept[1]
        ids: list[int] = []
        for name in names:
            traits_of = _sampled if name.is_sampled else None
            for column in columns:
                ids += self.ids_of(f"{name.prefix}.{column}", (name.fqn,), name.part, traits_of).tolist()
        if len(self._kept_rows) >= _MOST_TABLES:
            self._kept_rows.clear()
        self._kept_rows[place] = list(names), np.array(ids, dtype=np.int32)
        return self._kept_rows[place][1]

    def declare(self) -> None:
        """Say the names of the series that are new."""
        if self._undeclared:
            keys, traits = zip(*self._undeclared, strict=True)
            is_plain = all(one == _PLAIN for one in traits)
            self._put(SeriesDeclared(self._n_ids - len(keys), keys, () if is_plain else traits))
            self._undeclared.clear()
