import sys

import pytest
from PySide6.QtCore import QProcess, QSettings, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QWidget
from shiboken6 import isValid

from moduleview.gui.dialogs.about import AboutDialog
from moduleview.gui.dialogs.doctor import DoctorDialog
from moduleview.gui.dialogs.error import ErrorDialog
from moduleview.gui.dialogs.open_by_name import OpenByNameDialog, names_in
from moduleview.gui.dialogs.shortcuts import Shortcut, ShortcutsDialog
from moduleview.gui.dialogs.training_data import TrainingDataDialog
from moduleview.gui.dialogs.trust import TrustDialog, TrustedFoldersDialog
from moduleview.gui.look.theme import Theme
from moduleview.gui.opening.failure_dialogs import MAXIMUM_OPEN, FailureDialogs
from moduleview.gui.opening.trust import TrustedFolders
from moduleview.gui.widgets.code_view import CodeView
from moduleview.telemetry.commands import SetTrainingData
from moduleview.telemetry.records import FailureReport

TRACEBACK = 'Traceback (most recent call last):\n  File "train.py", line {0}, in forward\n    x\nValueError: {1}\n'
KEYS = (
    Shortcut("File", "Open a model...", "Ctrl+O"),
    Shortcut("File", "Close", ""),
    Shortcut("Run", "Run", "F5"),
    Shortcut("Run", "One step", "F10"),
    Shortcut("Help", "Keys", "?"),
)


