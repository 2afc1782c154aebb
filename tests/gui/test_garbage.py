"""Widgets in reference cycles are finalised on the GUI thread, however much the training thread allocates."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from moduleview.sources.garbage import N_MANY, GarbageGuard
from moduleview.sources.inprocess import InProcessSource

SCRIPT = """
import sys, threading
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget
from moduleview.sources.garbage import GarbageGuard

application = QApplication([])
sys.setswitchinterval(5e-4)
guard = {guard}
finalised, stop = set(), threading.Event()

class Cyclic(QWidget):
    def __init__(self):
        super().__init__()
        self.itself = self
    def __del__(self):
        finalised.add(threading.current_thread().name)

def train():
    while not stop.is_set():
        for _ in range(2000):
            cycle = []
            cycle.append(cycle)
        gc_of_the_user.collect()

import gc as gc_of_the_user
trainer = threading.Thread(target=train, name="moduleview-training")
trainer.start()
n_ticks = 0

def tick():
    global n_ticks
    n_ticks += 1
    for _ in range(20):
        Cyclic()
    if guard is not None:
        guard.collect()
    if n_ticks == 60:
        stop.set()
        application.quit()

timer = QTimer()
timer.timeout.connect(tick)
timer.start(1)
application.exec()
trainer.join()
print("finalised on", sorted(finalised), flush=True)
import os
os._exit(0)
"""


def run(guard: str, folder: Path) -> subprocess.CompletedProcess[str]:
    script = folder / "script.py"
    script.write_text(textwrap.dedent(SCRIPT.format(guard=guard)), encoding="utf-8")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False, env=environment
    )


def test_widgets_are_finalised_on_the_gui_thread_only(tmp_path: Path) -> None:
    """Fault row 35, with user code that collects in the training thread."""
    done = run("GarbageGuard()", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "finalised on ['MainThread']"


def test_without_the_guard_the_training_thread_finalises_widgets(tmp_path: Path) -> None:
    """What the guard is for: the same script without it finalises there, and mostly dies of it."""
    done = run("None", tmp_path)
    assert done.returncode != 0 or "moduleview-training" in done.stdout


def test_guard_gives_the_collector_back_as_it_was_found() -> None:
    collect = gc.collect
    guard = GarbageGuard()
    assert not gc.isenabled()
    guard.release()
    assert gc.isenabled()
    assert gc.collect is collect


def test_guard_frees_cycles_when_python_would() -> None:
    guard = GarbageGuard()
    try:
        freed = threading.Event()

        class Cyclic:
            def __init__(self) -> None:
                self.itself = self

            def __del__(self) -> None:
                freed.set()

        Cyclic()
        kept = [[] for _ in range(2 * gc.get_threshold()[0])]  # allocations are what Python counts
        assert not freed.is_set()
        guard.collect()
        assert freed.is_set()
        assert kept
    finally:
        guard.release()


@pytest.fixture
def walks() -> Iterator[list[int]]:
    """The generations that were walked."""
    seen: list[int] = []

    def note(phase: str, facts: dict[str, int]) -> None:
        if phase == "start":
            seen.append(facts["generation"])

    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)


class Hours:
    """A clock of which each look is an hour later: every pause is over."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 3600.0
        return self.now_s


def test_what_an_import_brings_is_walked_once_and_then_lies_in_the_oldest_generation(walks: list[int]) -> None:
    guard = GarbageGuard(Hours())
    try:
        brought: list[list[int]] = [[] for _ in range(N_MANY + 10)]
        guard.collect()
        assert walks == [1]
        assert any(one is brought[0] for one in gc.get_objects(generation=2))
    finally:
        guard.release()


def test_oldest_generation_is_walked_once_it_has_grown_by_a_quarter(walks: list[int]) -> None:
    thresholds = gc.get_threshold()
    gc.set_threshold(thresholds[0], 1, 1)
    guard = GarbageGuard(Hours())
    try:
        kept: list[list[int]] = []
        n_old = len(gc.get_objects())
        while 2 not in walks and len(kept) < n_old:
            kept += [[] for _ in range(N_MANY // 2)]
            guard.collect()
        assert 2 in walks
        assert len(kept) > n_old / 5
    finally:
        guard.release()
        gc.set_threshold(*thresholds)


def test_another_thread_that_collects_asks_for_the_oldest_generation_too(walks: list[int]) -> None:
    guard = GarbageGuard(Hours())
    try:
        asker = threading.Thread(target=gc.collect)
        asker.start()
        asker.join()
        assert walks == []
        guard.collect()
        assert walks == [2]
    finally:
        guard.release()


def test_what_is_spared_is_not_walked_and_comes_back_with_the_collector() -> None:
    guard = GarbageGuard()
    try:
        n_before = len(gc.get_objects())
        guard.spare_what_is_there()
        n_spared = gc.get_freeze_count()
        later = [[] for _ in range(100)]
        guard.spare_what_is_there()
        assert n_spared > n_before / 2
        assert gc.get_freeze_count() <= n_spared, "a second call spares nothing: a model may be there by then"
        assert any(one is later for one in gc.get_objects())
    finally:
        guard.release()
    assert gc.get_freeze_count() == 0
    guard.spare_what_is_there()
    assert gc.get_freeze_count() == 0, "a released guard leaves the collector alone"


def test_source_says_when_torch_is_imported_before_any_code_of_the_target_runs() -> None:
    called: list[str] = []

    def target() -> torch.nn.Module:
        called.append("target")
        return torch.nn.Linear(2, 2)

    source = InProcessSource(target, on_imported=lambda: called.append("imported"))
    assert source.close(10.0)
    assert called in (["imported"], ["imported", "target"])
