"""The one place that wires concrete classes together, and what a start of the window is.

Nothing here imports torch: the training thread does, behind a window that has painted already.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QWidget

import moduleview.detectors
import moduleview.gui.panels
from moduleview.detectors.base import Detector
from moduleview.gui.first_frame import make_application, make_frame, show_frame
from moduleview.gui.lifetime.crash_report import CrashReport
from moduleview.gui.lifetime.interrupts import Interrupts
from moduleview.gui.look.appearance import Appearance
from moduleview.gui.look.theme import Theme
from moduleview.gui.main_window import MainWindow
from moduleview.gui.opening.failure_dialogs import FailureDialogs
from moduleview.gui.opening.opener import Opener
from moduleview.gui.opening.recent_files import RecentFiles
from moduleview.gui.panel import Panel
from moduleview.gui.settings import KeptSettings, open_settings
from moduleview.gui.welcome.samples import load_samples
from moduleview.gui.welcome.welcome_page import WelcomePage
from moduleview.gui.window_contents import WindowContents
from moduleview.gui.window_parts import WindowParts
from moduleview.registry import discover
from moduleview.resources import resource_path
from moduleview.session import Session
from moduleview.sources.base import Source
from moduleview.sources.children import leave_at_once
from moduleview.sources.garbage import GarbageGuard
from moduleview.sources.inprocess import InProcessSource
from moduleview.telemetry.records import FailureReport
from moduleview.user_folders import cache_folder, session_folder


def make_window(
    application: QApplication,
    settings: QSettings,
    *,
    frame: MainWindow | None = None,
    garbage: GarbageGuard | None = None,
    image_folder: Path | None = None,
) -> WindowContents:
    """A window over an empty session, with every panel, detector and sample there is.

    Args:
        application: Whose style and palette the theme sets.
        settings: What is kept between two starts.
        frame: The empty window, when it is on the screen already.
        garbage: Collects cycles on this thread while another one trains; None where Python does so itself.
        image_folder: Where pictures that a style sheet needs are written; the user's cache by default.
    """
    window = frame or make_frame(application, settings)
    scheme = KeptSettings(settings).scheme
    appearance = Appearance(application, window.theme, image_folder or cache_folder(), scheme, application)

    def make_source(target: str, device: str | None) -> Source:
        return InProcessSource(target, device=device, on_imported=garbage.spare_what_is_there if garbage else _nothing)

    parts = WindowParts(
        session=Session(_make_detectors()),
        theme=window.theme,
        appearance=appearance,
        settings=settings,
        make_source=make_source,
        find_panels=_find_panels,
        make_welcome=_make_welcome,
        collect_garbage=garbage.collect if garbage else _nothing,
        trusted=(resource_path("samples"),),
    )
    contents = WindowContents(parts, window)
    window.fill(contents)
    return contents


def run_window(
    target: str | None = None,
    device: str | None = None,
    *,
    run_at_once: bool = False,
    frame: MainWindow | None = None,
) -> int:
    """Show the window until a person closes it.

    Args:
        target: Opened at once, and trusted by being named; None shows the welcome page.
        device: Where the target is moved to; what is opened later stays where its author put it.
        run_at_once: Train the target as soon as it is open.
        frame: The empty window, when it is on the screen already.

    Returns:
        Exit status.
    """
    frame = frame or show_frame()
    if not frame.isVisible():  # closed already
        return 0
    crash = CrashReport(session_folder())
    guard = GarbageGuard()
    application = make_application()
    contents = make_window(application, open_settings(), frame=frame, garbage=guard)
    interrupts = Interrupts(frame.close, frame)
    old_hook = sys.excepthook
    sys.excepthook = contents.failures.show_bug
    if target is not None:
        contents.opener.open_target(target, is_named=True, trains=run_at_once, device=device)
    contents.look()  # with the page that is wanted: not the welcome page for a moment
    _show_last_crash(crash, contents.failures)
    status = application.exec()
    sys.excepthook = old_hook
    interrupts.release()
    crash.close()
    if contents.has_left_a_thread:
        leave_at_once(status)
    guard.release()
    return status


def _make_detectors() -> list[Detector]:
    return [detector() for detector in discover(moduleview.detectors, Detector)]


def _nothing() -> None:
    """Python collects by itself."""


def _find_panels() -> Sequence[type[Panel]]:
    return discover(moduleview.gui.panels, Panel)


def _make_welcome(theme: Theme, recent: RecentFiles, opener: Opener, parent: QWidget) -> QWidget:
    return WelcomePage(theme, load_samples(), recent, opener, parent)


def _show_last_crash(crash: CrashReport, failures: FailureDialogs) -> None:
    stacks = crash.take_last()
    if stacks:
        failure = FailureReport(
            title=failures.tr("moduleview ended unexpectedly the last time."),
            advice=failures.tr("Please report it, with the stacks below. Nothing has to be done to go on."),
            traceback=stacks,
            is_users=False,
        )
        failures.show(failure)
