import sys

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel
from scripted_source import PANELS, ScriptedSource, make_panel_class, make_test_window, open_in

from builders import snapshot_of, task_info
from moduleview.gui.dialogs.error import ErrorDialog
from moduleview.gui.dialogs.training_data import TrainingDataDialog
from moduleview.gui.look.color_scheme import ColorScheme
from moduleview.gui.look.number_format import exact_count
from moduleview.gui.panel import Area
from moduleview.gui.widgets.elided_label import ElidedLabel
from moduleview.telemetry.commands import Capability, Close, Freeze, Pause, Run, SetThrottle, Stop
from moduleview.telemetry.records import FailureReport, ModelOpened, RunChanged, RunState, SeriesDeclared, SeriesKey

FIRST_SELECTED = "blocks"  # of the small model of the builders


@pytest.fixture
def window(qtbot, tmp_path):
    made = make_test_window(qtbot, tmp_path)
    made.resize(1600, 1000)
    made.show()
    return made


@pytest.fixture
def source(window):
    made = ScriptedSource()
    open_in(window, made)
    return made


def say(window, source, *records):
    source.records.extend(records)
    window.contents.clock.tick()


def press(qtbot, window, key, modifier=Qt.KeyboardModifier.NoModifier):
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, key, modifier)


def test_welcome_page_until_a_model_is_open_and_again_after_it_is_closed(window):
    assert window.contents.pages.currentWidget().text() == "welcome"
    open_in(window, ScriptedSource())
    assert window.contents.pages.currentWidget() is window.contents.docks
    window.contents.actions.run("file.close")
    window.contents.clock.tick()
    assert window.contents.pages.currentWidget().text() == "welcome"


def test_panel_that_cannot_be_made_is_reported_once_and_left_out(qtbot, tmp_path, monkeypatch):
    class BrokenPanel(make_panel_class("broken", Area.RIGHT)):
        def __init__(self, context, parent=None):
            raise LookupError("broken panel")

    reported = []
    monkeypatch.setattr(sys, "excepthook", lambda _type, error, _traceback: reported.append(str(error)))
    window = make_test_window(qtbot, tmp_path, panels=(*PANELS, BrokenPanel))
    window.show()
    open_in(window, ScriptedSource())
    window.contents.clock.tick()
    assert [dock.objectName() for dock in window.contents.docks.docks] == [panel.panel_id for panel in PANELS]
    assert reported == ["broken panel"]


def test_title_names_model_and_origin(window, source):
    assert window.contents.title.text() == "Net · net.py"
    assert "Net" in window.windowTitle()


@pytest.mark.parametrize(
    ("key", "modifier", "state", "command"),
    [
        (Qt.Key.Key_F5, Qt.KeyboardModifier.NoModifier, RunState.READY, Run()),
        (Qt.Key.Key_F6, Qt.KeyboardModifier.NoModifier, RunState.RUNNING, Pause()),
        (Qt.Key.Key_F10, Qt.KeyboardModifier.NoModifier, RunState.PAUSED, Run(1)),
        (Qt.Key.Key_F10, Qt.KeyboardModifier.ControlModifier, RunState.PAUSED, Run(100)),
        (Qt.Key.Key_F5, Qt.KeyboardModifier.ShiftModifier, RunState.RUNNING, Stop()),
    ],
    ids=["run", "pause", "one step", "n steps", "stop"],
)
def test_keys_control_the_run(qtbot, window, source, key, modifier, state, command):
    say(window, source, RunChanged(state, step=3))
    press(qtbot, window, key, modifier)
    assert source.commands == [command]


def test_run_looks_pressed_exactly_while_it_runs(qtbot, window, source):
    button = window.contents.toolbar.findChild(object, "button.run.start")
    assert not button.isChecked()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not button.isChecked(), "pressed before the training thread said that it runs"
    say(window, source, RunChanged(RunState.RUNNING))
    assert button.isChecked()
    say(window, source, RunChanged(RunState.PAUSED, step=2))
    assert not button.isChecked()


