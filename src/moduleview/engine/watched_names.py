"""The names that a person may call things by, and the keys under which they are measured."""

from __future__ import annotations

import numpy as np
from torch import nn

from moduleview.introspect.wrapping import wrapping_prefix
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot


class WatchedNames:
    """Names within what the model is wrapped in, and all names of a tied parameter.

    Args:
        model: Wrapped or bare.
        rank: Of this process.
    """

    def __init__(self, model: nn.Module, rank: int) -> None:
        self._model = model
        self._rank = rank
        self._first_places: dict[str, str] = {}

    def bind(self, snapshot: ModelSnapshot) -> None:
        """The model is this now."""
        names, alias_of = snapshot.tensor_fqns, snapshot.tensors.alias_of
        self._first_places = {names[row]: names[alias_of[row]] for row in np.flatnonzero(alias_of != NO_NODE)}

    def key(self, quantity: str, fqn: str | SeriesKey, part: str) -> SeriesKey:
        """Where a series is kept; a tied parameter's is at its first place."""
        if isinstance(fqn, SeriesKey):
            return fqn
        name = self.full(fqn)
        return SeriesKey(quantity, self._first_places.get(name, name), self._rank, part)

    def full(self, name: str) -> str:
        """The FQN of what a person calls by its name inside a wrapper (torch.compile, DistributedDataParallel)."""
        prefix = wrapping_prefix(self._model)
        is_whole = not name or not prefix or name.startswith(prefix) or f"{name}.".startswith(prefix)
        return name if is_whole else f"{prefix}{name}"
