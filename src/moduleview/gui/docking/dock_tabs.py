"""The tab bars that Qt puts over docks in one place: our look, and the current panel's controls at their right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QTabBar, QWidget

from moduleview.gui.docking.dock_title import DockControls
from moduleview.gui.docking.panel_dock import PanelDock
from moduleview.gui.look.theme import Theme
from moduleview.gui.panel import Badge
from moduleview.gui.widgets.safe_paint import safe_paint

_TAB_PADDING = 8  # logical px, as the style sheet has it
_LEAST_TABS = 120  # logical px that tabs keep beside controls
_MOVES = (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide)


class DockTabs(QObject):
    """Looks after the tab bars of a window of docks.

    Qt makes, reuses and deletes them as it likes, so nothing of ours is ever a tab bar's child: controls and outlines
    lie over it, in the window.
    """

    def __init__(self, window: QMainWindow, theme: Theme) -> None:
        super().__init__(window)
        self._window = window
        self._theme = theme
        self._docks: Sequence[PanelDock] = ()
        self._outlines: dict[QTabBar, _Outline] = {}

    def update(self, docks: Sequence[PanelDock]) -> None:
        """Give each dock a title or a tab, and each tab bar the controls of its current dock."""
        self._docks = docks
        for dock in docks:
            if dock.isHidden():
                continue  # what another panel has the room of comes back as it was
            others = [other for other in self._window.tabifiedDockWidgets(dock) if not other.isHidden()]
            dock.set_tabbed(bool(others) and not dock.isFloating())
        badges = {dock.windowTitle(): dock.badge for dock in docks if dock.badge is not None}
        for bar in self._bars():
            self._adopt(bar)
            self._outlines[bar].badges = badges
        self._place_all()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the controls at the right edge when a bar moves, or when they want another width themselves."""
        if event.type() == QEvent.Type.LayoutRequest and isinstance(watched, DockControls):
            self._follow(watched)
        if event.type() in _MOVES and isinstance(watched, QTabBar):
            self._place_all()
        return False

    def _follow(self, controls: DockControls) -> None:
        is_over_a_bar = controls.parent() is self._window and controls.isVisible()  # hidden ones would ask for ever
        if is_over_a_bar and controls.sizeHint().width() != controls.width():
            self._place_all()

    def _bars(self) -> list[QTabBar]:
        return self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)

    def _adopt(self, bar: QTabBar) -> None:
        if bar in self._outlines:
            return
        self._outlines[bar] = _Outline(bar, self._theme, self._window)
        bar.destroyed.connect(lambda: self._forget(bar))
        bar.setObjectName("dock_tabs")
        bar.setAccessibleName(self.tr("Panels in one place"))
        bar.setElideMode(Qt.TextElideMode.ElideNone)
        bar.setUsesScrollButtons(True)
        bar.setExpanding(False)
        bar.setDocumentMode(True)
        bar.setDrawBase(False)
        bar.installEventFilter(self)
        bar.currentChanged.connect(lambda _index: self._place_all())

    def _forget(self, bar: QTabBar) -> None:
        outline = self._outlines.pop(bar, None)
        if outline is not None:
            outline.hide()  # it goes later than the bar, and must not be painted in between
            outline.deleteLater()

    def _place_all(self) -> None:
        current: dict[str, QTabBar] = {}
        widths = {dock.windowTitle(): dock.width() for dock in self._docks if dock.is_tabbed}
        for bar, outline in self._outlines.items():
            outline.follow(widths.get(bar.tabText(bar.currentIndex()), bar.width()))
            if bar.isVisible() and bar.currentIndex() >= 0:
                current[bar.tabText(bar.currentIndex())] = bar
        for dock in self._docks:
            if dock.is_tabbed:
                self._place(dock, current.get(dock.windowTitle()))

    def _place(self, dock: PanelDock, bar: QTabBar | None) -> None:
        controls = dock.controls
        if controls.parent() is not self._window:
            controls.setParent(self._window)
        controls.installEventFilter(self)  # a second time changes nothing
        room = 0 if bar is None else dock.width() - _tabs_width(bar)
        for is_compact in (False, True):
            controls.set_compact(is_compact)
            width = controls.sizeHint().width()
            if width <= room:
                break
        left = dock.width() - width  # what the tabs have: they scroll where they do not fit into it
        if bar is None or left < self._theme.px(_LEAST_TABS):
            controls.hide()
            return
        self._narrow(bar, dock.width() if width <= room else left)
        frame = bar.geometry()
        controls.setGeometry(frame.left() + left - 1, frame.top() + 1, width, frame.height() - 2)
        controls.show()
        controls.raise_()

    def _narrow(self, bar: QTabBar, width: int) -> None:
        """Qt gives a bar the width of its docks, unless it may not become so wide."""
        if bar.width() != width:
            bar.setMaximumWidth(width)
            bar.resize(width, bar.height())


class _Outline(QWidget):
    """The line around a tab bar, which a style sheet does not draw."""

    def __init__(self, bar: QTabBar, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._bar, self._theme = bar, theme
        self.badges: Mapping[str, Badge] = {}  # by the text of the tab, which ends in the count

    def follow(self, width: int) -> None:
        """Lie over the bar, and over what stands at its right."""
        frame = self._bar.geometry()
        self.setGeometry(frame.x(), frame.y(), width, frame.height())
        self.setVisible(self._bar.isVisible())
        self.raise_()
        self.update()

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """All but where the current tab has its underline."""
        painter = QPainter(self)
        painter.fillRect(self.rect().adjusted(self._bar.width(), 0, 0, 0), QColor(self._theme.tokens.raised))
        painter.setPen(QColor(self._theme.tokens.border))
        right, bottom = self.width() - 1, self.height() - 1
        for line in ((0, 0, right, 0), (0, 0, 0, bottom), (right, 0, right, bottom)):
            painter.drawLine(*line)
        current: QRect = self._bar.tabRect(self._bar.currentIndex())
        painter.drawLine(0, bottom, max(0, current.left() - 1), bottom)
        painter.drawLine(current.right() + 1, bottom, right, bottom)
        for index in range(self._bar.count()):
            badge = self.badges.get(self._bar.tabText(index))
            if badge is not None and self.rect().contains(self._bar.tabRect(index)):
                self._paint_badge(painter, badge, self._bar.tabRect(index))

    def _paint_badge(self, painter: QPainter, badge: Badge, tab: QRect) -> None:
        """Write the count that ends the tab's text again, in the colour that a style sheet cannot give to a part."""
        px, tokens = self._theme.px, self._theme.tokens
        painter.setFont(self._theme.ui_font(bold=True))
        width = painter.fontMetrics().horizontalAdvance(badge.text)
        place = QRect(tab.right() + 1 - px(_TAB_PADDING) - width, tab.top(), width, tab.height() - 2)
        painter.fillRect(place.adjusted(-px(3), px(4), px(3), -px(3)), QColor(tokens.raised))
        painter.setFont(self._theme.ui_font())
        painter.setPen(QColor(getattr(tokens, badge.role)))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, badge.text)


def _tabs_width(bar: QTabBar) -> int:
    return sum(bar.tabRect(index).width() for index in range(bar.count()))
