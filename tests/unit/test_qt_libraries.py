import ctypes
import subprocess
import sys

import pytest

from moduleview import qt_libraries

pytestmark = pytest.mark.skipif(not qt_libraries.is_linux(), reason="only Linux lacks parts of Qt")


@pytest.fixture
def bare_session(monkeypatch):
    """No display, no platform asked for."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def lack(monkeypatch, *sonames):
    """The loader finds all that Qt links but these, whatever this machine has."""
    linked = {*qt_libraries._BASE, *qt_libraries._X11, *qt_libraries._WAYLAND}
    load = ctypes.CDLL

    def refuse(name, *args, **kwargs):
        if name in sonames:
            raise OSError(f"{name}: cannot open shared object file: No such file or directory")
        return object() if name in linked else load(name, *args, **kwargs)

    monkeypatch.setattr(qt_libraries.ctypes, "CDLL", refuse)


def test_without_display_the_sentence_offers_a_picture_and_ssh(bare_session):
    problem = qt_libraries.display_problem()
    assert "moduleview shot" in problem
    assert "ssh -X" in problem
    assert "QT_QPA_PLATFORM=offscreen" in problem


def test_offscreen_needs_no_display(bare_session):
    bare_session.setenv("QT_QPA_PLATFORM", "offscreen:configfile=a.json")
    assert qt_libraries.chosen_platform() == "offscreen"
    assert qt_libraries.display_problem() is None


def test_platform_that_qt_does_not_have_is_named_with_those_it_has(bare_session):
    bare_session.setenv("QT_QPA_PLATFORM", "beos")
    problem = qt_libraries.display_problem()
    assert "'beos'" in problem
    assert "offscreen" in problem


def test_missing_xcb_library_is_said_with_the_line_that_installs_it(bare_session):
    bare_session.setenv("DISPLAY", ":0")
    lack(bare_session, "libxcb-cursor.so.0", "libxcb-icccm.so.4")
    problem = qt_libraries.display_problem()
    assert problem.endswith("libxcb-cursor0 libxcb-icccm4")
    assert "apt-get install" in problem


def test_display_without_a_server_is_said_before_qt_aborts(bare_session):
    bare_session.setenv("DISPLAY", ":4711")
    bare_session.setattr(qt_libraries, "_library_problem", lambda platform: None)
    assert "':4711'" in qt_libraries.display_problem()


@pytest.mark.parametrize("name", [None, ""])
def test_display_that_is_not_named_is_said_to_be_missing(bare_session, name):
    bare_session.setenv("QT_QPA_PLATFORM", "xcb")
    if name is not None:
        bare_session.setenv("DISPLAY", name)
    bare_session.setattr(qt_libraries, "_plugin_problem", lambda platform: None)
    bare_session.setattr(qt_libraries, "_library_problem", lambda platform: None)
    bare_session.setattr(qt_libraries, "display_answers", lambda platform: False)
    problem = qt_libraries.display_problem()
    assert "DISPLAY is not set. Set it" in problem
    assert "does not answer" not in problem


def test_wayland_session_is_taken_before_x11(bare_session):
    bare_session.setenv("DISPLAY", ":0")
    bare_session.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert qt_libraries.chosen_platform() == "xcb"
    bare_session.setenv("XDG_SESSION_TYPE", "wayland")
    assert qt_libraries.chosen_platform() == "wayland"


def test_x11_beside_a_wayland_that_fails_is_enough(bare_session):
    bare_session.setenv("DISPLAY", ":0")
    bare_session.setenv("WAYLAND_DISPLAY", "wayland-0")
    bare_session.setenv("XDG_SESSION_TYPE", "wayland")
    lack(bare_session, "libwayland-cursor.so.0")
    bare_session.setattr(qt_libraries, "display_answers", lambda platform: True)
    assert qt_libraries.display_problem() is None
    bare_session.delenv("DISPLAY")
    assert "libwayland-cursor0" in qt_libraries.display_problem()


def test_offscreen_packages_leave_the_ones_of_x11_out(monkeypatch):
    lack(monkeypatch, "libxcb-cursor.so.0", "libEGL.so.1")
    assert qt_libraries.missing_qt_libraries("offscreen") == ["libegl1"]
    assert qt_libraries.missing_qt_libraries("xcb") == ["libegl1", "libxcb-cursor0"]


def test_every_library_that_the_plugins_link_is_in_the_table():
    """A Qt that begins to need another library shows here, not as an abort on somebody's machine."""
    spec = qt_libraries.importlib.util.find_spec("PySide6")
    folder = qt_libraries.Path(next(iter(spec.submodule_search_locations)), "Qt")
    from_compiler = {"libstdc++.so.6", "libm.so.6", "libgcc_s.so.1", "libc.so.6", "libz.so.1", "libgthread-2.0.so.0"}
    linked = set()
    for name in ("plugins/platforms/libqxcb.so", "plugins/platforms/libqwayland.so", "lib/libQt6Gui.so.6"):
        linked |= needed_by(folder / name)
    known = {*qt_libraries._BASE, *qt_libraries._X11, *qt_libraries._WAYLAND}
    assert {name for name in linked if not name.startswith("libQt6")} - from_compiler <= known


def needed_by(path):
    """Sonames in an ELF file's dynamic section, by the loader's own list of them."""
    text = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=True).stdout
    every = {line.split()[0] for line in text.splitlines() if line.startswith("\t")}
    content = path.read_bytes()
    return {name for name in every if f"\0{name}\0".encode() in content}


@pytest.mark.parametrize(
    ("pyside", "python", "is_bad"),
    [
        ("6.12.0", (3, 11), True),
        ("6.12.0", (3, 12), False),
        ("6.12.1", (3, 11), False),
        ("6.9.1", (3, 13), True),
        ("6.7.3", (3, 12), True),
        ("6.11.3", (3, 11), False),
    ],
)
def test_known_bad_pairs_are_refused_with_what_to_install(pyside, python, is_bad):
    problem = qt_libraries.bad_pair(pyside, python)
    assert bool(problem) == is_bad
    assert not is_bad or "pip install" in problem


def test_window_refuses_a_version_that_aborts(bare_session):
    bare_session.setenv("QT_QPA_PLATFORM", "offscreen")
    bare_session.setattr("PySide6.__version__", "6.9.1")
    problem = qt_libraries.display_problem()
    assert "6.9.1" in problem
    assert "pip install" in problem


@pytest.mark.parametrize("platform", [[], ["offscreen"]])
def test_packages_for_the_makefile_are_printed_alone(bare_session, platform):
    printed = subprocess.run(
        [sys.executable, "-m", "moduleview.doctor", "--missing-packages", *platform],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.split() == qt_libraries.missing_qt_libraries("offscreen")
