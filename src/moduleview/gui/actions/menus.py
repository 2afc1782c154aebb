"""The menu bar, made from the table of actions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu, QMenuBar

from moduleview.gui.actions.action_spec import Actions


class MenuTitles(QObject):
    """The titles of the menus, translated, with the letter that opens each: the table names its menus by them."""

    def paths(self) -> tuple[tuple[str, ...], ...]:
        """The menus left to right, File first, and View > Panels, which is filled later."""
        titles = (self.file(), self.edit(), self.view(), self.model(), self.run(), self.tools(), self.help())
        return (*((title,) for title in titles), self.panels())

    def panels(self) -> tuple[str, str]:
        """Path of the menu that has an entry for each panel."""
        return self.view(), self.tr("Panels")

    def file(self) -> str:
        """Title of the File menu."""
        return self.tr("&File")

    def edit(self) -> str:
        """Title of the Edit menu."""
        return self.tr("&Edit")

    def view(self) -> str:
        """Title of the View menu."""
        return self.tr("&View")

    def model(self) -> str:
        """Title of the Model menu."""
        return self.tr("&Model")

    def run(self) -> str:
        """Title of the Run menu."""
        return self.tr("&Run")

    def tools(self) -> str:
        """Title of the Tools menu."""
        return self.tr("&Tools")

    def help(self) -> str:
        """Title of the Help menu."""
        return self.tr("&Help")


def fill_menu_bar(bar: QMenuBar, actions: Actions, paths: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], QMenu]:
    """Make a menu for each path in the table, and put the actions into them.

    Args:
        bar: Empty menu bar.
        actions: The table.
        paths: Of the menus that are there even when no action is, left to right.

    Returns:
        Each menu by its path, so that others can add what is no action (recent files).
    """
    menus: dict[tuple[str, ...], QMenu] = {}
    for path in paths:
        menus[path] = _add_menu(bar if len(path) == 1 else menus[path[:-1]], path[-1])
    for spec in actions.specs:
        if not spec.menu:
            continue
        menu = _menu_at(menus, spec.menu)
        if spec.starts_group and menu.actions():
            menu.addSeparator()
        menu.addAction(actions.action(spec.id))
    return menus


def _menu_at(menus: dict[tuple[str, ...], QMenu], path: tuple[str, ...]) -> QMenu:
    if path not in menus:
        menus[path] = _add_menu(_menu_at(menus, path[:-1]), path[-1])
    return menus[path]


def _add_menu(owner: QMenuBar | QMenu, title: str) -> QMenu:
    menu = owner.addMenu(title)
    menu.setAccessibleName(title.replace("&", ""))
    menu.setToolTipsVisible(True)  # the reason why something cannot be used
    return menu
