"""A tool button that stands for an action."""

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QIcon, QPixmap
from PySide6.QtWidgets import QToolButton

from moduleview.gui.widgets.button_action import ButtonAction
from soak_memory import resident_mb


@pytest.fixture
def button(qtbot):
    button = QToolButton()
    qtbot.addWidget(button)
    return button


@pytest.fixture
def action(button):
    action = QAction("&Step...", button)
    action.setToolTip("One step")
    ButtonAction(button, action)
    return action


def test_button_looks_as_the_action_is(button, action):
    pixmap = QPixmap(QSize(8, 8))
    pixmap.fill("red")
    assert (button.text(), button.toolTip(), button.isEnabled()) == ("Step", "One step", True)
    action.setIcon(QIcon(pixmap))
    action.setEnabled(False)
    action.setToolTip("Not now")
    assert not button.icon().isNull()
    assert (button.toolTip(), button.isEnabled()) == ("Not now", False)


def test_click_triggers_the_action_once(qtbot, button, action):
    triggered = []
    action.triggered.connect(lambda: triggered.append(1))
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert triggered == [1]


def test_only_the_action_ticks_the_button(qtbot, button, action):
    action.setCheckable(True)
    action.triggered.connect(lambda: action.setChecked(False))  # something else decides that it stays off
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not button.isChecked()
    action.setChecked(True)
    assert button.isChecked()


def test_changes_leave_nothing_behind(button, action):
    action.setCheckable(True)

    def change(n_times):
        for number in range(n_times):
            action.setChecked(number % 2 == 0)

    change(1000)
    before_mb = resident_mb()
    change(20_000)
    assert resident_mb() - before_mb < 1.0  # QToolButton.setDefaultAction leaves 2.7 MB
