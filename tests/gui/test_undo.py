"""Edit > Undo and Redo, in the window with its own panels."""

import pytest
from PySide6.QtCore import Qt
from scripted_source import ScriptedSource, make_test_window, open_in

import moduleview.gui.panels
from moduleview.gui.panel import Panel
from moduleview.registry import discover
from moduleview.telemetry.commands import SetHooks
from moduleview.telemetry.hooks import HookKind


@pytest.fixture
def window(qtbot, tmp_path):
    made = make_test_window(qtbot, tmp_path, panels=discover(moduleview.gui.panels, Panel))
    made.resize(1600, 1000)
    made.show()
    return made


def press(qtbot, window, modifiers):
    qtbot.keyClick(window.contents.docks.dock("modules").panel.view, Qt.Key.Key_Z, modifiers)
    window.contents.clock.tick()


def test_ticks_are_taken_back_and_done_again_by_key_and_menu(qtbot, window):
    source = ScriptedSource()
    open_in(window, source)
    contents = window.contents
    undo, redo = contents.actions.action("edit.undo"), contents.actions.action("edit.redo")
    assert not undo.isEnabled()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    contents.docks.focus_content("modules")
    view = contents.docks.dock("modules").panel.view
    view.toggle_wanted.emit([1], HookKind.FORWARD, False)
    contents.clock.tick()
    ticks = [command for command in source.commands if isinstance(command, SetHooks)]
    assert [command.enabled for command in ticks] == [True]
    press(qtbot, window, Qt.KeyboardModifier.ControlModifier)
    press(qtbot, window, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert undo.isEnabled()
    undo.trigger()
    contents.clock.tick()
    assert (undo.isEnabled(), redo.isEnabled()) == (False, True)
    ticks = [command for command in source.commands if isinstance(command, SetHooks)]
    assert [command.enabled for command in ticks] == [True, False, True, False]
