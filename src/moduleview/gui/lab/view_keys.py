"""Keys of one view, taken before the view and before the window's own shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QKeyCombination, QObject
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget


class ViewKeys(QObject):
    """Runs what a key stands for while the view has the focus. Belongs to the view."""

    def __init__(self, view: QWidget, keys: Mapping[QKeyCombination, Callable[[], object]]) -> None:
        super().__init__(view)
        self._keys = {combination.toCombined(): run for combination, run in keys.items()}
        view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Claim the key from the shortcuts, then run it."""
        kind = event.type()
        if kind in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress) and isinstance(event, QKeyEvent):
            run = self._keys.get(event.keyCombination().toCombined())
            if run is not None:
                event.accept()
                if kind == QEvent.Type.KeyPress:
                    run()
                return True
        return super().eventFilter(watched, event)
