"""The whole program in a process of its own: how it ends, and what it leaves behind when it is ended."""

from __future__ import annotations

import os
import signal

import pytest

from moduleview.gui.lifetime.crash_report import CrashReport
from moduleview.resources import resource_path
from window_process import close_at_random, run_window, said_wrong, write_small_target

LATE_S = 1.0  # for a machine on which other tests run at the same time, and for Python's own way out
_KILL = "print('killed', time.monotonic(), flush=True); os.kill(os.getpid(), {number})"


def seconds_after_the_signal(done, ended_s):
    """From the signal to the end of the process, by the one clock that all processes share."""
    (said,) = (line for line in done.stdout.splitlines() if line.startswith("killed"))
    return ended_s - float(said.split()[1])


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signal_closes_a_quiet_window_as_a_person_would_within_a_second(name):
    """Fault row 47: the window is idle, its event loop asleep."""
    kill = _KILL.format(number=int(getattr(signal, name)))
    action = f"""
    if n_draws == 2:
        window.contents.clock.stop()  # nothing else may wake Python
        def kill():
            {kill}
        threading.Timer(0.2, kill).start()
    """
    done, ended_s = run_window(action.strip())
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert seconds_after_the_signal(done, ended_s) <= 1.0 + LATE_S


@pytest.mark.parametrize("step", ["quick", "endless"])
def test_signal_ends_training_within_five_seconds(tmp_path, step):
    """Fault row 47: between steps of a millisecond, and in a step that never ends."""
    target = tmp_path / "train.py"
    body = "return 1.0" if step == "quick" else "[None for _ in iter(int, 1)]"
    target.write_text(
        "from torch import nn\n"
        "from moduleview import TrainingTask\n"
        "def step():\n"
        "    open(__file__ + '.entered', 'w').close()\n"
        f"    {body}\n"
        "def task():\n"
        "    return TrainingTask(nn.Linear(2, 2), step=step)\n",
        encoding="utf-8",
    )
    action = f"""
    store = window.contents.parts.session.store
    if store.model is not None and not hasattr(window, "is_started"):
        window.is_started = True
        window.contents.actions.run("run.start")
    if os.path.exists({str(target)!r} + ".entered") and not hasattr(window, "is_killed"):
        window.is_killed = True
        {_KILL.format(number=int(signal.SIGTERM))}
    """
    done, ended_s = run_window(action.strip(), str(target))
    assert done.returncode == 0, done.stderr
    assert seconds_after_the_signal(done, ended_s) <= 5.0 + LATE_S


@pytest.mark.parametrize("seed", range(4))
def test_window_closed_at_any_moment_ends_well(tmp_path, seed):
    """Fault row 46; two hundred times in the soak run: before the model is there, within a step, between steps."""
    done, _ = run_window(close_at_random(seed), str(write_small_target(tmp_path)))
    assert done.returncode == 0, done.stderr
    assert said_wrong(done) == []


def test_window_closed_while_it_trains_ends_well(digits_target):
    action = """
    store = window.contents.parts.session.store
    if n_draws == 1 or store.model is None:
        return
    if store.last_step is None:
        window.contents.actions.run("run.start")
    elif store.last_step >= 2:
        window.close()
    """
    done, _ = run_window(action.strip(), digits_target)
    assert done.returncode == 0, done.stderr


def test_crash_in_cpp_is_shown_at_the_next_start(tmp_path):
    """Fault row 48: with the stack of the thread that crashed."""
    done, _ = run_window("ctypes.string_at(0) if n_draws == 2 else None")
    assert done.returncode == -signal.SIGSEGV
    report = "f'FOUND {[d.failure.title for d in window.findChildren(ErrorDialog)]}'"
    action = f"""
    from moduleview.gui.dialogs.error import ErrorDialog
    if n_draws == 2:
        print({report}, [d.failure.traceback.count("watched_draw") for d in window.findChildren(ErrorDialog)])
        window.close()
    """
    again, _ = run_window(action.strip())
    assert again.returncode == 0, again.stderr
    assert "ended unexpectedly" in again.stdout
    assert again.stdout.split()[-1] == "[1]", "the report lacks the stack"
    third, _ = run_window(action.strip())
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
