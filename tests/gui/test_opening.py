from collections import deque
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton, QWidget

from builders import snapshot_of, task_info
from moduleview.gui.dialogs.error import ErrorDialog
from moduleview.gui.dialogs.open_by_name import OpenByNameDialog
from moduleview.gui.dialogs.trust import TrustDialog, TrustedFoldersDialog
from moduleview.gui.look.theme import Theme
from moduleview.gui.opening.drop_target import DropTarget
from moduleview.gui.opening.failure_dialogs import FailureDialogs
from moduleview.gui.opening.opener import Opener
from moduleview.gui.opening.recent_files import RecentFiles
from moduleview.gui.opening.trust import TrustedFolders
from moduleview.session import Session
from moduleview.telemetry.commands import Capability, Run
from moduleview.telemetry.records import FailureReport, ModelOpened, OpenFailed


class ScriptedSource:
    """Says what the test tells it to, and writes down what it is sent."""

    def __init__(self, target, device):
        self.target = target
        self.device = device
        self.records = deque()
        self.sent = []

    description = "scripted"
    capabilities = Capability.CONTROL
    n_dropped = 0

    def take(self):
        return self.records.popleft() if self.records else None

    def send(self, command):
        self.sent.append(command)

    def close(self, timeout_s):
        return True


class Desk:
    """A window with all that opening touches."""

    def __init__(self, settings, always):
        self.window = QWidget()
        self.theme = Theme(self.window)
        self.session = Session()
        self.sources = []
        self.trusted = TrustedFolders(settings, always=always, parent=self.window)
        self.recent = RecentFiles(settings, self.window)
        self.failures = FailureDialogs(self.theme, self.window)
        self.opener = Opener(
            self.session, self.make_source, trusted=self.trusted, recent=self.recent, failures=self.failures
        )
        self.said = []
        self.opener.said.connect(self.said.append)

    def make_source(self, target, device):
        self.sources.append(ScriptedSource(target, device))
        return self.sources[-1]

    def answer(self, record, source=-1):
        """The source says how opening went, and the clock ticks."""
        self.sources[source].records.append(record)
        self.session.pump(1.0)
        self.opener.refresh()

    def dialog(self, kind):
        """The one dialog of a kind that is open, or None."""
        found = [dialog for dialog in self.window.findChildren(kind) if dialog.isVisible()]
        assert len(found) <= 1
        return found[0] if found else None


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "models"
    made.mkdir()
    (made / "train.py").write_text("raise RuntimeError('this ran')\n")
    return made


@pytest.fixture
def desk(qtbot, tmp_path):
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    made = Desk(settings, always=[tmp_path / "samples"])
    qtbot.addWidget(made.window)
    made.window.show()
    return made


def an_opened_model():
    return ModelOpened(snapshot_of(), task_info())


def failed(title="train.py raised SyntaxError.", target="train.py"):
    return OpenFailed(target, FailureReport(title, "Correct it.", "Traceback (most recent call last):\nSyntaxError"))


def test_untrusted_file_is_shown_before_anything_runs(desk, folder):
    desk.opener.open_target(str(folder / "train.py"))
    dialog = desk.dialog(TrustDialog)
    assert dialog.file == folder / "train.py"
    assert desk.sources == []


def test_cancel_opens_nothing_and_remembers_nothing(qtbot, desk, folder):
    desk.opener.open_target(str(folder / "train.py"))
    qtbot.mouseClick(desk.dialog(TrustDialog).cancel_button, Qt.MouseButton.LeftButton)
    assert desk.sources == []
    assert desk.trusted.folders() == ()


def test_enter_on_the_question_does_not_trust(qtbot, desk, folder):
    """Cancel is the default: who strikes Enter without reading runs nothing."""
    desk.opener.open_target(str(folder / "train.py"))
    dialog = desk.dialog(TrustDialog)
    dialog.activateWindow()
    qtbot.waitUntil(dialog.cancel_button.hasFocus)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.dialog(TrustDialog) is None)
    assert desk.sources == []


def test_trusted_folder_is_not_asked_for_again(qtbot, desk, folder):
    desk.opener.open_target(f"{folder / 'train.py'}:Net")
    qtbot.mouseClick(desk.dialog(TrustDialog).trust_button, Qt.MouseButton.LeftButton)
    assert [source.target for source in desk.sources] == [f"{folder / 'train.py'}:Net"]
    desk.opener.open_target(str(folder / "train.py"))
    assert len(desk.sources) == 2


def test_target_named_on_the_command_line_is_trusted_this_once(desk, folder):
    desk.opener.open_target(str(folder / "train.py"), is_named=True)
    assert len(desk.sources) == 1
    assert desk.trusted.folders() == ()


def test_target_named_on_the_command_line_trains_at_once_when_asked_to(desk, folder):
    desk.opener.open_target(str(folder / "train.py"), is_named=True, trains=True)
    desk.answer(an_opened_model())
    assert desk.sources[0].sent == [Run()]


