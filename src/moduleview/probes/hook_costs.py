"""What ticked hooks cost, as lines of the bill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from moduleview.telemetry.costs import CostEntry
from moduleview.telemetry.hooks import HookEntry


def hook_costs(entries: Iterable[HookEntry], n_steps: int, every: int) -> Iterator[CostEntry]:
    """One line a hook that has fired.

    Args:
        entries: Hooks as they stand.
        n_steps: Steps since measuring began.
        every: Hooks are measured in one of so many steps.
    """
    for entry in entries:
        if entry.n_fires:
            spent_us = entry.us_per_fire * entry.n_fires
            n_measured = max(n_steps // every, 1)
            yield CostEntry(
                entry.kind,
                entry.fqn,
                spent_us / max(n_steps, 1),
                entry.us_per_fire,
                every,
                n_measured,
                n_steps - n_measured,
            )
