"""One panel in its dock: the frame around it, its title, and the reason when this source cannot feed it."""

from __future__ import annotations

import sys
import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDockWidget, QFrame, QLayout, QStackedLayout, QWidget

from moduleview.gui.docking.dock_title import DockControls, DockTitle
from moduleview.gui.panel import Badge, Panel
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.telemetry.commands import Capability
from moduleview.telemetry.store_view import StoreView

_MINIMUM_SIZE = (120, 60)
_REST_S = 1.0


class PanelDock(QDockWidget):
    """Docks, floats, tabs and closes one panel; refreshes it only while a person can see it."""

    placement_changed = Signal()  # floated, docked, tabbed, shown or hidden

    def __init__(self, panel: Panel, parent: QWidget) -> None:
        super().__init__(panel.title(), parent)
        self.setObjectName(panel.panel_id)
        self.setAccessibleName(panel.title())
        self.panel = panel
        self.badge: Badge | None = None
        self._is_shown = False
        self._rests_until_s = 0.0
        theme = panel.context.theme
        self._title = DockTitle(theme, panel.title(), self)
        self._no_title = QWidget(self)
        self.controls = DockControls(theme, panel.title_controls(), self._toggle_floating, self.close, self._title)
        self._title.take(self.controls)
        self.setTitleBarWidget(self._title)
        self._reason = EmptyState(theme, "info", self.tr("Not available here"), "", parent=self)
        self._lay_out(panel)
        self.visibilityChanged.connect(self._on_visibility_changed)
        self.topLevelChanged.connect(self._on_top_level_changed)
        self.dockLocationChanged.connect(lambda _area: self.placement_changed.emit())

    @property
    def is_shown(self) -> bool:
        """A person can see it: open, and the current one of its tabs."""
        return self._is_shown

    @property
    def is_open(self) -> bool:
        """Not closed; it may stand behind another tab."""
        return not self.isHidden()

    @property
    def reason(self) -> str:
        """Why this source cannot feed the panel, "" when it can."""
        return self._reason.accessibleDescription() if self._stack.currentWidget() is self._reason else ""

    @property
    def is_tabbed(self) -> bool:
        """Its title is a tab."""
        return self.titleBarWidget() is self._no_title

    def set_tabbed(self, is_tabbed: bool) -> None:
        """Give the title up to the tab: there is never a tab and a title."""
        wanted = self._no_title if is_tabbed else self._title
        if self.titleBarWidget() is not wanted:
            self.setTitleBarWidget(wanted)
        if not is_tabbed and self.controls.parent() is not self._title:
            self._title.take(self.controls)

    def set_capabilities(self, capabilities: Capability) -> None:
        """Show the panel, or why this source cannot feed it."""
        missing = self.panel.needs & ~capabilities
        if missing:
            self._reason.set_texts(self.tr("Not available here"), self._explain(missing))
        self._stack.setCurrentWidget(self._reason if missing else self.panel)

    def refresh(self, store: StoreView) -> None:
        """Let the panel draw what changed, when it can be seen.

        One that raises is reported and left alone for a second, and the others draw.
        """
        if (
            not self._is_shown
            or self._stack.currentWidget() is not self.panel
            or time.monotonic() < self._rests_until_s
        ):
            return
        try:
            self.panel.refresh(store)
        except Exception as error:  # a panel may be anybody's file
            self._rests_until_s = time.monotonic() + _REST_S
            sys.excepthook(type(error), error, error.__traceback__)

    def show_badge(self, store: StoreView) -> None:
        """Write the panel's count after its title, when it has changed."""
        badge = self.panel.badge(store)
        if badge == self.badge:
            return
        self.badge = badge
        title = self.panel.title() if badge is None else f"{self.panel.title()}  {badge.text}"
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._title.set_text(title)
        self.placement_changed.emit()

    def _lay_out(self, panel: Panel) -> None:
        body = QFrame(self)
        body.setObjectName("dock_body")
        # A panel must not hold its neighbours back: what does not fit is its own matter.
        body.setMinimumSize(*_MINIMUM_SIZE)
        self._stack = QStackedLayout(body)
        self._stack.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        self._stack.setContentsMargins(1, 0, 1, 1)
        self._stack.addWidget(panel)
        self._stack.addWidget(self._reason)
        self.setWidget(body)
        self.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetClosable
            | QDockWidget.DockWidgetFeature.DockWidgetMovable
            | QDockWidget.DockWidgetFeature.DockWidgetFloatable
        )
        self.setAllowedAreas(Qt.DockWidgetArea.AllDockWidgetAreas)

    def _explain(self, missing: Capability) -> str:
        if Capability.CONTROL in missing:
            return self.tr("This source cannot be run or paused from here.")
        if Capability.HOOKS in missing:
            return self.tr("This source has no hooks to tick.")
        if Capability.REPORTS in missing:
            return self.tr("This source keeps no tensors to look into.")
        if Capability.INTERVENE in missing:
            return self.tr("This source cannot be changed from here.")
        return self.tr("This source cannot move in time.")

    def _toggle_floating(self) -> None:
        self.setFloating(not self.isFloating())

    def _on_visibility_changed(self, is_visible: bool) -> None:
        self._is_shown = is_visible
        self.panel.on_sight_changed(is_visible)
        self.placement_changed.emit()

    def _on_top_level_changed(self, is_floating: bool) -> None:
        self.controls.set_floating(is_floating)
        self.placement_changed.emit()
