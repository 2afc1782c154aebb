"""What was changed in the run, when, and the Python that does the same."""

from __future__ import annotations

import time
from collections.abc import Callable

from moduleview.interventions.base import Intervention, InterventionError, LiveRun
from moduleview.telemetry.records import LogLine, Record


class Journal:
    """Makes interventions and writes a line for each. Training thread only.

    Args:
        put: Takes the lines, as records of the stream "journal".
    """

    def __init__(self, put: Callable[[Record], None]) -> None:
        self._put = put
        self._standing: list[Intervention] = []

    def apply(self, intervention: Intervention, run: LiveRun, step: int) -> None:
        """Make a change; the opposite of one that still stands takes that one back instead.

        Args:
            intervention: What to do.
            run: To what.
            step: Steps done so far.

        Raises:
            InterventionError: It cannot be done; nothing was changed.
        """
        for position, earlier in reversed(list(enumerate(self._standing))):
            if earlier.is_undone_by(intervention):
                self._take_back(position, run, step)
                return
        python = intervention.apply(run)
        self._standing.append(intervention)
        self._write(step, str(intervention), python)

    def _take_back(self, position: int, run: LiveRun, step: int) -> None:
        """Undo one; those made after it still stand, so they are made again on what is there now."""
        earlier = self._standing.pop(position)
        self._write(step, f"Undid: {earlier}", earlier.undo(run))
        later, self._standing = self._standing[position:], self._standing[:position]
        for intervention in later:
            try:
                python = intervention.apply(run)
            except InterventionError as error:  # what it changed is gone
                self._write(step, f"Let go: {intervention}", f"# {error}")
                continue
            self._standing.append(intervention)
            self._write(step, str(intervention), python)

    def _write(self, step: int, what: str, python: str) -> None:
        self._put(LogLine(time.time(), "journal", f"step {step}: {what}  |  {python}"))
