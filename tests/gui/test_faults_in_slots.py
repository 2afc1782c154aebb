"""Fault row 37: an exception in any kind of code that Qt calls is one dialog and one traceback; the window goes on."""

from __future__ import annotations

import sys
from functools import partial

import pytest
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QPushButton, QWidget
from scripted_source import ScriptedSource, make_test_window, open_in

import moduleview.gui.panels
from moduleview.gui.dialogs.error import ErrorDialog
from moduleview.gui.panel import Panel
from moduleview.registry import discover

PANELS = discover(moduleview.gui.panels, Panel)


class FaultError(Exception):
    """Raised on purpose."""


def fail(*_arguments):
    raise FaultError


class FaultyWidget(QWidget):
    """Raises in every override that Qt calls for what a person does."""

    def mousePressEvent(self, _event):
        raise FaultError

    def keyPressEvent(self, _event):
        raise FaultError

    def wheelEvent(self, _event):
        raise FaultError

    def resizeEvent(self, _event):
        raise FaultError


class FaultyFilter(QObject):
    """Raises at a double click."""

    def eventFilter(self, _watched, event):
        if event.type() == QEvent.Type.MouseButtonDblClick:
            raise FaultError
        return False


class Faulty(QObject):
    """Raises in slots of its own."""

    spoke = Signal(int)

    def __init__(self, parent):
        super().__init__(parent)
        self.spoke.connect(self._on_spoke)

    def _on_spoke(self, _number):
        raise FaultError


def by_method(window):
    Faulty(window).spoke.emit(1)


def by_queued_signal(window):
    faulty = Faulty(window)
    faulty.spoke.disconnect()
    faulty.spoke.connect(faulty._on_spoke, Qt.ConnectionType.QueuedConnection)
    faulty.spoke.emit(1)


def by_lambda(window):
    faulty = Faulty(window)
    faulty.spoke.disconnect()
    faulty.spoke.connect(lambda _number: fail())
    faulty.spoke.emit(1)


def by_partial(window):
    faulty = Faulty(window)
    faulty.spoke.disconnect()
    faulty.spoke.connect(partial(fail, "more"))
    faulty.spoke.emit(1)


def by_timer(window):
    QTimer.singleShot(0, window, fail)


def by_action(window):
    action = QAction("Fault", window)
    action.triggered.connect(fail)
    action.trigger()


def by_button(window):
    button = QPushButton("Fault", window)
    button.clicked.connect(fail)
    button.show()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def by_mouse(window):
    QTest.mouseClick(shown(FaultyWidget(window)), Qt.MouseButton.LeftButton)


def by_key(window):
    QTest.keyClick(shown(FaultyWidget(window)), Qt.Key.Key_A)


def by_resize(window):
    shown(FaultyWidget(window)).resize(77, 77)


def by_event_filter(window):
    window.installEventFilter(FaultyFilter(window))
    QTest.mouseDClick(window, Qt.MouseButton.LeftButton)


def by_destroyed(window):
    gone = QObject(window)
    gone.destroyed.connect(fail)
    gone.deleteLater()


def by_theme(window):
    window.contents.parts.theme.changed.connect(fail)
    window.contents.parts.theme.set_zoom(1.1)


def by_selection(window):
    window.contents.selection.changed.connect(fail)
    window.contents.selection.select("head")


def by_panel(window):
    window.contents.docks.docks[0].panel.refresh = fail
    window.contents.redraw()
    window.contents.clock.tick()


def by_tick(window):
    window.contents.clock.ticked.connect(fail, Qt.ConnectionType.SingleShotConnection)
    window.contents.clock.tick()


def shown(widget):
    widget.setGeometry(10, 10, 40, 40)
    widget.show()
    return widget


KINDS = (
    *(by_method, by_queued_signal, by_lambda, by_partial, by_timer, by_action, by_button, by_mouse, by_key, by_resize),
    *(by_event_filter, by_destroyed, by_theme, by_selection, by_panel, by_tick),
)


