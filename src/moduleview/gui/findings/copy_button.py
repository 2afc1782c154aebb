"""A button that puts a text on the clipboard, and says for a moment that it did."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.icon_button import IconButton

_COPIED_MS = 1500


class CopyButton(IconButton):
    """Follows the theme by itself; copies ``text``."""

    def __init__(self, theme: Theme, tip: str, parent: QWidget) -> None:
        super().__init__(theme, "copy", tip, parent)
        self.text_to_copy = ""
        self._copied = QTimer(self, singleShot=True, interval=_COPIED_MS)
        self._copied.timeout.connect(lambda: self.set_icon("copy", "muted"))
        self.clicked.connect(self.copy_now)

    def copy_now(self) -> None:
        """Copy, as a click does."""
        QGuiApplication.clipboard().setText(self.text_to_copy)
        self.set_icon("check", "success")
        self._copied.start()