def test_what_cannot_be_used_says_why(window, source):
    assert not window.contents.actions.action("run.pause").isEnabled()
    assert "Nothing is running" in window.contents.actions.action("run.pause").toolTip()
    source.open_model(can_train=False, cannot_train_reason="This model came without data.")
    window.contents.clock.tick()
    assert not window.contents.actions.action("run.start").isEnabled()
    assert "without data" in window.contents.actions.action("run.start").toolTip()
    assert window.contents.actions.action("model.training_data").isEnabled()


def test_training_data_of_a_model_without_parameters_say_that_there_is_nothing_to_train(window):
    relu = ModelOpened(snapshot_of((("", "ReLU", ()),)), task_info(can_train=False, cannot_train_reason="No batches."))
    source = ScriptedSource()
    source.records.append(relu)
    open_in(window, source)
    window.contents.actions.run("model.training_data")
    (dialog,) = window.findChildren(TrainingDataDialog)
    assert "no parameters" in dialog.problem
    assert not dialog.use_button.isEnabled()


def test_source_without_control_cannot_be_run(window):
    recording = ScriptedSource()
    recording.capabilities = Capability.REPORTS
    open_in(window, recording)
    assert "cannot be run from here" in window.contents.actions.action("run.start").toolTip()
    assert not window.contents.toolbar.steps.isEnabled()
    assert not window.contents.toolbar.throttle.isEnabled()


def test_refusal_says_what_is_wrong_and_what_to_do_without_a_dialog(window, source):
    refusal = FailureReport("There is no device 'cuda:0' here.", "Choose one of: cpu.")
    say(window, source, RunChanged(RunState.PAUSED, step=3, failure=refusal))
    assert window.contents.status.message.text() == "There is no device 'cuda:0' here. Choose one of: cpu."
    assert not [dialog for dialog in window.findChildren(ErrorDialog) if dialog.isVisible()]


BOOM = FailureReport("The forward pass raised ValueError: boom <b>x</b>.", "Mend it and run again.", "Traceback: boom")


def is_elided(label):
    """A character of the text is not on the screen."""
    return label.fontMetrics().horizontalAdvance(label.text()) > label.width()


def test_a_long_sentence_of_the_users_stands_as_written_with_the_whole_of_it_as_tooltip(window, source):
    message = window.contents.status.message
    long = FailureReport(BOOM.title, "Look at the last line of the traceback. " * 20)
    say(window, source, RunChanged(RunState.PAUSED, step=3, failure=long))
    assert isinstance(message, ElidedLabel)
    assert message.textFormat() is Qt.TextFormat.PlainText
    assert is_elided(message)
    assert "&lt;b&gt;x&lt;/b&gt;" in message.toolTip()
    assert message.accessibleName() == f"{long.title} {long.advice}"


@pytest.mark.parametrize("end", ["run again", "another model", "close"])
def test_message_about_a_failure_goes_with_it(window, source, end):
    say(window, source, RunChanged(RunState.FAILED, step=3, failure=BOOM))
    assert "boom" in window.contents.status.message.text()
    if end == "run again":
        say(window, source, RunChanged(RunState.RUNNING, step=3))
    elif end == "another model":
        open_in(window, ScriptedSource())
    else:
        window.contents.actions.run("file.close")
    assert window.contents.status.message.text() == ""


def test_what_was_said_after_a_failure_stays_when_the_run_goes_on(window, source):
    say(window, source, RunChanged(RunState.FAILED, step=3, failure=BOOM))
    window.contents.status.say("Copied lin")
    say(window, source, RunChanged(RunState.RUNNING, step=3))
    assert window.contents.status.message.text() == "Copied lin"


def test_n_steps_makes_as_many_as_the_field_says(qtbot, window, source):
    window.contents.toolbar.steps.setValue(7)
    window.contents.actions.run("run.n_steps")
    assert source.commands == [Run(7)]


