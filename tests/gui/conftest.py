"""What holds for every test of the window: no timer, no thread and no window outlives it, nothing is lost in a slot."""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import isValid


@pytest.fixture(autouse=True)
def nothing_of_qt_left_behind(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fault row 79: a timer or thread that still runs after the test names the line that started it."""
    started: list[tuple[QTimer | QThread, str]] = []

    def watch(kind: type[QTimer] | type[QThread]) -> None:
        original = kind.start

        def start(starting: QTimer | QThread, *arguments: object) -> None:
            started.append((starting, "".join(traceback.format_stack(sys._getframe(1), limit=4))))
            original(starting, *arguments)

        monkeypatch.setattr(kind, "start", start)

    watch(QTimer)
    watch(QThread)
    yield
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    for widget in application.topLevelWidgets():
        widget.close()
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    left = [line for thing, line in started if isValid(thing) and _still_runs(thing)]
    if left:
        gc.collect()  # what lies in a cycle would go by itself
        left = [line for thing, line in started if isValid(thing) and _still_runs(thing)]
    for thing, _line in started:
        if isValid(thing) and isinstance(thing, QTimer):
            thing.stop()
    assert not left, "still running, started at\n" + "\n".join(left)
    assert QThreadPool.globalInstance().waitForDone(5000), "work still runs in Qt's pool of threads"


def _still_runs(thing: QTimer | QThread) -> bool:
    return thing.isActive() if isinstance(thing, QTimer) else thing.isRunning()
