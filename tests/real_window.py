"""The window as the program makes it, with every panel, over a run in this process; for tests and soak runs."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QDeadlineTimer, QEvent, QEventLoop, QSettings
from PySide6.QtWidgets import QApplication

from moduleview.gui.app import make_window
from moduleview.gui.first_frame import make_application
from moduleview.gui.main_window import MainWindow
from moduleview.sources.garbage import GarbageGuard
from moduleview.sources.inprocess import InProcessSource

TIMEOUT_S = 60.0  # only ever reached by a failure


@contextmanager
def real_window(folder: Path, size: tuple[int, int] = (1280, 800)) -> Iterator[MainWindow]:
    """A shown window whose settings lie in ``folder``; afterwards it is gone, its thread too."""
    application = make_application()
    guard = GarbageGuard()
    settings = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    contents = make_window(application, settings, garbage=guard, image_folder=folder / "images")
    window = contents.window
    window.resize(*size)
    window.show()
    try:
        yield window
    finally:
        window.contents.clock.stop()
        has_ended = window.contents.parts.session.close(10.0)
        window.close()
        theme, appearance = window.contents.parts.theme, window.contents.parts.appearance
        for thing in (window, appearance, theme):
            thing.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()
        guard.release()
        assert has_ended, "the training thread still runs"


def wait(condition: Callable[[], bool], what: str = "the condition") -> None:
    """Let Qt's loop run until ``condition`` holds."""
    deadline = QDeadlineTimer(round(TIMEOUT_S * 1000))
    while not condition():
        assert not deadline.hasExpired(), f"waited in vain for {what}"
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 20)


def open_in(window: MainWindow, target: str | Callable[[], object], *, trains: bool = False) -> None:
    """Open a target and wait until it is there."""
    contents = window.contents
    session, pages = contents.parts.session, contents.pages
    before = session.store.model_revision
    session.open(InProcessSource(target, run_at_once=trains))
    wait(lambda: session.store.model_revision != before and pages.made_docks is not None, "a model")
    wait(lambda: pages.currentWidget() is contents.docks, "the panels")


def train_to(window: MainWindow, step: int) -> None:
    """Wait until this step has been made."""
    store = window.contents.parts.session.store
    wait(lambda: store.last_step is not None and store.last_step >= step, f"step {step}")