def test_sample_opens_without_a_question_and_trains(desk, tmp_path):
    (tmp_path / "samples").mkdir()
    sample = tmp_path / "samples" / "digits.py"
    sample.touch()
    desk.opener.train_target(str(sample))
    desk.answer(an_opened_model())
    assert desk.sources[0].sent == [Run()]


def test_opened_target_is_remembered_and_does_not_train_by_itself(desk, folder):
    desk.opener.open_target(str(folder / "train.py"), is_named=True)
    assert desk.recent.entries() == ()
    desk.answer(an_opened_model())
    assert [entry.target for entry in desk.recent.entries()] == [str(folder / "train.py")]
    assert desk.sources[0].sent == []
    assert desk.said == ["Opening train.py...", "train.py is open. F5 runs, Ctrl+P goes to a module, ? shows the keys."]


def test_model_that_cannot_train_is_announced_with_what_it_lacks(desk, folder):
    desk.opener.open_target(str(folder / "train.py"), is_named=True)
    reason = "There are no batches; give some with Model > Training data..."
    desk.answer(ModelOpened(snapshot_of(), task_info(can_train=False, cannot_train_reason=reason)))
    assert desk.said[-1] == f"train.py is open. {reason}"


def test_failure_shows_once_and_what_was_open_stays_open(desk, folder):
    desk.opener.open_target(str(folder / "train.py"), is_named=True)
    desk.answer(an_opened_model())
    model = desk.session.store.model
    desk.opener.open_target(f"{folder / 'train.py'}:Other", is_named=True)
    desk.answer(failed())
    for _ in range(3):
        desk.opener.refresh()
    assert desk.dialog(ErrorDialog).failure.title == "train.py raised SyntaxError."
    assert desk.session.store.model is model
    assert len(desk.recent.entries()) == 1


def test_second_failure_of_the_same_file_is_shown_again(qtbot, desk, folder):
    for _ in range(2):
        desk.opener.open_target(str(folder / "train.py"), is_named=True)
        desk.answer(failed())
        dialog = desk.dialog(ErrorDialog)
        assert dialog is not None
        dialog.close()
        qtbot.waitUntil(lambda: not desk.window.findChildren(ErrorDialog))


def test_only_the_last_of_two_targets_is_remembered(desk, folder):
    desk.opener.open_target(f"{folder / 'train.py'}:A", is_named=True)
    desk.opener.open_target(f"{folder / 'train.py'}:B", is_named=True)
    desk.answer(an_opened_model())
    assert [entry.target for entry in desk.recent.entries()] == [f"{folder / 'train.py'}:B"]


def test_target_that_is_given_up_is_not_remembered(desk, folder):
    desk.opener.open_target(str(folder / "train.py"), is_named=True)
    desk.session.close_model()
    desk.opener.refresh()
    assert desk.recent.entries() == ()
    assert "not opened any more" in desk.said[-1]


def test_device_of_the_command_line_counts_for_the_target_named_there_only(desk, folder):
    desk.trusted.trust(folder)
    desk.opener.open_target(str(folder / "train.py"), is_named=True, device="bananas")
    desk.answer(failed())
    desk.opener.train_target(str(folder / "train.py"))
    assert [source.device for source in desk.sources] == ["bananas", None]


def test_what_opened_on_a_device_of_the_command_line_is_known_for_a_reload(desk, folder):
    desk.opener.open_target(str(folder / "train.py"), is_named=True, device="cpu")
    assert desk.opener.device is None
    desk.answer(an_opened_model())
    assert desk.opener.device == "cpu"


def test_failure_that_no_other_name_mends_offers_none(desk, folder):
    desk.opener.open_target(str(folder / "train.py"), is_named=True, device="cuda")
    report = FailureReport("There is no device 'cuda' here.", "Choose one of: cpu.")
    desk.answer(OpenFailed("train.py", report, is_about_target=False))
    assert desk.dialog(ErrorDialog).findChild(QPushButton, "choose_name_button") is None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("missing.py", "does not exist"),
        ("weights.bin", "is not a Python file"),
        ("folder.py", "is a folder"),
    ],
)
def test_what_cannot_be_a_model_is_said_without_a_source(desk, folder, name, sentence):
    (folder / "weights.bin").touch()
    (folder / "folder.py").mkdir()
    desk.opener.open_target(str(folder / name), is_named=True)
    assert sentence in desk.dialog(ErrorDialog).failure.title
    assert desk.dialog(ErrorDialog).failure.advice
    assert desk.sources == []


def test_module_that_is_not_there_is_said(desk):
    desk.opener.open_target("no_such_package_at_all:Net", is_named=True)
    assert "no_such_package_at_all" in desk.dialog(ErrorDialog).failure.title
    assert desk.sources == []


