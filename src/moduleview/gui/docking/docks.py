"""All panels in their docks: where they stand at first, how the layout is kept, and which of them can be seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QByteArray, QEvent, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QResizeEvent, QShowEvent, QUndoStack
from PySide6.QtWidgets import QAbstractItemView, QApplication, QMainWindow, QMenu, QTabWidget, QWidget

from moduleview.gui.docking.dock_layout import arrange, fit, is_compact
from moduleview.gui.docking.dock_tabs import DockTabs
from moduleview.gui.docking.enlarged_panel import EnlargedPanel
from moduleview.gui.docking.panel_dock import PanelDock
from moduleview.gui.gui_thread import gui_thread_only
from moduleview.gui.look.theme import Theme
from moduleview.gui.panel import Area, Panel
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.store_view import StoreView

_STATE_VERSION = 1
_STATE_KEY, _PANELS_KEY = "docks/state", "docks/panels"
_INSIDE_KEY = "panels/{}"


@runtime_checkable
class HasFilter(Protocol):
    """A panel with a search field of its own."""

    def focus_filter(self) -> None:
        """Put the cursor into it."""


@runtime_checkable
class HasUndo(Protocol):
    """A panel in which a person can take back what they did."""

    @property
    def undo_stack(self) -> QUndoStack:
        """What was done."""


@runtime_checkable
class HasMenu(Protocol):
    """A panel in which something can be selected that has a menu."""

    def menu_of_selection(self) -> QMenu | None:
        """What can be done with it, made anew, titled with its name; None where nothing is selected."""


class Docks(QMainWindow):
    """A window inside the window that holds nothing but docks, so that the welcome page can take its place."""

    placement_changed = Signal()
    settled = Signal()  # the first layout, or one that follows the window, has its sizes

    def __init__(self, panels: Sequence[Panel], theme: Theme, settings: QSettings, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Widget)  # a QMainWindow is a window of its own by default
        self.setObjectName("docks")
        self._theme = theme
        self._settings = settings
        self._is_arranged = False
        self._is_compact = False
        self._keeps_default = False  # until a person moves something, sizes follow the window
        self._no_undo = QUndoStack(self)
        self._enlarged = EnlargedPanel(self, _STATE_VERSION)
        self._state_at_press: QByteArray | None = None
        self.setAnimated(False)
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setDocumentMode(True)
        self._tabs = DockTabs(self, theme)
        self._docks = tuple(PanelDock(panel, self) for panel in panels)
        # once: to ask a panel whether it fits a protocol takes 0.1 ms, and the clock asks for the stack at each tick
        self._undone: HasUndo | None = next((panel for panel in panels if isinstance(panel, HasUndo)), None)
        self._settle = QTimer(self, singleShot=True, interval=0)
        self._settle.timeout.connect(self._on_settled)
        self._fit = QTimer(self, singleShot=True, interval=0)  # sizes hold only once the layout knows its own
        self._fit.timeout.connect(self._on_fit)
        self._take_kept = QTimer(self, singleShot=True, interval=0)  # what floats stays blank if shown while this is
        self._take_kept.timeout.connect(self._on_take_kept)
        for dock in self._docks:
            kept = self._settings.value(_INSIDE_KEY.format(dock.objectName()))
            if isinstance(kept, str) and kept:
                dock.panel.restore_kept(kept)
            dock.placement_changed.connect(self._settle.start)
        self.tabifiedDockWidgetActivated.connect(lambda _dock: self._settle.start())

    @property
    def docks(self) -> tuple[PanelDock, ...]:
        """Every dock, those that are closed included."""
        return self._docks

    def dock(self, panel_id: str) -> PanelDock | None:
        """The dock of a panel, or None when there is no such panel."""
        return next((dock for dock in self._docks if dock.objectName() == panel_id), None)

    @property
    def undo_stack(self) -> QUndoStack:
        """What can be taken back; an empty one without a panel that has something."""
        return self._no_undo if self._undone is None else self._undone.undo_stack

    def menus_of_selection(self) -> Sequence[QMenu]:
        """What can be done with what is selected; who asks lets them go."""
        menus = (dock.panel.menu_of_selection() for dock in self._docks if isinstance(dock.panel, HasMenu))
        return [menu for menu in menus if menu is not None]

    @gui_thread_only
    def refresh(self, store: StoreView) -> None:
        """Let every panel that can be seen draw what changed."""
        for dock in self._docks:
            dock.show_badge(store)
            dock.refresh(store)

    @gui_thread_only
    def set_capabilities(self, capabilities: Capability) -> None:
        """Tell the panels what the source can do."""
        for dock in self._docks:
            dock.set_capabilities(capabilities)

    @gui_thread_only
    def toggle(self, panel_id: str) -> None:
        """Close a panel that can be seen; bring any other one to the front, with the focus."""
        dock = self.dock(panel_id)
        if dock is None:
            return
        if dock.is_shown or (dock.is_open and not self.isVisible()):
            dock.close()
        else:
            self.bring_forward(panel_id)
            self._focus(dock)

    @gui_thread_only
    def bring_forward(self, panel_id: str) -> None:
        """Show a panel, in front of the tabs beside it."""
        dock = self.dock(panel_id)
        if dock is not None:
            if not dock.is_open:
                self._end_enlarged()
            dock.show()
            dock.raise_()

    @gui_thread_only
    def enlarge(self) -> None:
        """Give all the room to the panel that has the focus, or to the one below; the second time, put it back."""
        if self._enlarged.state_before is not None:
            self._end_enlarged()
            return
        docked = [dock for dock in self._docks if dock.is_shown and not dock.isFloating()]
        focus = QApplication.focusWidget()
        inside = [dock for dock in docked if focus is not None and dock.isAncestorOf(focus)]
        below = [dock for dock in docked if dock.panel.area is Area.BOTTOM]
        for dock in (inside or below)[:1]:
            self._enlarged.begin(dock, self._docks)
            self._focus(dock)

    def _end_enlarged(self) -> None:
        """The panel that was enlarged stays in front of its tabs."""
        front = next((dock for dock in self._docks if dock.is_shown and not dock.isFloating()), None)
        self._enlarged.end()
        if front is not None:
            front.raise_()
        self._fit.start()

    def focus_next(self, direction: int) -> None:
        """Put the focus into the next panel that can be seen, or the one before for -1, from left to right."""
        shown = [dock for dock in self._docks if dock.is_shown]
        shown.sort(key=lambda dock: (dock.isFloating(), dock.x(), dock.y()))
        if not shown:
            return
        focus = QApplication.focusWidget()
        inside = [at for at, dock in enumerate(shown) if focus is not None and dock.isAncestorOf(focus)]
        at = (inside[0] + direction) % len(shown) if inside else 0
        self._focus(shown[at])

    def _focus(self, dock: PanelDock) -> None:
        """Put the focus into the first widget of a panel that takes it."""
        dock.activateWindow()
        first = next((w for w in dock.panel.findChildren(QWidget) if w.isVisible() and _takes_tab(w)), None)
        (first or dock.panel).setFocus(Qt.FocusReason.TabFocusReason)

    def focus_content(self, panel_id: str) -> None:
        """Put the focus into a panel's tree or table."""
        dock = self.dock(panel_id)
        view = None if dock is None else dock.panel.findChild(QAbstractItemView)
        if view is not None:
            view.setFocus()

    def focus_filter(self) -> None:
        """Put the cursor into the search field of the panel a person is in, or of the first panel that has one."""
        found = [dock for dock in self._docks if isinstance(dock.panel, HasFilter)]
        focus = QApplication.focusWidget()
        inside = [dock for dock in found if focus is not None and dock.isAncestorOf(focus)]
        for dock in (inside or found)[:1]:
            self.bring_forward(dock.objectName())
            assert isinstance(dock.panel, HasFilter)
            dock.panel.focus_filter()

    def reset(self) -> None:
        """Put everything where it stood at first."""
        self._enlarged.end()
        arrange(self, self._docks, self._theme)
        self._is_compact = is_compact(self, self._theme)
        self._keeps_default = True
        self._fit.start()
        self._settle.start()

    def save(self) -> None:
        """Keep the layout in the settings; the first one is not kept, so that it goes on following the window."""
        for dock in self._docks:
            self._settings.setValue(_INSIDE_KEY.format(dock.objectName()), dock.panel.kept())
        if not self._is_arranged:
            return
        if self._keeps_default:
            self._settings.remove(_STATE_KEY)
            self._settings.remove(_PANELS_KEY)
        else:
            state = self._enlarged.state_before or self.saveState(_STATE_VERSION)
            self._settings.setValue(_STATE_KEY, state)
            self._settings.setValue(_PANELS_KEY, self._panel_ids())

    def event(self, event: QEvent) -> bool:
        """What lies bare are the lines between docks: a drag there gives the docks sizes of a person's own."""
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            is_bare = self.childAt(event.position().toPoint()) is None
            self._state_at_press = self.saveState(_STATE_VERSION) if is_bare else None
        is_taken = super().event(event)
        if kind == QEvent.Type.MouseButtonRelease and self._state_at_press is not None:
            if self.saveState(_STATE_VERSION) != self._state_at_press:
                self._keeps_default = False
            self._state_at_press = None
        return is_taken

    def showEvent(self, event: QShowEvent) -> None:
        """The first time, take the default layout, or in a moment the kept one, and paint none before."""
        super().showEvent(event)
        if self._is_arranged or self._take_kept.isActive():
            return
        self.reset()
        self._is_arranged = self._kept_state() is None
        if not self._is_arranged:
            self.setUpdatesEnabled(False)
            self._fit.stop()  # not settled yet
            self._take_kept.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the default's proportions until a person has moved something."""
        super().resizeEvent(event)
        if self._is_arranged and self._keeps_default:
            self._fit.start()

    def _kept_state(self) -> QByteArray | None:
        state = self._settings.value(_STATE_KEY)
        is_ours = isinstance(state, QByteArray) and self._settings.value(_PANELS_KEY) == self._panel_ids()
        return state if is_ours else None

    def _on_take_kept(self) -> None:
        """Take the kept layout, or stay with the default when it is broken."""
        self.setUpdatesEnabled(True)  # first: what floats from here on would not be turned on with the others
        self._is_arranged = True
        state = self._kept_state()
        is_taken = state is not None and self.restoreState(state, _STATE_VERSION)
        if is_taken and any(dock.is_open for dock in self._docks):
            self._keeps_default = False
            self._fit.start()
        else:
            self.reset()

    def _panel_ids(self) -> str:
        return ",".join(dock.objectName() for dock in self._docks)

    def _on_fit(self) -> None:
        if not self._keeps_default or self._enlarged.state_before is not None:
            self.settled.emit()
            return
        if self._is_compact != is_compact(self, self._theme):
            self._is_compact = not self._is_compact
            chosen = [dock for dock in self._docks if dock.is_shown and self.tabifiedDockWidgets(dock)]
            arrange(self, self._docks, self._theme)
            for dock in chosen:
                dock.raise_()
        fit(self, self._docks, self._theme)
        self.settled.emit()

    def _on_settled(self) -> None:
        is_whole = self._enlarged.state_before is None
        if is_whole and any(dock.isFloating() or not dock.is_open for dock in self._docks):
            self._keeps_default = False
        self._tabs.update(self._docks)
        self.placement_changed.emit()


def _takes_tab(widget: QWidget) -> bool:
    return widget.isEnabled() and bool(widget.focusPolicy().value & Qt.FocusPolicy.TabFocus.value)