def test_throttle_is_sent_and_told_to_the_next_model_too(window, source):
    box = window.contents.toolbar.throttle
    box.setCurrentIndex(2)
    box.activated.emit(2)
    assert source.commands == [SetThrottle(5)]
    other = ScriptedSource()
    other.open_model(target="other.py")
    open_in(window, other)
    assert SetThrottle(5) in other.commands


def test_toolbar_shows_state_step_and_time(window, source):
    say(window, source, RunChanged(RunState.RUNNING, step=1284, elapsed_s=33))
    window.contents.clock.tick()
    text = " ".join(label.text() for label in window.contents.toolbar.readout.findChildren(QLabel))
    assert "Running" in text
    assert exact_count(1284) in text
    assert "00:33" in text


def test_drops_are_shown_as_a_warning(qtbot, window, source):
    readout = window.contents.status.readouts["drops"]
    assert readout.text == "drops 0"
    source.n_dropped = 12
    window.contents.clock.tick()
    qtbot.waitUntil(lambda: "12" in readout.text)
    assert readout.warns


def test_message_leaves_after_a_while(qtbot, window, monkeypatch):
    window.contents.status.fade.setInterval(1)
    window.contents.status.say("Opened.")
    assert window.contents.status.message.text() == "Opened."
    qtbot.waitUntil(lambda: window.contents.status.message.text() == "")


def test_failed_run_shows_the_traceback_once_and_the_window_goes_on(window, source):
    failure = FailureReport("The forward pass raised ValueError.", "Mend it and run again.", 'File "net.py", line 3')
    say(window, source, RunChanged(RunState.FAILED, step=3, failure=failure))
    window.contents.clock.tick()
    dialogs = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, ErrorDialog)]
    assert [dialog.failure.title for dialog in dialogs if dialog.isVisible()] == [failure.title]
    assert window.contents.actions.action("run.start").isEnabled()


def test_model_that_just_opened_has_a_telling_module_selected_and_the_focus_stays(window):
    window.contents.pages.setFocus()
    open_in(window, ScriptedSource())
    assert window.contents.selection.fqn == FIRST_SELECTED
    assert QApplication.focusWidget() is window.contents.pages


def test_another_model_clears_the_selection_and_the_same_one_keeps_it(window, source):
    window.contents.selection.select("blocks.0")
    source.open_model()
    window.contents.clock.tick()
    assert window.contents.selection.fqn == "blocks.0"
    window.contents.selection.select("blocks.0", "gone")
    source.open_model(target="other.py")
    window.contents.clock.tick()
    assert window.contents.selection.fqns == (FIRST_SELECTED,)


