"""What an open window costs the training beside it, and how late the window answers, in one run.

    python tests/benchmarks/bench_window.py [--blocks 6] [--seconds 4]

The transformer sample trains on its thread; in turn the window draws everything, and the GUI thread sleeps. The median
step of the one over that of the other is what the window costs. Lateness is that of a 4 ms timer, while a deeper
transformer with 160 gradient series trains. Draws on the platform of ``QT_QPA_PLATFORM``, offscreen by default.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEventLoop, Qt, QTimer
from summary import report

from moduleview.gui.app import make_application, make_window
from moduleview.gui.main_window import MainWindow
from moduleview.gui.settings import open_settings
from moduleview.sources.garbage import GarbageGuard
from moduleview.sources.inprocess import InProcessSource
from moduleview.telemetry.commands import Run

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "samples" / "transformer.py"
GOAL_RATIO, GOAL_LATE_MS = 1.05, 16.0  # issue 2, Speed
N_SERIES = 160
_SETTLE_S = 0.7  # after a change: what was left over is taken, the first frames are laid out
_TICK_MS = 4


class TimedBatches:
    """Batches that note when each of them was asked for: once a step."""

    def __init__(self, batches: Any, began_s: list[float]) -> None:
        self._batches, self._began_s = batches, began_s

    def __iter__(self) -> Iterator[Any]:
        for batch in self._batches:
            self._began_s.append(time.perf_counter())
            yield batch


class Lateness:
    """How late a timer fires, in milliseconds."""

    def __init__(self, window: MainWindow) -> None:
        self.late_ms: list[float] = []
        self._due_s = 0.0
        self._timer = QTimer(window, interval=_TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_tick)

    def start(self) -> None:
        """Begin anew."""
        self._due_s = time.perf_counter() + _TICK_MS / 1000
        self._timer.start()

    def stop(self) -> None:
        """Measure no more."""
        self._timer.stop()

    def _on_tick(self) -> None:
        now_s = time.perf_counter()
        self.late_ms.append(max(0.0, now_s - self._due_s) * 1000)
        self._due_s = now_s + _TICK_MS / 1000


def task_maker(began_s: list[float], n_blocks: int | None) -> Callable[[], object]:
    """Makes the sample's task, with so many blocks; runs on the training thread, which imports torch."""

    def make() -> object:
        spec = importlib.util.spec_from_file_location("transformer", SAMPLE)
        assert spec is not None
        assert spec.loader is not None
        sample = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sample)
        task = sample.task()
        if n_blocks is not None:
            blocks = task.model.blocks
            blocks.extend(sample.Block(task.model.head.in_features, 4) for _ in range(n_blocks - len(blocks)))
            task.optimizer = type(task.optimizer)(task.model.parameters())
        return type(task)(task.model, task.optimizer, TimedBatches(task.batches, began_s), task.loss, title="bench")

    return make


def run_loop(seconds: float, is_over: Callable[[], bool] | None = None) -> None:
    """Let the window live for so long, or until something is so."""
    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    if is_over is not None:
        watch = QTimer(loop, interval=20)
        watch.timeout.connect(lambda: loop.quit() if is_over() else None)
        watch.start()
    loop.exec()
    loop.deleteLater()  # with its timer: Python's collector is off while something trains


def open_window(folder: str, began_s: list[float], n_blocks: int | None) -> tuple[MainWindow, GarbageGuard]:
    """A window whose model trains, with a selection that fills every panel."""
    guard = GarbageGuard()
    contents = make_window(
        make_application(),
        open_settings(Path(folder) / "settings.ini"),
        collect_garbage=guard.collect,
        image_folder=Path(folder),
    )
    window = contents.window
    window.resize(1600, 1000)
    window.show()
    session = window.contents.parts.session
    session.open(InProcessSource(task_maker(began_s, n_blocks)))
    run_loop(60, lambda: session.store.model is not None)
    assert session.store.model is not None, session.store.open_failure
    run_loop(60, lambda: window.contents.selection.fqn is not None)
    session.send(Run())
    run_loop(60, lambda: len(began_s) > 20)
    return window, guard


def close_window(window: MainWindow, guard: GarbageGuard) -> None:
    """End the run and the window."""
    window.contents.clock.stop()
    assert window.contents.parts.session.close(20.0)
    window.hide()
    guard.release()


def steps_in(began_s: list[float], begin_s: float, end_s: float) -> list[float]:
    """Durations of the steps that lie wholly in a span."""
    times = [t for t in list(began_s) if begin_s <= t <= end_s]
    return list(np.diff(times))


def measure_cost(folder: str, n_blocks: int, seconds: float) -> tuple[list[float], list[float], float]:
    """Step durations with the window drawing and with its thread asleep, and the window's share of a core."""
    began_s: list[float] = []
    window, guard = open_window(folder, began_s, None)
    run_loop(2.0)
    drawing: list[float] = []
    asleep: list[float] = []
    cpu_s = 0.0
    for _ in range(n_blocks):
        run_loop(_SETTLE_S)
        begin_s, cpu_begin_s = time.perf_counter(), time.thread_time()
        run_loop(seconds)
        cpu_s += time.thread_time() - cpu_begin_s
        drawing += steps_in(began_s, begin_s, time.perf_counter())
        begin_s = time.perf_counter()
        time.sleep(seconds)
        asleep += steps_in(began_s, begin_s, time.perf_counter())
    close_window(window, guard)
    return drawing, asleep, cpu_s / (n_blocks * seconds)


def measure_lateness(folder: str, seconds: float) -> tuple[list[float], int]:
    """Milliseconds that each tick of a timer was late, and how many gradient series the window showed."""
    began_s: list[float] = []
    window, guard = open_window(folder, began_s, n_blocks=14)
    lateness = Lateness(window)
    run_loop(2.0)
    lateness.start()
    run_loop(seconds)
    lateness.stop()
    n_series = len(window.contents.parts.session.store.keys("grad_norm"))
    close_window(window, guard)
    return lateness.late_ms, n_series


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=4.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        drawing, asleep, share = measure_cost(folder, arguments.blocks, arguments.seconds)
        late_ms, n_series = measure_lateness(folder, arguments.blocks * arguments.seconds / 2)
    open_ms, blocked_ms = (statistics.median(steps) * 1000 for steps in (drawing, asleep))
    rates = [len(steps) / sum(steps) for steps in (drawing, asleep)]
    torch = sys.modules["torch"]
    print(f"{os.environ['QT_QPA_PLATFORM']}, {torch.get_num_threads()} compute threads in the GUI thread")
    print(f"step with the window open {open_ms:.2f} ms ({rates[0]:.1f}/s), window's thread asleep {blocked_ms:.2f} ms")
    print(f"  ({rates[1]:.1f}/s); the window used {share:.1%} of a core")
    p50, p99 = np.percentile(late_ms, (50, 99))
    print(f"event loop, {n_series} gradient series: p50 {p50:.1f} ms late, p99 {p99:.1f}, most {max(late_ms):.1f}")
    report("step beside an open window / without it", GOAL_RATIO, open_ms / blocked_ms)
    report(f"event loop's lateness, p99, {n_series} series", GOAL_LATE_MS, float(p99), "ms")


if __name__ == "__main__":
    main()
