"""The first thing that a person sees: the window's empty frame, on the screen before what fills it is imported.

Imports little, and must go on doing so: each millisecond here is one that a person waits before anything moves. Nothing
here touches ``PySide6.QtCore.Qt``, whose first use makes all its enumerations, for 16 ms.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QEventLoop, QLocale, QSettings, QTimer
from PySide6.QtWidgets import QApplication

from moduleview.gui.look.theme import Theme
from moduleview.gui.main_window import MainWindow
from moduleview.gui.settings import KeptSettings, open_settings
from moduleview.user_folders import PROGRAM

_LONGEST_WAIT_MS = 250  # a desktop that starts the window out of sight never paints it


def make_application(arguments: Sequence[str] = ()) -> QApplication:
    """The QApplication of this process, made at the first call."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    application = QApplication([PROGRAM, *arguments])
    QCoreApplication.setApplicationName(PROGRAM)
    application.setDesktopFileName(PROGRAM)
    if QLocale().language() == QLocale.Language.C:  # a bare machine: numbers would have no separators
        QLocale.setDefault(QLocale(QLocale.Language.English))
    return application


def make_frame(application: QApplication, settings: QSettings) -> MainWindow:
    """The empty window, in the colours and the place in which it was left."""
    theme = Theme(application)
    KeptSettings(settings).restore_theme(theme)
    return MainWindow(theme, settings)


def show_frame() -> MainWindow:
    """The empty window with the user's settings, once it is on the screen."""
    window = make_frame(make_application(), open_settings())
    waiting = QEventLoop()
    window.painted.connect(waiting.quit)
    QTimer.singleShot(_LONGEST_WAIT_MS, waiting.quit)
    window.show()
    waiting.exec()
    window.painted.disconnect(waiting.quit)
    return window
