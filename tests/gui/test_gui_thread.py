"""Fault row 80: what belongs to the GUI thread raises in any other."""

import threading

import pytest
from scripted_source import ScriptedSource, make_test_window, open_in

import moduleview.gui.panels
from moduleview.gui.panel import Panel
from moduleview.registry import discover
from moduleview.telemetry.commands import Pause


def raised_in_another_thread(call):
    """What ``call`` raises in a thread that is not the GUI's."""
    raised = []

    def body():
        try:
            call()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=body, name="not-the-gui")
    thread.start()
    thread.join()
    return raised[0] if raised else None


@pytest.fixture
def window(qtbot, tmp_path):
    made = make_test_window(qtbot, tmp_path)
    made.show()
    open_in(made, ScriptedSource())
    return made


CALLS = {
    "the session takes records": lambda window: window.contents.parts.session.pump(0.01),
    "the session sends": lambda window: window.contents.parts.session.send(Pause()),
    "the session opens": lambda window: window.contents.parts.session.open(ScriptedSource()),
    "selection": lambda window: window.contents.selection.select("head"),
    "pins": lambda window: window.contents.selection.toggle_pin("head"),
    "crosshair": lambda window: window.contents.selection.set_crosshair(3),
    "history": lambda window: window.contents.selection.go_back(),
    "theme": lambda window: window.contents.parts.theme.set_dark(True),
    "zoom": lambda window: window.contents.parts.theme.set_zoom(1.5),
    "colour scale": lambda window: window.contents.context.scale.set_limits(-9, 3),
    "axes": lambda window: window.contents.context.axes.set_window(60),
    "status bar": lambda window: window.contents.context.notify("from a thread"),
    "docks": lambda window: window.contents.docks.refresh(window.contents.parts.session.store),
    "opening": lambda window: window.contents.opener.open_target("net.py"),
}


@pytest.mark.parametrize("name", CALLS)
def test_use_in_another_thread_raises_and_changes_nothing(window, name):
    said, selected = window.contents.status.message.text(), window.contents.selection.fqn
    error = raised_in_another_thread(lambda: CALLS[name](window))
    assert isinstance(error, AssertionError), name
    assert "not-the-gui" in str(error)
    assert window.contents.selection.fqn == selected
    assert window.contents.status.message.text() == said


@pytest.mark.parametrize("panel", discover(moduleview.gui.panels, Panel), ids=lambda panel: panel.panel_id)
def test_every_panel_refuses_to_draw_in_another_thread(panel):
    error = raised_in_another_thread(lambda: panel.refresh(None, None))
    assert isinstance(error, AssertionError)
    assert "refresh was called in thread not-the-gui" in str(error)