@pytest.fixture
def window(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    made.theme = Theme(made)
    made.show()
    return made


def failure(line=12, message="bad", title="The forward pass raised ValueError."):
    return FailureReport(title, "Look at the last line.", TRACEBACK.format(line, message))


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def visible(window):
    return [dialog for dialog in window.findChildren(ErrorDialog) if dialog.isVisible()]


def test_error_is_copied_whole(qtbot, window):
    dialog = ErrorDialog(failure(), window.theme, window)
    click(qtbot, dialog.copy_button)
    text = QGuiApplication.clipboard().text()
    assert text.startswith("The forward pass raised ValueError.\n\nLook at the last line.")
    assert text.endswith("ValueError: bad\n")


def test_error_does_not_hold_the_window_up(window):
    dialog = FailureDialogs(window.theme, window).show(failure())
    assert dialog.isVisible()
    assert not dialog.isModal()


def test_error_without_traceback_is_two_sentences(window):
    dialog = ErrorDialog(FailureReport("a.py does not exist.", "Check the path."), window.theme, window)
    assert dialog.findChildren(CodeView) == []
    assert dialog.text() == "a.py does not exist.\n\nCheck the path."


def test_markup_in_an_error_is_shown_as_it_is(window):
    dialog = ErrorDialog(FailureReport("<b>no</b>", "<img src=x>"), window.theme, window)
    shown = {label.text(): label.textFormat() for label in dialog.findChildren(QLabel)}
    assert shown["<b>no</b>"] == shown["<img src=x>"] == Qt.TextFormat.PlainText


def test_same_place_is_one_dialog_however_often_it_fails(window):
    failures = FailureDialogs(window.theme, window)
    first = failures.show(failure(message="step 1"))
    assert failures.show(failure(message="step 2")) is first
    assert failures.show(failure(line=13)) is not first
    assert len(visible(window)) == 2


def test_place_that_was_closed_is_shown_again(qtbot, window):
    failures = FailureDialogs(window.theme, window)
    click(qtbot, failures.show(failure()).close_button)
    qtbot.waitUntil(lambda: not window.findChildren(ErrorDialog))
    assert failures.show(failure()).isVisible()


def test_flood_of_failures_leaves_the_window_usable(window):
    failures = FailureDialogs(window.theme, window)
    for line in range(50):
        failures.show(failure(line=line))
    assert len(visible(window)) == MAXIMUM_OPEN


def test_bug_of_ours_is_shown_once_a_place(qtbot, window):
    failures = FailureDialogs(window.theme, window)

    def fail():
        try:
            raise KeyError("ours")
        except KeyError as error:
            failures.show_bug(*sys.exc_info())
            return error

    fail()
    (dialog,) = visible(window)
    assert not dialog.failure.is_users
    assert "KeyError" in dialog.text()
    click(qtbot, dialog.close_button)
    qtbot.waitUntil(lambda: not window.findChildren(ErrorDialog))
    fail()
    assert visible(window) == []


@pytest.mark.qt_no_exception_capture
def test_slot_and_paint_that_raise_each_time_are_one_dialog_each(qtbot, window, monkeypatch, capsys):
    """Fault rows 37 and 38: nothing is swallowed, and nothing storms."""

    class Broken(QWidget):
        n_painted = 0

        def paintEvent(self, _event):
            self.n_painted += 1
            raise ValueError(f"in paint {self.n_painted}")

    failures = FailureDialogs(window.theme, window)
    monkeypatch.setattr(sys, "excepthook", failures.show_bug)
    broken, timer, n_ticks = Broken(window), QTimer(window), []

    def on_tick():
        n_ticks.append(1)
        broken.update()
        raise KeyError(f"in a slot {len(n_ticks)}")

    broken.show()
    timer.timeout.connect(on_tick)
    timer.start(0)
    qtbot.waitUntil(lambda: len(n_ticks) >= 5 and broken.n_painted >= 3)
    timer.stop()
    broken.hide()
    assert sorted(dialog.failure.title for dialog in visible(window)) == [
        "moduleview made a mistake: KeyError.",
        "moduleview made a mistake: ValueError.",
    ]
    assert capsys.readouterr().err.count("Traceback") == 2


def test_trust_shows_path_and_code_with_hidden_characters_written_out(window, tmp_path):
    file = tmp_path / "train.py"
    file.write_text('access = "user\u202e"  # \x1b[31m\nimport this\n', encoding="utf-8")
    dialog = TrustDialog(file, window.theme, window)
    (code,) = dialog.findChildren(CodeView)
    assert code.code().splitlines() == ['access = "user\\u202e"  # \\x1b[31m', "import this"]


def test_trust_says_how_far_it_goes(window, tmp_path):
    dialog = TrustDialog(tmp_path / "train.py", window.theme, window)
    assert any("and those inside it" in label.text() for label in dialog.findChildren(QLabel))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x" * 1_000_000, b""])
def test_trust_shows_any_file(window, tmp_path, content):
    file = tmp_path / "train.py"
    file.write_bytes(content)
    assert len(TrustDialog(file, window.theme, window).findChildren(CodeView)[0].code()) < 100_000


def test_trust_is_taken_back_from_the_list(qtbot, window, tmp_path):
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    trusted = TrustedFolders(settings)
    trusted.trust(tmp_path / "a")
    trusted.trust(tmp_path / "b")
    dialog = TrustedFoldersDialog(trusted, window.theme, window)
    assert not dialog.revoke_button.isEnabled()
    dialog.list.setCurrentRow(0)
    click(qtbot, dialog.revoke_button)
    assert trusted.folders() == (tmp_path / "b",)
    assert dialog.list.count() == 1


def test_keys_page_lists_what_has_a_key_and_filters(qtbot, window):
    dialog = ShortcutsDialog(KEYS, window.theme, window)
    dialog.show()
    assert [shortcut.title for shortcut in dialog.shown()] == ["Open a model...", "Run", "One step", "Keys"]
    qtbot.keyClicks(dialog.filter, "run f10")
    assert [shortcut.title for shortcut in dialog.shown()] == ["One step"]
    texts = {label.text() for label in dialog.findChildren(QLabel) if label.isVisible()}
    assert "One step" in texts
    assert "Open a model..." not in texts


def test_about_takes_the_versions_along(qtbot, window):
    dialog = AboutDialog(window.theme, window)
    click(qtbot, dialog.copy_button)
    text = QGuiApplication.clipboard().text()
    assert all(name in text for name in ("moduleview ", "torch ", "PySide6 ", "Python "))


def test_names_are_read_from_a_file_that_is_not_run(tmp_path):
    file = tmp_path / "train.py"
    file.write_text(
        "import os\nclass Net: pass\ndef make(): pass\nmodel = other = make()\n_hidden = 1\nraise SystemExit\n"
    )
    assert names_in(file) == ("Net", "make", "model", "other")
    file.write_text("def (:\n")
    assert names_in(file) == ()
    assert names_in(tmp_path / "missing.py") == ()


def test_open_by_name_offers_the_names_and_gives_the_target(qtbot, window, tmp_path):
    file = tmp_path / "train.py"
    file.write_text("class Net: pass\nclass Other: pass\n")
    dialog = OpenByNameDialog(str(file), window.theme, window)
    assert [dialog.name.itemText(i) for i in range(dialog.name.count())] == ["", "Net", "Other"]
    assert dialog.target() == str(file)
    dialog.name.setCurrentText("Other")
    assert dialog.target() == f"{file}:Other"


def test_open_by_name_waits_for_a_place(window):
    dialog = OpenByNameDialog("", window.theme, window)
    assert not dialog.open_button.isEnabled()
    dialog.place.setText("torchvision.models")
    assert dialog.open_button.isEnabled()


@pytest.fixture
def sent():
    return []


@pytest.fixture
def training(window, sent):
    return TrainingDataDialog("Net", sent.append, window.theme, window)


def test_training_data_are_sent_as_the_fields_say(qtbot, training, sent):
    training.shapes.setText("16 x 3 x 8 x 8")
    training.dtype.setCurrentText("int64")
    training.loss.setCurrentText("cross_entropy")
    training.classes.setValue(7)
    training.rate.setText("0.01")
    click(qtbot, training.use_button)
    assert sent == [SetTrainingData(((16, 3, 8, 8),), "int64", "cross_entropy", 7, 0.01)]


def test_preview_is_python_and_follows_the_fields(training):
    training.shapes.setText("(16, 3), (16, 5)")
    code = training.preview.code()
    compile(code, "preview", "exec")
    assert "(16, 3)" in code
    assert "(16, 5)" in code
    training.rate.setText("0.5")
    assert "lr=0.5" in training.preview.code()


@pytest.mark.parametrize(
    ("field", "text", "word"),
    [
        ("shapes", "", "shape"),
        ("shapes", "32 × a", "whole number"),
        ("shapes", "32 × 0", "below 1"),
        ("shapes", "99999 × 99999 × 99999", "smaller"),
        ("shapes", "8192 × 8192, 64", "2 GiB"),
        ("rate", "", "learning rate"),
        ("rate", "0", "not positive"),
        ("rate", "1e400", "finite"),
    ],
)
def test_field_that_cannot_be_used_says_why_and_keeps_the_preview(training, sent, field, text, word):
    before = training.preview.code()
    getattr(training, field).setText(text)
    assert word in training.problem
    assert not training.use_button.isEnabled()
    assert training.preview.code() == before
    getattr(training, field).setText("0.1" if field == "rate" else "4 × 4")
    assert training.problem == ""
    assert training.use_button.isEnabled()


def test_size_limit_is_on_all_batches_together_and_knows_their_type(training):
    training.shapes.setText("8192 × 8192")
    assert training.problem == ""
    training.dtype.setCurrentText("float64")
    assert "2 GiB" in training.problem


def test_model_that_no_data_can_train_says_so_in_the_dialog(qtbot, window, sent):
    dialog = TrainingDataDialog("Net", sent.append, window.theme, window, obstacle="The model has no parameters.")
    dialog.shapes.setText("8 × 4")
    assert dialog.problem == "The model has no parameters."
    assert not dialog.use_button.isEnabled()


def test_classes_are_asked_for_only_where_they_matter(training):
    training.loss.setCurrentText("mse_loss")
    assert not training.classes.isEnabled()
    training.loss.setCurrentText("cross_entropy")
    assert training.classes.isEnabled()


@pytest.mark.parametrize("zoom", [1.0, 2.0])
def test_every_dialog_has_a_name_and_draws_in_both_themes(window, tmp_path, zoom):
    window.theme.set_zoom(zoom)
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    dialogs = (
        ErrorDialog(failure(), window.theme, window),
        TrustDialog(tmp_path / "a.py", window.theme, window),
        TrustedFoldersDialog(TrustedFolders(settings), window.theme, window),
        ShortcutsDialog(KEYS, window.theme, window),
        AboutDialog(window.theme, window),
        OpenByNameDialog("", window.theme, window),
        TrainingDataDialog("Net", print, window.theme, window),
    )
    for dialog in dialogs:
        assert dialog.accessibleName()
        assert dialog.windowTitle()
        for dark in (True, False):
            window.theme.set_dark(dark)
            assert not dialog.grab().isNull()


def test_training_data_that_did_not_fit_are_proposed_for_correction(window):
    applied = SetTrainingData(((8, 99), (8, 3)), "int64", "cross_entropy", 7, 0.25)
    dialog = TrainingDataDialog("Net", print, window.theme, window, applied)
    assert dialog.command() == applied


def test_doctor_that_is_closed_while_it_looks_leaves_no_process_and_no_warning(qtbot, window):
    """Found by the monkey: Qt warns of, and waits for, a process whose dialog goes before its end was seen."""
    dialog = DoctorDialog(window.theme, window)
    command = dialog.findChild(QProcess)
    dialog.open()
    qtbot.waitUntil(lambda: command.state() is QProcess.ProcessState.Running)
    dialog.accept()
    assert command.state() is QProcess.ProcessState.NotRunning
    dialog.deleteLater()
    qtbot.waitUntil(lambda: not isValid(dialog))
