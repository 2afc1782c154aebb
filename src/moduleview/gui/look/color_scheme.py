"""Light, dark, or as the desktop has it."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtGui import QGuiApplication, QPalette


class ColorScheme(StrEnum):
    """What a person chose under View > Theme."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"

    def seems_dark(self) -> bool:
        """Dark by the platform's own palette: the first frame's guess, since to ask Qt for its scheme costs 16 ms.

        ``Appearance`` asks, a quarter of a second later. GUI thread only, before a palette of ours is set.
        """
        if self is ColorScheme.SYSTEM:
            return QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128
        return self is ColorScheme.DARK
