"""All that stands in the window: menus, toolbar, status bar, pages; and the clock that keeps them with the run."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QLabel, QWidget

from moduleview.gui.actions.action_spec import Actions
from moduleview.gui.actions.action_table import ActionTable
from moduleview.gui.actions.action_targets import ActionTargets
from moduleview.gui.actions.menus import MenuTitles, fill_menu_bar
from moduleview.gui.actions.recent_menu import RecentMenu
from moduleview.gui.actions.state_reader import StateReader
from moduleview.gui.actions.view_actions import ViewActions, ViewTargets
from moduleview.gui.actions.window_verbs import VerbsContext, WindowVerbs
from moduleview.gui.clock import Clock, ClockWork
from moduleview.gui.docking.docks import Docks
from moduleview.gui.handovers import Handovers
from moduleview.gui.interventions.undo_feed import UndoFeed
from moduleview.gui.lifetime.closing import Closing
from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.main_window import MainWindow
from moduleview.gui.model_pages import ModelPages
from moduleview.gui.opening.drop_target import DropTarget
from moduleview.gui.opening.failure_dialogs import FailureDialogs
from moduleview.gui.opening.opener import Opener
from moduleview.gui.opening.recent_files import RecentFiles
from moduleview.gui.opening.trust import TrustedFolders
from moduleview.gui.panel import Panel, PanelContext
from moduleview.gui.running.run_control import RunControl
from moduleview.gui.running.run_watch import RunWatch
from moduleview.gui.running.status_bar import StatusBar
from moduleview.gui.running.toolbar import Toolbar
from moduleview.gui.selection import Selection
from moduleview.gui.settings import KeptSettings
from moduleview.gui.shared_axes import SharedAxes
from moduleview.gui.window_parts import WindowParts
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.records import RunState


class WindowContents(QObject):
    """Holds the parts together; each of them does its own work. GUI thread only.

    Args:
        parts: What it is made of.
        window: The frame that it fills.
    """

    def __init__(self, parts: WindowParts, window: MainWindow) -> None:
        super().__init__(window)
        self.parts = parts
        self.window = window
        self.has_left_a_thread = False
        session, theme = parts.session, parts.theme
        self.status = StatusBar(theme, window)
        window.setStatusBar(self.status)
        self.failures = FailureDialogs(theme, window)
        recent = RecentFiles(parts.settings, window)
        trusted = TrustedFolders(parts.settings, parts.trusted, window)
        self.opener = Opener(session, parts.make_source, trusted=trusted, recent=recent, failures=self.failures)
        self.opener.said.connect(self.status.say)
        self.selection = Selection(self)
        self.control = RunControl(session.send, self)
        self.context = self._make_context()
        self.verbs = WindowVerbs(VerbsContext(session, self.context, window))
        self._kept = KeptSettings(parts.settings)
        self._watch = RunWatch(self.context, self.control, self.failures, self.status)
        self._make_pages(recent)
        self.actions = Actions(ActionTable(self._make_targets(), self).specs(), theme, window)
        self._fill_frame(recent)
        self._states = StateReader(session, self.selection, parts.appearance)
        self._drawn_revision = -1
        self._undo_feed = UndoFeed(session.send, self)
        self._make_clock()
        self._closing = Closing(lambda: session.close(0.0), self.status.say, self)
        self._closing.finished.connect(self._on_closed)
        self._drops = DropTarget(window, self.opener.open_path)
        self._kept.restore_run(self.control)
        self.pages.setFocus()  # not the first button, whose ring would be the first thing that the eye meets

    @property
    def docks(self) -> Docks:
        """The panels; made at the first call."""
        return self.pages.docks()

    def look(self) -> None:
        """Bring what must not wait for a frame in line with the run: page, actions, toolbar, title."""
        session = self.parts.session
        self.opener.refresh()
        if self._watch.look(session.store):
            self.clock.wake()
        self._show_page()
        if self.pages.made_docks is not None:
            self._undo_feed.take(self.pages.made_docks.undo_stack, session.store.books.changes)
        if self._states.read(self.pages.made_docks):
            self.actions.update(self._states.state)
            self._refresh_toolbar()

    def draw(self) -> None:
        """Let every panel that can be seen, and the status bar, draw what changed."""
        store = self.parts.session.store
        docks = self.pages.made_docks
        if store.revision != self._drawn_revision and docks is not None and store.model is not None:
            self._drawn_revision = store.revision
            docks.set_capabilities(self.parts.session.capabilities)
            docks.refresh(store)
        self.status.refresh(store)
        self._refresh_toolbar()

    def redraw(self) -> None:
        """Something else can be seen now, though the run has not changed."""
        self._drawn_revision = -1
        self.clock.wake()

    def on_painted(self) -> None:
        """The window has painted: there is time to import the panels."""
        self.pages.docks()

    def may_close(self) -> bool:
        """Save first; then wait for the training thread, at most some seconds, without blocking.

        Returns:
            Nothing is left to wait for. Otherwise the window is closed once that is so.
        """
        if not self._closing.has_begun:
            self.save_settings()
        if self._closing.begin():
            self.clock.stop()
            return True
        self.pages.setEnabled(False)
        return False

    def save_settings(self) -> None:
        """Write layout and appearance to the file now."""
        if self.pages.made_docks is not None:
            self.pages.made_docks.save()
        self._kept.save(self.window, self.control, self.parts.appearance, self.parts.theme)

    def _refresh_toolbar(self) -> None:
        session = self.parts.session
        self.toolbar.refresh(session.store, session.capabilities, is_opening=session.is_opening)

    def _make_context(self) -> PanelContext:
        session = self.parts.session
        return PanelContext(
            store=session.store,
            selection=self.selection,
            theme=self.parts.theme,
            scale=GradientScale(self),
            capabilities=lambda: session.capabilities,
            send=session.send,
            run_action=lambda action_id: self.actions.run(action_id),
            notify=self.status.say,
            axes=SharedAxes(self),
            handovers=Handovers(self),
        )

    def _make_pages(self, recent: RecentFiles) -> None:
        parts = self.parts

        def make_welcome(parent: QWidget) -> QWidget:
            return parts.make_welcome(parts.theme, recent, self.opener, parent)

        self.pages = ModelPages(make_welcome, self._make_docks, parts.theme, self.window)
        self.window.setCentralWidget(self.pages)

    def _make_docks(self, parent: QWidget) -> Docks:
        made = [self._make_panel(panel) for panel in self.parts.find_panels()]
        panels = [panel for panel in made if panel is not None]
        docks = Docks(panels, self.parts.theme, self.parts.settings, parent)
        docks.placement_changed.connect(self.redraw)
        self.context.handovers.panel_wanted.connect(docks.bring_forward)
        entries = [(dock.objectName(), dock.windowTitle()) for dock in docks.docks]
        specs = ViewActions(self._make_view_targets(), self).panel_specs(entries)
        self.actions.extend(specs)
        menu = self.menus[specs[0].menu] if specs else None
        for spec in specs:
            assert menu is not None
            menu.addAction(self.actions.action(spec.id))
        return docks

    def _make_panel(self, panel: type[Panel]) -> Panel | None:
        """One that cannot be made is reported, and the window goes on without it."""
        try:
            return panel(self.context)
        except Exception as error:  # a panel may be anybody's file
            sys.excepthook(type(error), error, error.__traceback__)
            return None

    def _make_targets(self) -> ActionTargets:
        return ActionTargets(
            control=self.control,
            verbs=self.verbs,
            selection=self.selection,
            view=self._make_view_targets(),
            choose_file=self.opener.choose_file,
            choose_name=self.opener.choose_name,
            show_trusted_folders=self.opener.show_trusted_folders,
            reload=self._reload,
            undo=lambda: self.docks.undo_stack.undo(),
            redo=lambda: self.docks.undo_stack.redo(),
            find=lambda: self.docks.focus_filter(),
            show_commands=self._show_commands,
            show_shortcuts=lambda: self.verbs.show_shortcuts(self.actions),
            close_window=self.window.close,
        )

    def _show_commands(self) -> None:
        docks = self.pages.made_docks
        self.verbs.show_commands(self.actions, () if docks is None else docks.menus_of_selection())

    def _make_view_targets(self) -> ViewTargets:
        return ViewTargets(
            theme=self.parts.theme,
            set_scheme=self.parts.appearance.set_scheme,
            reset_layout=lambda: self.docks.reset(),
            toggle_panel=lambda panel_id: self.docks.toggle(panel_id),
            focus_next=lambda direction: self.docks.focus_next(direction),
            enlarge=lambda: self.docks.enlarge(),
        )

    def _fill_frame(self, recent: RecentFiles) -> None:
        theme, window = self.parts.theme, self.window
        paths = MenuTitles(self).paths()
        self.menus = fill_menu_bar(window.menuBar(), self.actions, paths)
        RecentMenu(recent, self.opener.open_target, self.menus[paths[0]], self.actions)
        self.title = QLabel(window)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setObjectName("run_title")
        self.title.setProperty("role", "muted")
        self.toolbar = Toolbar(self.actions, self.control, theme, window)
        window.addToolBar(self.toolbar)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _make_clock(self) -> None:
        session = self.parts.session
        work = ClockWork(
            pump=session.pump,
            is_training=lambda: session.store.run.state is RunState.RUNNING,
            draw=self.draw,
            look=self.look,
            collect_garbage=self.parts.collect_garbage,
        )
        self.clock = Clock(work, self.window)
        self.selection.changed.connect(self.clock.wake)
        self.clock.start()

    def _show_page(self) -> None:
        session, store = self.parts.session, self.parts.session.store
        if store.model is not None:
            self.pages.show_docks()
        elif session.is_opening:
            self.pages.show_opening(self.opener.pending_title)
        else:
            self.pages.show_welcome()
        task = store.task
        title = "" if task is None else f"{displayable(task.title)} · {displayable(task.origin)}"
        if title != self.title.text():
            self.title.setText(title)
            self._place_title()
            self.window.setWindowTitle(self.tr("{0} - moduleview").format(title) if title else self.tr("moduleview"))

    def _place_title(self) -> None:
        """The menu bar gives its corner room only when it is set."""
        self.window.menuBar().setCornerWidget(self.title)
        self.title.show()

    def _reload(self) -> None:
        task = self.parts.session.store.task
        if task is not None and task.target:
            self.opener.open_target(task.target, is_named=True, device=self.opener.device)  # its code ran already

    def _on_theme_changed(self) -> None:
        px = self.parts.theme.px
        self.window.menuBar().setFixedHeight(px(28))
        self.title.setFont(self.parts.theme.ui_font())
        self.title.setContentsMargins(0, 0, px(12), 0)
        self.title.setMinimumHeight(px(28))
        self._place_title()
        if hasattr(self, "clock"):
            self.redraw()

    def _on_closed(self, has_ended: bool) -> None:
        self.has_left_a_thread = not has_ended
        self.clock.stop()
        self.window.close()