def test_dot_for_a_colon_is_answered_with_what_was_meant(desk, folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    desk.opener.open_target("train.Net", is_named=True)
    assert desk.dialog(ErrorDialog).failure.advice == "Did you mean train:Net?"


def test_module_opens_by_name_after_the_question(qtbot, desk, folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    desk.opener.open_target("train:Net")
    qtbot.mouseClick(desk.dialog(TrustDialog).trust_button, Qt.MouseButton.LeftButton)
    assert [source.target for source in desk.sources] == ["train:Net"]


@pytest.mark.parametrize("text", ["", "train.py:not a name", ":"])
def test_what_is_no_target_is_said(desk, text):
    desk.opener.open_target(text, is_named=True)
    assert desk.dialog(ErrorDialog).failure.advice
    assert desk.sources == []


def test_sample_named_on_the_command_line_opens(desk):
    desk.opener.open_target("sample:digits", is_named=True)
    assert [source.target for source in desk.sources] == ["sample:digits"]


def test_link_asks_for_the_folder_of_what_it_leads_to(qtbot, desk, folder, tmp_path):
    (tmp_path / "link.py").symlink_to(folder / "train.py")
    desk.opener.open_target(str(tmp_path / "link.py"))
    assert desk.dialog(TrustDialog).file == folder / "train.py"
    qtbot.mouseClick(desk.dialog(TrustDialog).trust_button, Qt.MouseButton.LeftButton)
    assert desk.trusted.folders() == (folder,)


def test_file_with_several_models_offers_to_name_one(qtbot, desk, folder):
    (folder / "two.py").write_text("class A: pass\nclass B: pass\n")
    target = str(folder / "two.py")
    desk.opener.open_target(target, is_named=True)
    desk.answer(OpenFailed(target, FailureReport("two.py holds several models: A, B.", "Say which one.")))
    button = desk.dialog(ErrorDialog).findChild(QPushButton, "choose_name_button")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    dialog = desk.dialog(OpenByNameDialog)
    assert [dialog.name.itemText(i) for i in range(dialog.name.count())] == ["", "A", "B"]
    assert dialog.target() == target


def test_trust_is_revocable_from_the_question(qtbot, desk, folder, tmp_path):
    desk.trusted.trust(tmp_path / "old")
    desk.opener.open_target(str(folder / "train.py"))
    qtbot.mouseClick(desk.dialog(TrustDialog).trusted_button, Qt.MouseButton.LeftButton)
    dialog = desk.dialog(TrustedFoldersDialog)
    dialog.list.setCurrentRow(0)
    qtbot.mouseClick(dialog.revoke_button, Qt.MouseButton.LeftButton)
    assert desk.trusted.folders() == ()


def test_hostile_name_is_written_out(desk, folder):
    desk.opener.open_target(str(folder / "a\u202epy.exe"))
    title = desk.dialog(ErrorDialog).failure.title
    assert "\u202e" not in title
    assert "\\u202e" in title


def test_chosen_file_is_opened(desk, folder, monkeypatch):
    asked = []

    def choose(parent, title, start, kinds):
        asked.append(start)
        return str(folder / "train.py"), kinds

    monkeypatch.setattr(QFileDialog, "getOpenFileName", choose)
    desk.trusted.trust(folder)
    desk.opener.choose_file()
    desk.answer(an_opened_model())
    desk.opener.choose_file()
    assert [source.target for source in desk.sources] == [str(folder / "train.py")] * 2
    assert asked[1] == str(folder)  # where the last model came from


def test_cancelled_choice_opens_nothing(desk, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    desk.opener.choose_file()
    assert desk.sources == []


def test_name_from_the_dialog_is_opened(qtbot, desk, folder):
    desk.trusted.trust(folder)
    desk.opener.choose_name()
    dialog = desk.dialog(OpenByNameDialog)
    qtbot.keyClicks(dialog.place, str(folder / "train.py"))
    dialog.name.setEditText("Net")
    qtbot.mouseClick(dialog.open_button, Qt.MouseButton.LeftButton)
    assert [source.target for source in desk.sources] == [f"{folder / 'train.py'}:Net"]


def drop(widget, *paths):
    """Drop files onto a widget as a desktop does; whether it took them."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    actions, buttons = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    keys = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(widget.rect().center(), actions, mime, buttons, keys)
    QApplication.sendEvent(widget, enter)
    if enter.isAccepted():
        QApplication.sendEvent(widget, QDropEvent(QPointF(5, 5), actions, mime, buttons, keys))
    return enter.isAccepted()


def test_dropped_file_is_opened(desk, folder):
    DropTarget(desk.window, desk.opener.open_path)
    desk.trusted.trust(folder)
    assert drop(desk.window, folder / "train.py")
    assert [source.target for source in desk.sources] == [str(folder / "train.py")]


def test_dropped_folder_is_looked_into(desk, folder, monkeypatch):
    DropTarget(desk.window, desk.opener.open_path)
    started = []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (started.append(args[2]) or "", ""))
    assert drop(desk.window, folder)
    assert started == [str(folder)]


def test_text_is_not_taken_as_a_drop(desk):
    opened: list[Path] = []
    DropTarget(desk.window, opened.append)
    assert not drop(desk.window)
    assert opened == []
