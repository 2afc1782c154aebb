"""The whole program in a process of its own: how it ends, and what it leaves behind when it is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from moduleview.gui.lifetime.crash_report import CrashReport
from moduleview.resources import resource_path

_RUN = """
import ctypes, os, signal, sys
from PySide6.QtCore import QTimer
from moduleview.gui import app
from moduleview.gui.main_window import MainWindow

draw = MainWindow.draw
n_draws = 0

def watched_draw(window):
    global n_draws
    draw(window)
    n_draws += 1
    {action}

MainWindow.draw = watched_draw
sys.exit(app.run_window({target!r}))
"""


def run(action, target=None, timeout_s=60.0):
    code = _RUN.format(action=action, target=target)
    began_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
        env=dict(os.environ),
    )
    return done, time.monotonic() - began_s


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signal_closes_a_quiet_window_as_a_person_would(name):
    number = getattr(signal, name)
    done, _ = run(f"os.kill(os.getpid(), {int(number)}) if n_draws == 2 else None")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_window_closed_while_it_trains_ends_well(digits_target):
    action = """
    store = window.parts.session.store
    if n_draws == 1 or store.model is None:
        return
    if store.last_step is None:
        window.actions_.run("run.start")
    elif store.last_step >= 2:
        window.close()
    """
    done, _ = run(action.strip(), digits_target)
    assert done.returncode == 0, done.stderr


def test_crash_in_cpp_is_shown_at_the_next_start(tmp_path):
    done, _ = run("ctypes.string_at(0) if n_draws == 2 else None")
    assert done.returncode == -signal.SIGSEGV
    report = "f'FOUND {[d.failure.title for d in window.findChildren(ErrorDialog)]}'"
    action = f"""
    from moduleview.gui.dialogs.error import ErrorDialog
    if n_draws == 2:
        print({report}, [d.failure.traceback.count("watched_draw") for d in window.findChildren(ErrorDialog)])
        window.close()
    """
    again, _ = run(action.strip())
    assert again.returncode == 0, again.stderr
    assert "ended unexpectedly" in again.stdout
    third, _ = run(action.strip())
    assert "FOUND []" in third.stdout, "shown again though nothing crashed since"


def test_session_that_ended_well_leaves_no_file(tmp_path):
    report = CrashReport(tmp_path)
    report.close()
    assert list(tmp_path.iterdir()) == []


def test_session_file_of_a_window_that_still_runs_is_left_alone(tmp_path):
    other = tmp_path / f"session-{os.getppid()}.txt"
    other.write_text("Fatal Python error")
    report = CrashReport(tmp_path)
    assert report.take_last() == ""
    report.close()
    assert other.exists()


def test_folder_that_cannot_be_made_means_no_report_and_no_failure(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    report = CrashReport(file / "below")
    assert report.take_last() == ""
    report.close()


@pytest.fixture
def digits_target():
    return str(resource_path("samples", "digits.py"))
