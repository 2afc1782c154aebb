"""The names that a person may call things by, and the keys under which they are measured."""

from __future__ import annotations

import numpy as np

from moduleview.introspect.wrapping import names_without_wrappers
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot


class WatchedNames:
    """Names past what modules are wrapped in (torch.compile, DistributedDataParallel), and all of a tied parameter.

    Args:
        rank: Of this process.
    """

    def __init__(self, rank: int) -> None:
        self._rank = rank
        self._first_places: dict[str, str] = {}
        self._by_bare: dict[str, str] = {}
        self._whole: frozenset[str] = frozenset()

    def bind(self, snapshot: ModelSnapshot) -> None:
        """The model is this now."""
        names, alias_of = snapshot.tensor_fqns, snapshot.tensors.alias_of
        self._first_places = {names[row]: names[alias_of[row]] for row in np.flatnonzero(alias_of != NO_NODE)}
        self._by_bare = names_without_wrappers(snapshot)
        self._whole = frozenset([*snapshot.fqns, *names] if self._by_bare else [])

    def key(self, quantity: str, fqn: str | SeriesKey, part: str) -> SeriesKey:
        """Where a series is kept; a tied parameter's is at its first place."""
        if isinstance(fqn, SeriesKey):
            return fqn
        name = self.full(fqn)
        return SeriesKey(quantity, self._first_places.get(name, name), self._rank, part)

    def full(self, name: str) -> str:
        """The FQN of what a person calls so; the name itself where it is one, or nobody knows it."""
        return name if name in self._whole else self._by_bare.get(name, name)
