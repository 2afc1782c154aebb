"""What holds for every test of the window: no timer and no window outlives it, no exception is lost in a slot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot


@pytest.fixture(autouse=True)
def no_timer_left_behind(qtbot: QtBot) -> Iterator[None]:
    """Every timer that runs after the test belongs to nobody and would tick for ever."""
    yield
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    for widget in application.topLevelWidgets():
        widget.close()
        widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    running = [timer for timer in application.findChildren(QTimer) if timer.isActive()]
    assert not running, f"timers still run: {[timer.objectName() or timer.parent() for timer in running]}"
