"""The menu bar, made from the table of actions."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QMenu, QMenuBar

from moduleview.gui.actions import Actions


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
    menu.setAccessibleName(title)
    menu.setToolTipsVisible(True)  # the reason why something cannot be used
    return menu
