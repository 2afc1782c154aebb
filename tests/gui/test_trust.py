import pytest
from PySide6.QtCore import QSettings

from moduleview.gui.opening.trust import TrustedFolders


@pytest.fixture
def settings(tmp_path):
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


def test_nothing_is_trusted_at_first(settings, tmp_path):
    trusted = TrustedFolders(settings)
    assert not trusted.is_trusted(tmp_path / "a.py")
    assert trusted.folders() == ()


def test_folder_covers_what_lies_below_it_and_nothing_beside_it(settings, tmp_path):
    trusted = TrustedFolders(settings)
    trusted.trust(tmp_path / "work")
    assert trusted.is_trusted(tmp_path / "work" / "a.py")
    assert trusted.is_trusted(tmp_path / "work" / "deep" / "a.py")
    assert not trusted.is_trusted(tmp_path / "work2" / "a.py")
    assert not trusted.is_trusted(tmp_path / "work" / ".." / "a.py")


def test_link_in_a_trusted_folder_lends_no_trust(settings, tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (outside / "a.py").touch()
    (inside / "a.py").symlink_to(outside / "a.py")
    trusted = TrustedFolders(settings)
    trusted.trust(inside)
    assert not trusted.is_trusted(inside / "a.py")


def test_trust_is_remembered_and_can_be_taken_back(settings, tmp_path):
    TrustedFolders(settings).trust(tmp_path)
    settings.sync()
    again = TrustedFolders(QSettings(settings.fileName(), QSettings.Format.IniFormat))
    assert again.is_trusted(tmp_path / "a.py")
    again.revoke(again.folders()[0])
    assert not again.is_trusted(tmp_path / "a.py")


def test_samples_are_trusted_without_a_question_and_not_listed(settings, tmp_path):
    trusted = TrustedFolders(settings, always=[tmp_path])
    assert trusted.is_trusted(tmp_path / "digits.py")
    assert trusted.folders() == ()


@pytest.mark.parametrize("broken", ["", "{", "7", "null", "[1, null]", '[""]'])
def test_broken_setting_trusts_nothing(settings, tmp_path, broken):
    settings.setValue("trust/folders", broken)
    assert not TrustedFolders(settings).is_trusted(tmp_path / "a.py")
