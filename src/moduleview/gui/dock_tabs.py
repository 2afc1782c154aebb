"""The tab bars that Qt puts over docks in one place: our look, and the current panel's controls at their right."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QMainWindow, QTabBar

from moduleview.gui.panel_dock import PanelDock


class DockTabs(QObject):
    """Looks after the tab bars of a window of docks; Qt makes and reuses them as it likes."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._docks: Sequence[PanelDock] = ()
        self._known: set[QTabBar] = set()

    def update(self, docks: Sequence[PanelDock]) -> None:
        """Give each dock a title or a tab, and each tab bar the controls of its current dock."""
        self._docks = docks
        for dock in docks:
            others = [other for other in self._window.tabifiedDockWidgets(dock) if not other.isHidden()]
            dock.set_tabbed(bool(others) and not dock.isFloating())
        direct = Qt.FindChildOption.FindDirectChildrenOnly
        for bar in self._window.findChildren(QTabBar, options=direct):
            self._adopt(bar)
            self._place_controls(bar)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the controls at the right edge when the bar changes its size."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show) and isinstance(watched, QTabBar):
            self._place_controls(watched)
        return False

    def _adopt(self, bar: QTabBar) -> None:
        if bar in self._known:
            return
        self._known.add(bar)
        bar.destroyed.connect(lambda: self._known.discard(bar))
        bar.setObjectName("dock_tabs")
        bar.setAccessibleName(self.tr("Panels in one place"))
        bar.setElideMode(Qt.TextElideMode.ElideNone)
        bar.setUsesScrollButtons(True)
        bar.setExpanding(False)
        bar.setDocumentMode(True)
        bar.setDrawBase(False)
        bar.installEventFilter(self)
        bar.currentChanged.connect(lambda _index: self._place_controls(bar))

    def _place_controls(self, bar: QTabBar) -> None:
        titles = [bar.tabText(index) for index in range(bar.count())]
        members = [dock for dock in self._docks if dock.windowTitle() in titles and not dock.isFloating()]
        current = bar.tabText(bar.currentIndex())
        taken = sum(bar.tabRect(index).width() for index in range(bar.count()))
        for dock in members:
            controls = dock.controls
            width = controls.sizeHint().width()
            has_room = taken + width <= bar.width()
            if dock.windowTitle() == current and has_room and not bar.isHidden():
                controls.setParent(bar)
                controls.setGeometry(bar.width() - width - 1, 1, width, bar.height() - 2)
                controls.show()
                controls.raise_()
            elif controls.parent() is bar:
                controls.hide()
