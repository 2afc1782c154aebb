"""A real window whose model trains, for benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer

from moduleview.gui.app import make_application, make_window
from moduleview.gui.main_window import MainWindow
from moduleview.gui.settings import open_settings
from moduleview.sources.garbage import GarbageGuard
from moduleview.sources.inprocess import InProcessSource
from moduleview.telemetry.commands import Pause, Run
from moduleview.telemetry.records import RunState

_PATIENCE_S = 60.0
_LOOK_MS = 20


class TrainingWindow:
    """Open, with a selection that fills every panel, and training.

    Args:
        folder: For settings and pictures.
        make_task: Makes what is trained; called on the training thread.
    """

    def __init__(self, folder: Path, make_task: Callable[[], object]) -> None:
        self._guard = GarbageGuard()
        contents = make_window(
            make_application(),
            open_settings(folder / "settings.ini"),
            garbage=self._guard,
            image_folder=folder,
        )
        self.window: MainWindow = contents.window
        self.window.resize(1600, 1000)
        self.window.show()
        self._session = self.window.contents.parts.session
        self.store = self._session.store
        self._session.open(InProcessSource(make_task))
        live(_PATIENCE_S, lambda: self.store.model is not None)
        assert self.store.model is not None, self.store.open_failure
        live(_PATIENCE_S, lambda: self.window.contents.selection.fqn is not None)
        self.train()

    def train(self) -> None:
        """Go on."""
        self._session.send(Run())
        live(_PATIENCE_S, lambda: self.store.run.state is RunState.RUNNING)

    def pause(self) -> None:
        """Wait for the safe point."""
        self._session.send(Pause())
        live(_PATIENCE_S, lambda: self.store.run.state is RunState.PAUSED)

    def close(self) -> None:
        """End the run and the window."""
        self.window.contents.clock.stop()
        assert self._session.close(20.0)
        self.window.hide()
        self._guard.release()


def live(seconds: float, is_over: Callable[[], bool] | None = None) -> None:
    """Let the window live for so long, or until something is so."""
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    if is_over is not None:
        watch = QTimer(loop, interval=_LOOK_MS)
        watch.timeout.connect(lambda: loop.quit() if is_over() else None)
        watch.start()
    loop.exec()
    loop.deleteLater()  # with its timer: Python's collector is off while something trains
