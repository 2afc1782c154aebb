"""Asks for reports of the tensor that is looked at, and keeps the last ones to compare with."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from moduleview.telemetry.commands import Command, RequestTensorReport
from moduleview.telemetry.records import TensorReport
from moduleview.telemetry.store_view import StoreView

PERIOD_S = 1.0
COMPARED_STEPS = 100
_N_KEPT = 256


class ReportFeed:
    """One tensor's reports, newest last. GUI thread only.

    Args:
        store: Where reports arrive.
        send: Where requests go.
        clock: Seconds, monotonic.
    """

    def __init__(self, store: StoreView, send: Callable[[Command], None], clock: Callable[[], float]) -> None:
        self._store = store
        self._send = send
        self._clock = clock
        self._fqn: str | None = None
        self._kept: deque[TensorReport] = deque(maxlen=_N_KEPT)
        self._asked_at_s = float("-inf")
        self._asked_steps: tuple[int | None, int] | None = None

    @property
    def newest(self) -> TensorReport | None:
        """The last report that has arrived."""
        return self._kept[-1] if self._kept else None

    @property
    def earlier(self) -> TensorReport | None:
        """Of the reports before the newest, the one nearest to 100 steps before it; None when there is none."""
        newest = self.newest
        if newest is None:
            return None
        before = [report for report in self._kept if report.step < newest.step]
        return min(before, key=lambda report: abs(newest.step - COMPARED_STEPS - report.step), default=None)

    @property
    def due_in_s(self) -> float | None:
        """Seconds until it asks again, 0.0 when that is due; None while the newest state has been asked for."""
        if self._fqn is None or self._steps() == self._asked_steps:
            return None
        if self._asked_steps == (None, 0):
            return 0.0  # that no step has been made is not to be read beside the first one
        return max(0.0, self._asked_at_s + PERIOD_S - self._clock())

    def look_at(self, fqn: str | None) -> None:
        """Turn to another tensor, and ask for it at once."""
        if fqn == self._fqn:
            return
        self._fqn = fqn
        self._kept.clear()
        if fqn is not None:
            self._ask()

    def forget(self) -> None:
        """Another model was opened, perhaps with the same names."""
        self._fqn = None
        self._kept.clear()

    def poll(self) -> bool:
        """Take what has arrived; ask again when the run has moved on and a second has passed.

        Returns:
            True when there is a new report.
        """
        if self._fqn is None:
            return False
        if self.due_in_s == 0.0:
            self._ask()
        report = self._store.tensor_report(self._fqn)
        if report is None or report is self.newest:
            return False
        newest = self.newest
        if newest is not None and report.step < newest.step:
            self._kept.clear()  # the run began again
        self._kept.append(report)
        return True

    def _ask(self) -> None:
        assert self._fqn is not None
        self._asked_at_s, self._asked_steps = self._clock(), self._steps()
        self._send(RequestTensorReport(self._fqn))

    def _steps(self) -> tuple[int | None, int]:
        """The last step that was measured, and how many were made when the run stood still: the last may not be."""
        return self._store.last_step, self._store.run.step