def test_back_and_forward_walk_through_what_was_selected(qtbot, window, source):
    for fqn in ("embed", "head"):
        window.contents.selection.select(fqn)
    window.contents.clock.tick()
    press(qtbot, window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert window.contents.selection.fqn == "embed"
    window.contents.clock.tick()
    press(qtbot, window, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert window.contents.selection.fqn == "head"


def test_freeze_is_offered_for_what_is_trainable_only(window, source):
    window.contents.selection.clear()
    window.contents.clock.tick()
    assert not window.contents.actions.action("model.freeze").isEnabled()
    window.contents.selection.select("head")
    window.contents.clock.tick()
    assert window.contents.actions.action("model.freeze").isEnabled()
    assert not window.contents.actions.action("model.unfreeze").isEnabled()
    window.contents.actions.run("model.freeze")
    assert source.commands == [Freeze("head", True)]


def test_copied_path_is_the_selected_one(window, source):
    window.contents.selection.select("blocks.0", tensor_fqn="blocks.0.lin.weight")
    window.contents.clock.tick()
    window.contents.actions.run("edit.copy_path")
    assert QGuiApplication.clipboard().text() == "blocks.0.lin.weight"


def test_view_menu_closes_and_brings_back_panels(qtbot, window, source):
    window.contents.clock.tick()
    action = window.contents.actions.action("view.panel.inspector")
    assert action.isChecked()
    action.trigger()
    window.contents.clock.tick()
    assert not action.isChecked()
    assert not window.contents.docks.dock("inspector").is_open
    action.trigger()
    window.contents.clock.tick()
    assert action.isChecked()


def test_theme_and_zoom_change_from_the_menu_and_come_back(qtbot, window, tmp_path):
    window.contents.actions.run("view.theme.dark")
    window.contents.actions.run("view.zoom_in")
    window.contents.clock.tick()
    assert window.contents.actions.action("view.theme.dark").isChecked()
    window.contents.toolbar.steps.setValue(5)
    window.close()
    again = make_test_window(qtbot, tmp_path)
    assert again.contents.parts.theme.tokens.is_dark
    assert again.contents.parts.appearance.scheme is ColorScheme.DARK
    assert again.contents.parts.theme.zoom == pytest.approx(1.1)
    assert again.contents.toolbar.steps.value() == 5


def test_broken_settings_are_read_as_none(qtbot, tmp_path):
    (tmp_path / "settings.ini").write_text("[theme]\nscheme=purple\nzoom=large\n[window]\ngeometry=x\n")
    window = make_test_window(qtbot, tmp_path)
    assert window.contents.parts.theme.zoom == 1.0
    assert window.width() == 1280


def test_dropped_file_is_opened(qtbot, window, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(window.contents.opener, "open_target", lambda target, **_: opened.append(target))
    file = tmp_path / "net.py"
    file.write_text("")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file))])
    left, plain = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    copy = Qt.DropAction.CopyAction
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(50, 50), copy, mime, left, plain))
    QApplication.sendEvent(window, QDropEvent(QPointF(50, 50), copy, mime, left, plain))
    assert opened == [str(file)]


def test_close_tells_the_source_to_let_go_and_saves(window, source, tmp_path):
    window.close()
    assert Close() in source.commands
    assert not window.isVisible()
    assert (tmp_path / "settings.ini").exists()


def test_close_waits_for_a_step_that_goes_on_and_says_so(qtbot, window, source, monkeypatch):
    source.is_ended = False
    window.close()
    assert window.isVisible()
    qtbot.waitUntil(lambda: "Waiting for the training step" in window.contents.status.message.text())
    source.is_ended = True
    qtbot.waitUntil(lambda: not window.isVisible())
    assert not window.contents.has_left_a_thread


def test_close_gives_up_on_a_thread_that_never_ends(qtbot, window, source, monkeypatch):
    monkeypatch.setattr("moduleview.gui.lifetime.closing.GIVE_UP_AFTER_S", 0.1)
    source.is_ended = False
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert window.contents.has_left_a_thread


def test_panels_are_made_after_the_first_paint(qtbot, tmp_path):
    window = make_test_window(qtbot, tmp_path)
    assert window.contents.pages.made_docks is None
    window.show()
    qtbot.waitUntil(lambda: window.contents.pages.made_docks is not None)


def test_everything_that_takes_the_focus_in_the_frame_has_a_name(window, source):
    widgets = [*window.contents.toolbar.findChildren(object), *window.menuBar().findChildren(object)]
    focusable = [w for w in widgets if w.isWidgetType() and w.focusPolicy() & Qt.FocusPolicy.TabFocus and w.isVisible()]
    assert focusable
    nameless = [w for w in focusable if not (w.accessibleName() or w.parent().accessibleName())]
    assert not nameless


def test_status_bar_shows_what_was_measured(window, source):
    say(window, source, SeriesDeclared(0, (SeriesKey("loss"),)))
    assert window.contents.status.readouts["loss"].text == "loss –"
    assert window.contents.status.readouts["device"].text == f"device {task_info().device}"
