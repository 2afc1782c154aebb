"""Counters that say what changed, so that a panel can leave alone what did not."""

from __future__ import annotations

from collections import Counter


class Revisions:
    """A counter a topic, and their sum."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def bump(self, *topics: str) -> None:
        """Something of each topic changed."""
        self._counts.update(topics)

    def __getitem__(self, topic: str) -> int:
        return self._counts[topic]

    @property
    def total(self) -> int:
        """Grows with every change."""
        return self._counts.total()
