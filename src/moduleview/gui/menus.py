"""The menu bar, made from the table of actions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QMenu, QMenuBar

from moduleview.gui.actions import Actions


def fill_menu_bar(bar: QMenuBar, actions: Actions, order: Sequence[str]) -> dict[tuple[str, ...], QMenu]:
    """Make a menu for each path in the table, and put the actions into them.

    Args:
        bar: Empty menu bar.
        actions: The table.
        order: Titles of the menus, left to right.

    Returns:
        Each menu by its path, so that others can add what is no action (recent files).
    """
    menus: dict[tuple[str, ...], QMenu] = {}
    for title in order:
        menus[title,] = _add_menu(bar, title)
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
    menu.setAccessibleName(title)
    menu.setToolTipsVisible(True)  # the reason why something cannot be used
    return menu
