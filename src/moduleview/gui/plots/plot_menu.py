"""The menu of a plot: what it can show otherwise, and its export; from the dock's title and from the context menu."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.shared_axes import SharedAxes
from moduleview.gui.widgets.icon_button import IconButton

Section = Callable[[QMenu, QPoint | None], None]
_Value = TypeVar("_Value")


class PlotMenu(QObject):
    """Filled anew each time it opens.

    Args:
        theme: Colours and zoom.
        plot: Where it is the context menu.
        sections: Each adds its entries, for a place in the plot or, in the dock's title, for none.
    """

    def __init__(self, theme: Theme, plot: QWidget, sections: Sequence[Section]) -> None:
        super().__init__(plot)
        self._theme, self._plot, self._sections = theme, plot, tuple(sections)
        plot.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        plot.customContextMenuRequested.connect(self._on_asked)

    def button(self) -> QToolButton:
        """For the dock's title."""
        button = IconButton(self._theme, "more", self.tr("View and export"), self._plot)
        menu = QMenu(button)
        menu.aboutToShow.connect(lambda: self.fill(menu, None))
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return button

    def fill(self, menu: QMenu, at: QPoint | None) -> None:
        """Put in what there is now."""
        menu.clear()
        for section in self._sections:
            section(menu, at)

    def _on_asked(self, at: QPoint) -> None:
        menu = QMenu(self._plot)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.fill(menu, at)
        menu.popup(self._plot.mapToGlobal(at))


class TimeSection(QObject):
    """Step or time of training along the x axis of lines."""

    def __init__(self, axes: SharedAxes, parent: QObject) -> None:
        super().__init__(parent)
        self._axes = axes

    def __call__(self, menu: QMenu, _at: QPoint | None) -> None:
        """Add both."""
        names = {False: self.tr("Steps from left to right"), True: self.tr("Time of training from left to right")}
        add_choice(menu, names, self._axes.shows_time, self._axes.set_shows_time)


def add_choice(menu: QMenu, names: Mapping[_Value, str], chosen: _Value, choose: Callable[[_Value], object]) -> None:
    """Entries of which one is chosen, apart from those above."""
    if not menu.isEmpty():
        menu.addSeparator()
    group = QActionGroup(menu)
    for value, name in names.items():
        action = menu.addAction(name)
        action.setCheckable(True)
        action.setChecked(value == chosen)
        action.triggered.connect(lambda _checked=False, value=value: choose(value))
        group.addAction(action)
