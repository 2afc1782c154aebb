"""Runs every detector over the store, at most twice a second, and keeps what they found."""

from __future__ import annotations

import time
from collections.abc import Sequence

from moduleview.detectors.base import Detector
from moduleview.telemetry.changes_before import with_changes
from moduleview.telemetry.records import Finding
from moduleview.telemetry.store_view import StoreView

_PERIOD_S = 0.5


class DetectorRunner:
    """GUI thread only. A detector that raises is a bug of ours: it is raised once and looks no more at this model."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = tuple(detectors)
        self._next_s = 0.0
        self._since_step = 0
        self._findings: tuple[Finding, ...] = ()
        self._failed: set[int] = set()

    def reset(self) -> None:
        """Another model was opened."""
        self._next_s, self._since_step, self._findings = 0.0, 0, ()
        self._failed.clear()
        for detector in self._detectors:
            detector.reset()

    def check(self, store: StoreView) -> Sequence[Finding]:
        """What holds now: facts first, then suspicions, each in the order of their steps.

        Raises:
            Exception: What the first detector that failed has raised; the others have looked.
        """
        last_step = store.last_step
        if last_step is None or time.monotonic() < self._next_s:
            return self._findings
        found: list[Finding] = []
        errors: list[Exception] = []
        for number, detector in enumerate(self._detectors):
            if number not in self._failed:
                try:
                    found += detector.check(store, self._since_step)
                except Exception as error:
                    self._failed.add(number)
                    errors.append(error)
        said = (with_changes(finding, store.books.changes.lines) for finding in found)
        self._findings = tuple(sorted(said, key=lambda finding: (finding.tier, finding.step or 0, finding.id)))
        self._since_step = last_step + 1
        self._next_s = time.monotonic() + _PERIOD_S
        if errors:
            raise errors[0]
        return self._findings
