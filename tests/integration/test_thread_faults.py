"""User code that does not let go of the training thread, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

TESTS = Path(__file__).parent.parent

PREAMBLE = """
import multiprocessing, os, sys, threading, time
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset
sys.path.insert(0, {tests!r})
from source_records import Taken
from toy_tasks import toy_model, toy_task
from moduleview import TrainingTask
from moduleview.sources.children import leave_at_once
from moduleview.sources.inprocess import InProcessSource
from moduleview.telemetry.records import LogLine, RunState, StepRecord

entered = threading.Event()

def close_and_leave(source):
    began = time.monotonic()
    closed = source.close(10.0)
    print("closed", closed, "after", round(time.monotonic() - began, 1), flush=True)
    if not closed:
        leave_at_once(0)
"""


def run_script(body: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script that begins with the preamble, in a process that must end within a minute."""
    script = folder / "script.py"
    script.write_text(PREAMBLE.format(tests=str(TESTS)) + textwrap.dedent(body), encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def seconds_until_closed(done: subprocess.CompletedProcess[str]) -> float:
    """How long ``close`` took, by what the script printed."""
    lines = [line for line in done.stdout.splitlines() if line.startswith("closed")]
    assert lines, done.stdout + done.stderr
    return float(lines[0].split()[-1])


def test_thread_that_swallows_every_exception_is_left_within_five_seconds(tmp_path: Path) -> None:
    """Fault row 42."""
    done = run_script(
        """
        def step():
            while True:
                try:
                    entered.set()
                    time.sleep(0.01)  # user code
                except BaseException:
                    pass

        source = InProcessSource(lambda: TrainingTask(toy_model(), step=step), run_at_once=True)
        entered.wait(50)
        close_and_leave(source)
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "closed False" in done.stdout
    assert seconds_until_closed(done) <= 5.0


def test_endless_python_loop_is_interrupted_within_five_seconds(tmp_path: Path) -> None:
    done = run_script(
        """
        def step():
            while True:
                entered.set()

        source = InProcessSource(lambda: TrainingTask(toy_model(), step=step), run_at_once=True)
        entered.wait(50)
        close_and_leave(source)
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "closed True" in done.stdout
    assert 1.5 <= seconds_until_closed(done) <= 5.0
    assert not done.stderr


def test_hung_data_loader_worker_is_ended_with_the_program(tmp_path: Path) -> None:
    """Fault row 43."""
    done = run_script(
        """
        class Hung(Dataset):
            def __len__(self):
                return 8
            def __getitem__(self, index):
                time.sleep(1000)  # user code

        class Watched(DataLoader):
            def __iter__(self):
                iterator = super().__iter__()
                pids = [child.pid for child in multiprocessing.active_children()]
                print("pids", *pids, file=sys.__stdout__, flush=True)
                entered.set()
                return iterator

        if __name__ == "__main__":
            source = InProcessSource(lambda: toy_task(Watched(Hung(), num_workers=2)), run_at_once=True)
            entered.wait(50)
            close_and_leave(source)
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert seconds_until_closed(done) <= 5.0
    pids = [int(word) for line in done.stdout.splitlines() if line.startswith("pids") for word in line.split()[1:]]
    assert len(pids) == 2
    assert not [pid for pid in pids if is_running(pid)]


def is_running(pid: int) -> bool:
    """Whether a process lives; one that has ended and that nobody has waited for yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_long_operation_in_cpp_does_not_keep_the_program(tmp_path: Path) -> None:
    """Fault row 44. The main thread goes on meanwhile: it counts while the operation runs."""
    done = run_script(
        """
        matrix = torch.randn(4000, 4000)

        def step():
            entered.set()
            torch.linalg.svd(matrix)
            return 1.0

        source = InProcessSource(lambda: TrainingTask(toy_model(), step=step), run_at_once=True)
        entered.wait(50)
        longest, last = 0.0, time.monotonic()
        until = last + 0.5
        while last < until:
            now = time.monotonic()
            longest, last = max(longest, now - last), now
        print("longest gap", longest)
        close_and_leave(source)
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert seconds_until_closed(done) <= 5.0
    gap = next(float(line.split()[-1]) for line in done.stdout.splitlines() if line.startswith("longest"))
    assert gap < 0.3


def test_program_that_forgets_to_close_ends_without_an_abort(tmp_path: Path) -> None:
    """A daemon thread inside torch at Python's way out aborts the process, 12 of 12."""
    done = run_script(
        """
        source = InProcessSource(toy_task, run_at_once=True)
        Taken(source).until_step(3)
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr


def test_program_that_forgets_to_close_a_hung_thread_ends_too(tmp_path: Path) -> None:
    began_s = time.monotonic()
    done = run_script(
        """
        def step():
            entered.set()
            threading.Event().wait()

        source = InProcessSource(lambda: TrainingTask(toy_model(), step=step), run_at_once=True)
        entered.wait(50)
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began_s < 30.0


def test_exits_in_the_users_code_leave_the_program_standing(tmp_path: Path) -> None:
    """Fault row 41, as far as a thread can survive it."""
    done = run_script(
        """
        def interrupt():
            raise KeyboardInterrupt

        for die in (lambda: sys.exit(3), lambda: sys.exit("done"), exit, interrupt):
            def step():
                print("last words")
                die()

            source = InProcessSource(lambda: TrainingTask(toy_model(), step=step), run_at_once=True)
            taken = Taken(source)
            failed = taken.until_state(RunState.FAILED)
            print("title:", failed.failure.title)
            print("log:", [line.text for line in taken.of_type(LogLine)])
            close_and_leave(source)
        print("still here")
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    titles = [line for line in done.stdout.splitlines() if line.startswith("title:")]
    assert len(titles) == 4
    assert all("The training step" in title for title in titles)
    assert "(3)" in titles[0]
    assert "KeyboardInterrupt" in titles[3]
    assert done.stdout.count("log: ['last words']") == 4
    assert done.stdout.endswith("still here\n")


def test_forked_child_that_leaves_the_step_ends_and_training_goes_on(tmp_path: Path) -> None:
    """Else it would train on, or wait for a command, without a window and for ever."""
    done = run_script(
        """
        def step():
            children = []
            for leave in (lambda: sys.exit(3), lambda: 1 / 0, lambda: 0.5):
                child = os.fork()
                if child == 0:
                    return leave()
                children.append(child)
            print("codes", [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
            return 0.5

        source = InProcessSource(lambda: TrainingTask(toy_model(), step=step), run_at_once=True)
        taken = Taken(source)
        taken.until_step(1)
        print("log:", taken.of_type(LogLine)[0].text, flush=True)
        close_and_leave(source)
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "log: codes [3, 1, 0]" in done.stdout


def test_flood_of_printed_lines_costs_no_memory_and_loses_no_step(tmp_path: Path) -> None:
    """Fault row 40, with half a million lines."""
    done = run_script(
        """
        import resource

        def step():
            for number in range(100_000):
                print("line", number)
            return 1.0

        source = InProcessSource(lambda: TrainingTask(toy_model(), step=step), run_at_once=False)
        taken = Taken(source)
        taken.until_state(RunState.READY)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        from moduleview.telemetry.commands import Run
        source.send(Run(n_steps=5))
        longest, last, n_lines = 0.0, time.monotonic(), 0
        while True:
            record = source.take()
            now = time.monotonic()
            longest, last = max(longest, now - last), now
            if isinstance(record, LogLine):
                n_lines += 1
                if record.stream == "moduleview":
                    print("told:", record.text)
            elif isinstance(record, StepRecord):
                print("step", record.step)
            elif record is not None and getattr(record, "state", None) is RunState.PAUSED:
                break
            elif record is None:
                threading.Event().wait(0.03)  # a window's clock
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print("grown MB", grown / 1024, "lines", n_lines, "gap", longest)
        close_and_leave(source)
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("step")] == [f"step {step}" for step in range(5)]
    assert any("left out" in line for line in lines)
    words = next(line.split() for line in lines if line.startswith("grown"))
    assert float(words[2]) <= 20.0
    assert float(words[-1]) <= 1.0  # seconds; 79 with a queued signal for each line


def test_closing_at_any_moment_of_a_step_ends_cleanly(tmp_path: Path) -> None:
    """Fault row 46, below the window: a hundred times at random, some before the model is open, some within a step."""
    done = run_script(
        """
        import random

        dice = random.Random(0)
        for _ in range(100):
            source = InProcessSource(toy_task, run_at_once=True)
            threading.Event().wait(dice.uniform(0.0, 0.01))
            if not source.close(10.0):
                leave_at_once(1)
        last = InProcessSource(toy_task, run_at_once=True)
        threading.Event().wait(0.005)
        print("threads", threading.active_count(), flush=True)
        """,
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["threads", "2"]
    assert not done.stderr
