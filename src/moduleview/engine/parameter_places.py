"""Notices at once that another parameter sits in the place of one that is measured."""

from __future__ import annotations

import operator
import time
from typing import Any

from torch import nn

_SHARE = 0.01  # of the time may go into looking: 0.06 us a place, so every step of all but enormous models is looked at


class ParameterPlaces:
    """Compares the tables of modules and parameters with what was in them. Training thread only, between two steps.

    What is missing for the moment is no change, and neither is anything in a sharded model: FSDP takes parameters out
    while it works, and puts them back.

    Args:
        model: As it is now.
    """

    def __init__(self, model: nn.Module) -> None:
        is_sharded = any(hasattr(parameter, "placements") for parameter in model.parameters())
        tables = [] if is_sharded else [t for one in model.modules() for t in (one._parameters, one._modules)]
        self._tables: list[dict[str, Any]] = [table for table in tables for _ in table]
        self._names = [name for table in tables for name in table]
        self._known = self._found()
        self._next_look_s = 0.0

    def have_changed(self) -> bool:
        """Something else is in one of the places."""
        begin_s = time.perf_counter()
        if begin_s < self._next_look_s:
            return False
        found = self._found()
        has_changed = not all(map(operator.is_, found, self._known)) and any(
            one is not None and one is not known for one, known in zip(found, self._known, strict=True)
        )
        end_s = time.perf_counter()
        self._next_look_s = end_s + (end_s - begin_s) / _SHARE
        return has_changed

    def _found(self) -> list[Any]:
        return list(map(dict.get, self._tables, self._names))
