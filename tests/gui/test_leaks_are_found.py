"""Fault row 79: what a test leaves behind fails that test. Leaks on purpose, in a run of pytest of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LEAKS = """
import socket, threading
import torch
from PySide6.QtCore import QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication

kept = []

def test_clean(tmp_path, qtbot):
    (tmp_path / "file").write_text("closed")
    timer = QTimer(QApplication.instance())
    timer.start(1)
    timer.stop()
    timer.deleteLater()

def test_thread(qtbot):
    threading.Thread(target=threading.Event().wait, daemon=True).start()

def test_qthread(qtbot):
    thread = QThread()
    kept.append(thread)
    thread.start()

def test_timer(qtbot):
    timer = QTimer()
    kept.append(timer)
    timer.start(1000)

def test_file(tmp_path, qtbot):
    kept.append(open(tmp_path / "file", "w"))

def test_socket(qtbot):
    kept.append(socket.socketpair())

def test_hook(qtbot):
    torch.nn.modules.module.register_module_forward_hook(lambda *_: None)

def test_exception_in_a_slot(qtbot):
    done = []

    def fail():
        done.append(1)
        raise ValueError("in a slot")

    QTimer.singleShot(0, QApplication.instance(), fail)
    qtbot.waitUntil(lambda: done)

def test_qt_warning(qtbot):
    QObject().startTimer(-5)

def teardown_module():
    for thing in kept:
        if isinstance(thing, QThread):
            thread = thing
            thread.quit()
            thread.wait()
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """What failed in the run that leaks, by the test's name."""
    folder = tmp_path_factory.mktemp("leaks")
    (folder / "gui").mkdir()
    for name in ("conftest.py", "gui/conftest.py"):
        text = (TESTS / name).read_text(encoding="utf-8")
        (folder / name).write_text(text.replace("_PATIENCE_S = 5.0", "_PATIENCE_S = 0.1"), encoding="utf-8")
    (folder / "gui" / "test_leaks.py").write_text(LEAKS, encoding="utf-8")
    project = (TESTS.parent / "pyproject.toml").read_text(encoding="utf-8")
    (folder / "pyproject.toml").write_text(project.partition("[tool.coverage.run]")[0], encoding="utf-8")
    without = ("-p", "no:cacheprovider", "-p", "no:xdist")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", *without, f"--basetemp={folder}/tmp", "gui"],
        cwd=folder,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = [line.split() for line in done.stdout.splitlines() if "::test_" in line]
    found = {}
    for word, place, *_ in (line for line in lines if line[0] in {"PASSED", "FAILED", "ERROR"}):
        found.setdefault(place.partition("::")[2], set()).add(word)
    assert found, done.stdout + done.stderr
    return found


def test_test_that_leaves_nothing_behind_passes(outcomes):
    assert outcomes["test_clean"] == {"PASSED"}


@pytest.mark.parametrize(
    "leak", ["thread", "qthread", "timer", "file", "socket", "hook", "exception_in_a_slot", "qt_warning"]
)
def test_leak_fails_the_test_that_made_it(outcomes, leak):
    assert outcomes[f"test_{leak}"] & {"FAILED", "ERROR"}
