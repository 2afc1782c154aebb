"""Lets a tool button stand for an action.

``QToolButton.setDefaultAction`` would, but Qt 6.11 connects anew at each change of the action and never lets go: 144
bytes a change, for as long as the window lives.
"""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolButton


class ButtonAction(QObject):
    """The button looks as the action is, and a click triggers it. Belongs to the button."""

    def __init__(self, button: QToolButton, action: QAction) -> None:
        super().__init__(button)
        self._button, self._action = button, action
        action.changed.connect(self._follow)
        button.clicked.connect(self._on_clicked)
        self._follow()

    def _on_clicked(self) -> None:
        self._action.trigger()
        self._follow()  # the click has ticked the button; only the action may

    def _follow(self) -> None:
        button, action = self._button, self._action
        button.setText(action.iconText())
        button.setIcon(action.icon())
        button.setToolTip(action.toolTip())
        button.setCheckable(action.isCheckable())
        button.setChecked(action.isChecked())
        button.setEnabled(action.isEnabled())
