"""Whether a person can see something: Qt calls what stands behind another tab visible."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QWidget


def is_in_sight(widget: QWidget) -> bool:
    """A person can see some of it.

    Behind another dock's tab Qt leaves a widget visible, and moves it out of the window.
    """
    window = widget.window()  # not visibleRegion: what opaque children cover is not in it
    return widget.isVisible() and window.rect().intersects(QRect(widget.mapTo(window, QPoint()), widget.size()))
