"""Notices what happened to the run since the last look: another model, a failure, an end."""

from __future__ import annotations

from PySide6.QtCore import QObject

from moduleview.gui.first_selection import most_telling
from moduleview.gui.opening.failure_dialogs import FailureDialogs
from moduleview.gui.panel import PanelContext
from moduleview.gui.running.run_control import RunControl
from moduleview.gui.running.status_bar import StatusBar
from moduleview.telemetry.records import FailureReport, RunState
from moduleview.telemetry.store_view import StoreView


class RunWatch(QObject):
    """Compares the store with what it was; a failed run shows the user's traceback once. GUI thread only."""

    def __init__(self, context: PanelContext, control: RunControl, failures: FailureDialogs, status: StatusBar) -> None:
        super().__init__(status)
        self._context, self._control, self._failures, self._status = context, control, failures, status
        self._opened: tuple[str, str] | None = None
        self._failure: FailureReport | None = None
        self._seen: tuple[object, ...] = ()

    def look(self, store: StoreView) -> bool:
        """Act on what changed.

        Returns:
            True when something changed that a person should see at once, whatever the last frame cost.
        """
        self._notice_model(store)
        self._notice_end(store)
        seen = (store.run.state, store.model_revision, store.hooks_revision, store.answer_revision)
        has_changed, self._seen = seen != self._seen, seen
        return has_changed

    def _notice_model(self, store: StoreView) -> None:
        task, model = store.task, store.model
        opened = None if task is None else (task.target, task.title)
        if opened == self._opened:
            return
        self._opened = opened
        self._context.axes.forget_model()
        selection = self._context.selection
        if model is None or any(model.node_of(fqn) is None for fqn in selection.fqns):
            selection.clear()
        if model is not None and selection.fqn is None:
            selection.select(most_telling(model))
        if opened is not None:
            self._control.resend_throttle()

    def _notice_end(self, store: StoreView) -> None:
        failure = store.run.failure
        if failure is self._failure:
            return
        if self._failure is not None:
            self._status.take_back(_sentence(self._failure))
        self._failure = failure
        if failure is None:
            return
        if store.run.state is RunState.FAILED:
            self._failures.show(failure)
        self._status.say(_sentence(failure))


def _sentence(failure: FailureReport) -> str:
    return f"{failure.title} {failure.advice}"
