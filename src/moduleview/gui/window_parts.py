"""What a window is made with, so that a test can put other things in their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QWidget

from moduleview.gui.look.appearance import Appearance
from moduleview.gui.look.theme import Theme
from moduleview.gui.opening.opener import Opener
from moduleview.gui.opening.recent_files import RecentFiles
from moduleview.gui.panel import Panel
from moduleview.session import Session
from moduleview.sources.base import Source


@dataclass(frozen=True)
class WindowParts:
    """What a window is made with; ``app`` chooses the concrete things.

    Attributes:
        session: The run being looked at.
        theme: Colours, fonts, zoom.
        appearance: Puts the theme onto the application.
        settings: What is kept between two starts.
        make_source: Makes a source that opens a target in a thread of its own, and moves it to a device, if any.
        find_panels: Imports and returns all panels; called once, after the window has painted.
        make_welcome: Makes the page shown while nothing is open.
        collect_garbage: Collects cycles on this thread; called at each tick.
        trusted: Folders whose code may run without being asked for.
    """

    session: Session
    theme: Theme
    appearance: Appearance
    settings: QSettings
    make_source: Callable[[str, str | None], Source]
    find_panels: Callable[[], Sequence[type[Panel]]]
    make_welcome: Callable[[Theme, RecentFiles, Opener, QWidget], QWidget]
    collect_garbage: Callable[[], None]
    trusted: tuple[Path, ...] = ()
