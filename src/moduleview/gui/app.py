"""QApplication, and the one place that wires concrete classes together.

Nothing here imports torch: the training thread does, behind a window that has painted already.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale, QSettings, Qt
from PySide6.QtWidgets import QApplication, QWidget

import moduleview.detectors
import moduleview.gui.panels
from moduleview.detectors.base import Detector
from moduleview.gui.lifetime.crash_report import CrashReport
from moduleview.gui.lifetime.interrupts import Interrupts
from moduleview.gui.look.appearance import Appearance
from moduleview.gui.look.theme import Theme
from moduleview.gui.main_window import MainWindow, WindowParts
from moduleview.gui.opening.opener import Opener
from moduleview.gui.opening.recent_files import RecentFiles
from moduleview.gui.panel import Panel
from moduleview.gui.settings import KeptSettings, open_settings
from moduleview.gui.welcome.samples import load_samples
from moduleview.gui.welcome.welcome_page import WelcomePage
from moduleview.registry import discover
from moduleview.resources import resource_path
from moduleview.session import Session
from moduleview.sources.base import Source
from moduleview.sources.children import leave_at_once
from moduleview.sources.garbage import GarbageGuard
from moduleview.sources.inprocess import InProcessSource
from moduleview.telemetry.records import FailureReport
from moduleview.user_folders import PROGRAM, cache_folder, session_folder


def make_application(arguments: Sequence[str] = ()) -> QApplication:
    """The QApplication of this process, made at the first call."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication([PROGRAM, *arguments])
    QCoreApplication.setApplicationName(PROGRAM)
    application.setDesktopFileName(PROGRAM)
    if QLocale().language() == QLocale.Language.C:  # a bare machine: numbers would have no separators
        QLocale.setDefault(QLocale(QLocale.Language.English))
    return application


def make_window(
    application: QApplication,
    settings: QSettings,
    *,
    device: str | None = None,
    collect_garbage: Callable[[], None] = lambda: None,
    image_folder: Path | None = None,
) -> MainWindow:
    """A window over an empty session, with every panel, detector and sample there is.

    Args:
        application: Whose style and palette the theme sets.
        settings: What is kept between two starts.
        device: Where models are moved to; None leaves them where their author put them.
        collect_garbage: Collects cycles on this thread while another one trains.
        image_folder: Where pictures that a style sheet needs are written; the user's cache by default.
    """
    theme = Theme(application)
    appearance = Appearance(application, theme, image_folder or cache_folder(), application)
    KeptSettings(settings).restore_appearance(appearance, theme)

    def make_source(target: str) -> Source:
        return InProcessSource(target, device=device)

    parts = WindowParts(
        session=Session(_make_detectors()),
        theme=theme,
        appearance=appearance,
        settings=settings,
        make_source=make_source,
        find_panels=_find_panels,
        make_welcome=_make_welcome,
        collect_garbage=collect_garbage,
        trusted=(resource_path("samples"),),
    )
    return MainWindow(parts)


def run_window(target: str | None = None, device: str | None = None, *, run_at_once: bool = False) -> int:
    """Show the window until a person closes it.

    Args:
        target: Opened at once, and trusted by being named; None shows the welcome page.
        device: Where models are moved to.
        run_at_once: Train the target as soon as it is open.

    Returns:
        Exit status.
    """
    application = make_application()
    crash = CrashReport(session_folder())
    guard = GarbageGuard()
    window = make_window(application, open_settings(), device=device, collect_garbage=guard.collect)
    interrupts = Interrupts(window.close, window)
    old_hook = sys.excepthook
    sys.excepthook = window.failures.show_bug
    if target is not None:
        window.opener.open_target(target, is_named=True, trains=run_at_once)
    window.show()
    _show_last_crash(crash, window)
    status = application.exec()
    sys.excepthook = old_hook
    interrupts.release()
    crash.close()
    if window.has_left_a_thread:
        leave_at_once(status)
    guard.release()
    return status


def _make_detectors() -> list[Detector]:
    return [detector() for detector in discover(moduleview.detectors, Detector)]


def _find_panels() -> Sequence[type[Panel]]:
    return discover(moduleview.gui.panels, Panel)


def _make_welcome(theme: Theme, recent: RecentFiles, opener: Opener, parent: QWidget) -> QWidget:
    return WelcomePage(theme, load_samples(), recent, opener, parent)


def _show_last_crash(crash: CrashReport, window: MainWindow) -> None:
    stacks = crash.take_last()
    if stacks:
        failure = FailureReport(
            title=window.tr("moduleview ended unexpectedly the last time."),
            advice=window.tr("Please report it, with the stacks below. Nothing has to be done to go on."),
            traceback=stacks,
            is_users=False,
        )
        window.failures.show(failure)
