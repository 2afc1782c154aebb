"""The entries of a context menu as lines of the command palette: what a right click offers can be typed."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QMenu

from moduleview.gui.actions.palette_choices import PaletteEntry


def menu_entries(menu: QMenu, about: str, before: str = "") -> Iterator[PaletteEntry]:
    """Each entry that can be used now, those of the menus inside too.

    Args:
        menu: It must live as long as the lines.
        about: What stands at the right: the name of what the menu is for.
        before: What stands before each title: the menus around it.
    """
    for action in menu.actions():
        title = before + action.text().replace("&&", "&")
        inner = action.menu()
        if not action.isEnabled() or action.isSeparator():
            continue
        if isinstance(inner, QMenu):
            yield from menu_entries(inner, about, f"{title} > ")
        else:
            yield PaletteEntry(title, about, action.trigger)
