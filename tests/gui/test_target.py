import sys

import pytest

from moduleview.errors import TargetError
from moduleview.gui.opening.target import Target
from moduleview.resources import resource_path


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("train.py", "train.py"),
        ("train.py:Net", "train.py : Net"),
        ("./deep/train.py:make.inner", "train.py : make.inner"),
        ("package.module:name", "package.module : name"),
        ("package.module", "package.module"),
        ("sample:digits", "sample:digits"),
    ],
)
def test_target_is_taken_apart(text, title):
    assert Target.parse(text).title == title


@pytest.mark.parametrize("text", ["/a/train.py:Net", "/a/train.py", "package.module:name", "package", "sample:digits"])
def test_absolute_target_is_written_as_it_was_read(text):
    assert str(Target.parse(text)) == text


def test_home_is_written_short(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Target.parse(f"{tmp_path}/nets/a.py").folder == "~/nets"
    assert Target.parse("~/nets/a.py").file == tmp_path / "nets" / "a.py"


def test_module_is_found_without_running_its_package(tmp_path, monkeypatch):
    package = tmp_path / "loud_package"
    (package / "inner").mkdir(parents=True)
    for folder in (package, package / "inner"):
        (folder / "__init__.py").write_text("raise RuntimeError('this ran')")
    (package / "inner" / "models.py").write_text("raise RuntimeError('this ran')")
    monkeypatch.syspath_prepend(tmp_path)
    assert Target.parse("loud_package.inner.models:Net").source_file() == package / "inner" / "models.py"
    assert Target.parse("loud_package").source_file() == package / "__init__.py"
    assert "loud_package" not in sys.modules


@pytest.mark.parametrize("text", ["lone_module:Net", "loose_folder.inner:Net"])
def test_module_of_the_current_folder_is_found_though_it_is_not_on_the_path(tmp_path, monkeypatch, text):
    (tmp_path / "loose_folder").mkdir()
    for name in ("lone_module.py", "loose_folder/inner.py"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder not in ("", str(tmp_path))])
    file = Target.parse(text).source_file()
    assert file is not None
    assert file.is_relative_to(tmp_path)


@pytest.mark.parametrize("text", ["no_such_package.inner", "json.no_such", "sys"])
def test_module_that_has_no_file_is_none(text):
    assert Target.parse(text).source_file() is None


@pytest.mark.parametrize("text", ["", ":", "a b", "/a/\0b.py", "train.py:not a name"])
def test_what_is_no_target_is_said(text):
    with pytest.raises(TargetError):
        Target.parse(text)


def test_sample_is_the_file_that_comes_with_the_program():
    assert Target.parse("sample:digits").source_file() == resource_path("samples", "digits.py")


def test_file_of_a_sample_is_the_sample():
    folder = resource_path("samples")
    assert Target.parse(str(folder / "digits.py")) == Target.parse("sample:digits")
    assert Target.parse(f"{folder / 'digits.py'}:make_model").file == folder / "digits.py"
    assert Target.parse(str(folder / "absent.py")).file == folder / "absent.py"


def test_link_is_followed_to_the_code_that_runs(tmp_path):
    (tmp_path / "real.py").touch()
    (tmp_path / "link.py").symlink_to(tmp_path / "real.py")
    assert Target.parse(str(tmp_path / "link.py")).source_file() == tmp_path / "real.py"