@pytest.fixture
def window(qtbot, tmp_path, monkeypatch):
    made = make_test_window(qtbot, tmp_path)
    made.show()
    open_in(made, ScriptedSource())
    monkeypatch.setattr(sys, "excepthook", made.contents.failures.show_bug)
    return made


def dialogs(window):
    return [dialog for dialog in window.findChildren(ErrorDialog) if dialog.isVisible()]


def name_in(error: BaseException) -> str:
    """The slot's; before it stands what of Qt's had called it, as the resizing that a signal leads to."""
    return str(error).rpartition(": ")[2]


@pytest.mark.qt_no_exception_capture
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_exception_is_one_dialog_and_one_traceback(qtbot, window, capsys, kind):
    QTimer.singleShot(0, window, partial(kind, window))  # from Qt's loop, as everything that happens to a window
    qtbot.waitUntil(lambda: len(dialogs(window)) == 1)
    QTimer.singleShot(0, window, partial(kind, window))  # the same place again
    QApplication.processEvents()
    QApplication.processEvents()
    (dialog,) = dialogs(window)
    assert "FaultError" in dialog.failure.title
    assert not dialog.failure.is_users
    assert capsys.readouterr().err.count("Traceback") == 1
    window.contents.clock.tick()
    assert window.isEnabled()


@pytest.mark.qt_no_exception_capture
@pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard")
def test_exception_in_every_slot_of_the_window_is_seen(qtbot, tmp_path, monkeypatch):
    """Each ``_on_x`` of the real window that a signal reaches raises when it is told to; none is swallowed."""
    raised, seen = [], []
    is_armed = False

    def faulty(slot):
        def on(self, *arguments):
            if not is_armed:
                return slot(self, *arguments[: slot.__code__.co_argcount - 1])
            raised.append(slot.__qualname__)
            raise FaultError(slot.__qualname__)

        return on

    for kind, name, slot in list(slots_of_the_gui()):
        monkeypatch.setattr(kind, name, faulty(slot))
    window = make_test_window(qtbot, tmp_path, panels=PANELS)
    window.show()
    open_in(window, ScriptedSource())
    monkeypatch.setattr(sys, "excepthook", lambda _kind, error, _trace: seen.append(name_in(error)))
    is_armed = True
    for act in everything_a_signal_can_reach(window):
        act()
        QApplication.processEvents()
    is_armed = False
    assert len(set(raised)) >= 25, sorted(set(raised))
    assert sorted(seen) == sorted(raised)


def slots_of_the_gui():
    """Class, name and function of every ``_on_x`` in what has been imported of the GUI."""
    for module in [module for name, module in sys.modules.items() if name.startswith("moduleview.gui.")]:
        for kind in vars(module).values():
            if isinstance(kind, type) and kind.__module__ == module.__name__:
                for name, slot in list(vars(kind).items()):
                    if name.startswith("_on_") and hasattr(slot, "__code__"):
                        yield kind, name, slot


def everything_a_signal_can_reach(window):
    yield window.contents.selection.changed.emit
    yield window.contents.selection.pinned_changed.emit
    yield window.contents.selection.crosshair_changed.emit
    yield window.contents.selection.hovered_changed.emit
    yield window.contents.parts.theme.changed.emit
    yield window.contents.context.scale.changed.emit
    yield window.contents.context.axes.steps_changed.emit
    yield window.contents.context.axes.rows_changed.emit
    yield window.contents.clock.tick
    for spec in window.contents.actions.specs:
        if spec.id not in {"file.quit", "file.open", "tools.doctor"}:
            yield window.contents.actions.action(spec.id).trigger
    for button in window.findChildren(QAbstractButton):
        yield button.clicked.emit
    for dock in window.contents.docks.docks:
        yield partial(dock.setFloating, True)
        yield partial(dock.setFloating, False)
