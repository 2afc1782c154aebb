"""A picture of the window after some steps of training, made without a display: for bug reports, READMEs and CI."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QMessageLogContext, QSize, QtMsgType, qInstallMessageHandler

from moduleview.errors import ModuleViewError, TargetError, TaskError
from moduleview.gui.app import make_window
from moduleview.gui.first_frame import make_application
from moduleview.gui.look.color_scheme import ColorScheme
from moduleview.gui.settings import open_settings
from moduleview.gui.window_contents import WindowContents
from moduleview.telemetry.commands import Run
from moduleview.telemetry.records import RunState
from moduleview.telemetry.store_view import StoreView

FIRST_SIZE = (1600, 1000)
_N_SETTLING_TICKS = 42  # a report of the last step is asked for at most a second after it; plots take their final sizes
_CLOSE_TIMEOUT_S = 8.0
_ENDED = (RunState.PAUSED, RunState.FINISHED, RunState.FAILED, RunState.STOPPED)
_FOCUS_IN = "modules"  # a selected row looks selected only where the focus is


def save_shot(target: str, n_steps: int, output: Path, theme: str = "light", size: tuple[int, int] = FIRST_SIZE) -> int:
    """Open ``target``, train it, and save what the window shows.

    The settings of the person who runs this are neither read nor changed.

    Args:
        target: As ``moduleview TARGET`` takes it; trusted by being named.
        n_steps: Steps to train; 0 shows the model as it was opened, as does a model that cannot train.
        output: Picture file; its suffix says the format.
        theme: ``light`` or ``dark``.
        size: Width and height in pixels.

    Returns:
        0.

    Raises:
        TargetError: The target does not open.
        TaskError: Its run failed; the picture is there all the same.
        ModuleViewError: The picture cannot be written.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    last_handler = qInstallMessageHandler(_pass_on)
    application = make_application()
    with tempfile.TemporaryDirectory(prefix="moduleview-shot-") as folder:
        settings = open_settings(Path(folder) / "settings.ini")
        settings.setValue("theme/scheme", ColorScheme(theme).value)
        contents = make_window(application, settings, image_folder=Path(folder))
        window = contents.window
        window.resize(QSize(*size))
        window.show()
        try:
            _train(contents, target, n_steps)
            _save(contents, output, size)
        finally:
            contents.clock.stop()
            contents.parts.session.close(_CLOSE_TIMEOUT_S)
            window.hide()
            qInstallMessageHandler(last_handler)
    return 0


def _pass_on(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:  # noqa: ARG001
    """Qt's messages to stderr, without those on what a platform that has no screen cannot do."""
    if not text.startswith("This plugin does not support"):
        print(text, file=sys.stderr)


def _say(sentence: str) -> None:
    print(f"moduleview: {sentence}", file=sys.stderr)


def _save(contents: WindowContents, output: Path, size: tuple[int, int]) -> None:
    window = contents.window
    if window.size() != QSize(*size):
        _say(f"The picture has {window.width()}x{window.height()} pixels: the window gets no smaller.")
    if not window.grab().save(str(output)):
        raise ModuleViewError(f"The picture cannot be written to {output}. Check the folder and the suffix.")
    run = contents.parts.session.store.run
    if run.state is RunState.FAILED and run.failure is not None:
        raise TaskError(f"{run.failure.title} {run.failure.advice}", run.failure.traceback)


def _train(contents: WindowContents, target: str, n_steps: int) -> None:
    """Open and train, driven by the window's own clock, as a person would see it; it says where it did less."""
    session = contents.parts.session
    store = session.store
    session.open(contents.parts.make_source(target, None))
    _wait(contents, lambda: store.model is not None or store.open_failure is not None)
    if store.model is None:
        assert store.open_failure is not None
        failure = store.open_failure.failure
        raise TargetError(f"{failure.title} {failure.advice}", failure.traceback)
    if n_steps and store.task is not None and store.task.can_train:
        session.send(Run(n_steps=n_steps))
        _wait(contents, lambda: store.run.state in _ENDED)
    if store.run.step < n_steps:
        _say(f"{store.run.step} of {n_steps} steps were made. {_why_no_more(store)}")
    contents.window.activateWindow()
    contents.docks.focus_content(_FOCUS_IN)
    ticks = iter(range(_N_SETTLING_TICKS))

    def is_settled() -> bool:
        contents.redraw()  # whatever the last frame cost
        return next(ticks, None) is None

    _wait(contents, is_settled)


def _why_no_more(store: StoreView) -> str:
    failure = store.run.failure
    if failure is not None:
        return failure.title
    return "" if store.task is None else store.task.cannot_train_reason


def _wait(contents: WindowContents, is_reached: Callable[[], bool]) -> None:
    """Let the window live until a tick of its clock finds the condition true."""
    loop = QEventLoop()

    def look() -> None:
        if is_reached():
            loop.quit()

    contents.clock.ticked.connect(look)
    loop.exec()
    contents.clock.ticked.disconnect(look)
