"""A source that says what a test tells it to and remembers what it was told; and a window around it."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QLabel

from builders import snapshot_of, task_info
from moduleview.gui.first_frame import make_frame
from moduleview.gui.look.appearance import Appearance
from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.panel import Area, Panel, PanelContext
from moduleview.gui.selection import Selection
from moduleview.gui.settings import KeptSettings
from moduleview.gui.window_contents import WindowContents
from moduleview.gui.window_parts import WindowParts
from moduleview.session import Session
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.records import ModelOpened, RunChanged, RunState
from moduleview.telemetry.store import SeriesStore


class ScriptedSource:
    """Implements ``Source`` without a thread."""

    def __init__(self):
        self.records = deque()
        self.commands = []
        self.capabilities = Capability.CONTROL | Capability.HOOKS | Capability.REPORTS | Capability.INTERVENE
        self.description = "a test"
        self.n_dropped = 0
        self.is_ended = True
        self.n_close_calls = 0

    def take(self):
        return self.records.popleft() if self.records else None

    def send(self, command):
        self.commands.append(command)

    def close(self, timeout_s):
        self.n_close_calls += 1
        return self.is_ended

    def open_model(self, **task_changes):
        self.records.append(ModelOpened(snapshot_of(), task_info(**task_changes)))
        self.records.append(RunChanged(RunState.READY))


def make_panel_class(panel_id, area, order=0, *, tabbed=True, needs=Capability.NONE):
    """A panel that counts how often it was refreshed."""

    class CountingPanel(Panel):
        def __init__(self, context, parent=None):
            super().__init__(context, parent)
            self.n_refreshes = 0

        def title(self):
            return panel_id.capitalize()

        def title_controls(self):
            control = QLabel("control", self)
            control.setObjectName(f"control.{panel_id}")
            return (control,)

        def refresh(self, store):
            self.n_refreshes += 1

    CountingPanel.panel_id, CountingPanel.area, CountingPanel.order = panel_id, area, order
    CountingPanel.tabbed, CountingPanel.needs = tabbed, needs
    return CountingPanel


PANELS = (
    make_panel_class("modules", Area.LEFT),
    make_panel_class("map", Area.CENTRE_TOP, tabbed=False),
    make_panel_class("profile", Area.CENTRE_TOP, 1),
    make_panel_class("curves", Area.CENTRE_BOTTOM),
    make_panel_class("inspector", Area.RIGHT),
    make_panel_class("findings", Area.BOTTOM),
    make_panel_class("log", Area.BOTTOM, 1),
)


def make_idle_context(theme):
    """What a panel is given where nothing is open and nothing it asks for happens."""
    return PanelContext(
        store=SeriesStore(),
        selection=Selection(theme),
        theme=theme,
        scale=GradientScale(theme),
        capabilities=lambda: Capability.NONE,
        send=lambda _command: None,
        run_action=lambda _action_id: None,
        notify=lambda _sentence: None,
    )


def make_test_window(qtbot, folder: Path, *, panels=PANELS):
    """A window with counting panels over an empty session; its settings lie in ``folder``."""
    application = QApplication.instance()
    settings = QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)
    window = make_frame(application, settings)
    theme = window.theme
    appearance = Appearance(application, theme, folder / "images", KeptSettings(settings).scheme, theme)
    parts = WindowParts(
        session=Session(),
        theme=theme,
        appearance=appearance,
        settings=settings,
        make_source=lambda _target, _device: ScriptedSource(),
        find_panels=lambda: panels,
        make_welcome=lambda _theme, _recent, _opener, parent: QLabel("welcome", parent),
        collect_garbage=lambda: None,
    )
    window.fill(WindowContents(parts, window))
    window.contents.look()
    theme.setParent(window)
    qtbot.addWidget(window)
    return window


def open_in(window, source):
    """Open a scripted source whose model is there already."""
    window.contents.parts.session.open(source)
    if not source.records:
        source.open_model()
    window.contents.clock.tick()
