"""What every source can do."""

from __future__ import annotations

from typing import Protocol

from moduleview.telemetry.commands import Capability, Command
from moduleview.telemetry.records import Record


class Source(Protocol):
    """Hands out records and passes commands on. GUI thread only; nothing here waits."""

    @property
    def description(self) -> str:
        """Where the records come from, as a person would say it."""

    @property
    def capabilities(self) -> Capability:
        """What this source can do."""

    @property
    def n_dropped(self) -> int:
        """Step records lost on the way here."""

    def take(self) -> Record | None:
        """The next record, or None when there is none yet."""

    def send(self, command: Command) -> None:
        """Pass a command on; it is applied at the next safe point."""

    def close(self, timeout_s: float) -> bool:
        """Ask the other end to let go and wait at most ``timeout_s`` for it; False when it still runs."""
