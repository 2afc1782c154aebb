import pytest
from PySide6.QtCore import QSettings

from moduleview.gui.opening.recent_files import MAXIMUM_RECENT, RecentFiles
from moduleview.resources import resource_path


@pytest.fixture
def settings(tmp_path):
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def files(tmp_path):
    made = [tmp_path / f"model_{i}.py" for i in range(12)]
    for file in made:
        file.touch()
    return made


def test_newest_stands_first_and_ten_are_kept(settings, files):
    recent = RecentFiles(settings)
    for second, file in enumerate(files):
        recent.add(str(file), second)
    targets = [entry.target for entry in recent.entries()]
    assert targets == [str(file) for file in reversed(files)][:MAXIMUM_RECENT]
    assert recent.entries()[0].opened_s == 11


def test_target_that_is_opened_again_stands_once(settings, files):
    recent = RecentFiles(settings)
    for file in (files[0], files[1], files[0]):
        recent.add(str(file))
    assert [entry.target for entry in recent.entries()] == [str(files[0]), str(files[1])]


def test_sample_that_is_opened_by_its_file_stands_once(settings):
    recent = RecentFiles(settings)
    recent.add("sample:digits")
    recent.add(str(resource_path("samples") / "digits.py"))
    assert [entry.target for entry in recent.entries()] == ["sample:digits"]


def test_list_is_there_after_a_restart(settings, files):
    RecentFiles(settings).add(f"{files[0]}:Net", 5.0)
    settings.sync()
    again = RecentFiles(QSettings(settings.fileName(), QSettings.Format.IniFormat))
    assert [(entry.target, entry.opened_s) for entry in again.entries()] == [(f"{files[0]}:Net", 5.0)]


def test_deleted_file_is_left_out(settings, files):
    recent = RecentFiles(settings)
    recent.add(str(files[0]))
    recent.add("torch.nn:Linear")
    files[0].unlink()
    assert [entry.target for entry in recent.entries()] == ["torch.nn:Linear"]


@pytest.mark.parametrize("broken", ["", "{", "[[1]]", "[null]", '[["a.py", "x"]]', "7", "null", '{"a": 1}'])
def test_broken_setting_is_an_empty_list(settings, files, broken):
    settings.setValue("recent/targets", broken)
    recent = RecentFiles(settings)
    assert recent.entries() == ()
    recent.add(str(files[0]))
    assert len(recent.entries()) == 1


def test_relative_path_is_remembered_whole(settings, files, monkeypatch):
    monkeypatch.chdir(files[0].parent)
    recent = RecentFiles(settings)
    recent.add("model_0.py")
    assert recent.entries()[0].target == str(files[0])


def test_changes_are_said(qtbot, settings, files):
    recent = RecentFiles(settings)
    for change in (lambda: recent.add(str(files[0])), lambda: recent.remove(str(files[0])), recent.clear):
        with qtbot.waitSignal(recent.changed, timeout=100):
            change()
    assert recent.entries() == ()
