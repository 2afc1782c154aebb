"""Reads on the training thread what was just measured, on its way to the viewing side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from moduleview.telemetry.records import Record, SeriesDeclared, StepRecord


class SeriesTap:
    """Passes every record on, and remembers the newest step. Training thread only.

    Args:
        put: Takes the records.
    """

    def __init__(self, put: Callable[[Record], None]) -> None:
        self._put = put
        self._names: dict[str, dict[int, str]] = {}  # quantity -> number of the series -> of what
        self._newest: StepRecord | None = None
        self._places: dict[str, tuple[NDArray[np.int32], int, list[tuple[int, str]]]] = {}

    def __call__(self, record: Record) -> None:
        """Pass a record on."""
        self._put(record)
        if isinstance(record, StepRecord):
            self._newest = record
        elif isinstance(record, SeriesDeclared):
            for number, key in enumerate(record.keys, record.first):
                name = f"{key.fqn} {key.part}".strip() if key.part else key.fqn
                self._names.setdefault(key.quantity, {})[number] = name

    def values(self, quantities: Collection[str], step: int) -> Mapping[str, Mapping[str, float]]:
        """What was measured in a step, by quantity and FQN; the FQN is followed by a part where there are several.

        Args:
            quantities: Only these.
            step: Empty where the newest record is of another one.
        """
        newest = self._newest
        if newest is None or newest.step != step:
            return {}
        return {
            quantity: {name: float(newest.values[place]) for place, name in self._places_of(quantity, newest.series)}
            for quantity in quantities
        }

    def _places_of(self, quantity: str, series: NDArray[np.int32]) -> list[tuple[int, str]]:
        """Where its series stand in a record; nearly every step has the same array as the one before."""
        names = self._names.get(quantity, {})
        known = self._places.get(quantity)
        if known is None or known[0] is not series or known[1] != len(names):
            found = [(place, names[number]) for place, number in enumerate(series.tolist()) if number in names]
            known = self._places[quantity] = series, len(names), found
        return known[2]
