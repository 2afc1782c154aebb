"""What hooks saw in a step, in tables: one row of statistics for each sighting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from moduleview.hooks.ticked import Sighting


def in_tables(seen: Sequence[Sighting]) -> Iterator[tuple[list[Sighting], torch.Tensor]]:
    """Sightings whose numbers stand in one table, and that table: (n, 5) float32, in their order.

    A table for each device and size of sample, as they were reduced; nothing is copied.
    """
    groups: dict[int, list[Sighting]] = {}
    for sighting in seen:
        groups.setdefault(id(sighting.sample.block), []).append(sighting)
    for group in groups.values():
        table = group[0].sample.block.table
        is_whole = len(group) == len(table)  # a hook that failed in between leaves a row that nobody wants
        yield group, table if is_whole else torch.stack([sighting.sample.statistics for sighting in group])
