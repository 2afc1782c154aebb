"""What an open window costs the training beside it, and how late the window answers, in one run.

    python tests/benchmarks/bench_window.py [--models gpt,mlp] [--rounds 4] [--seconds 4] [--device cuda]

Three ways of training take turns: a copy of the model that nobody watches and beside which nothing draws; the model
that the window watches, while the window's thread sleeps; and the same while it draws everything. The median step of
the last over that of the first is what a person pays for the window with all that it measures. Lateness is that of a
4 ms timer, while a deeper transformer with 160 gradient series trains. One compute thread, unless OMP_NUM_THREADS says
otherwise; drawn on the platform of ``QT_QPA_PLATFORM``, offscreen by default.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from interleaved import synchronise
from models import MODELS, Workload
from PySide6.QtCore import Qt, QTimer
from summary import bench_parser, report, start
from training_window import TrainingWindow, live

from moduleview.engine.task import TrainingTask
from moduleview.engine.thread_settings import prepare_thread
from moduleview.gui.main_window import MainWindow

SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "samples" / "transformer.py"
GOALS = {"gpt": 1.03, "resnet": 1.03, "mlp": 1.10}  # issue 3, Speed
GOAL_LATE_MS = 16.0
_N_BLOCKS = 14  # 160 gradient series
_SETTLE_S = 0.7  # after a change: what was left over is taken, the first frames are laid out
_LEAST_STEPS = 4
_TICK_MS = 4


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


class TimedSteps:
    """A training step that notes when each began; on a GPU once the one before is done."""

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self.began_s: list[float] = []

    def __call__(self) -> object:
        synchronise(self._workload)
        self.began_s.append(time.perf_counter())
        return self._workload.step()

    def seconds_a_step(self, wait: Callable[[Callable[[], bool]], None], n_steps: int) -> float:
        """The median of the next steps.

        Args:
            wait: Lets them pass until what it is given is so.
            n_steps: How many.
        """
        first = len(self.began_s) + 1  # the one that is under way began before
        wait(lambda: len(self.began_s) > first + n_steps)
        return statistics.median(np.diff(self.began_s[first : first + n_steps + 1]))


@dataclass
class Cost:
    """Seconds a step in each round, and the share of a core that the window's thread took while it drew."""

    alone_s: list[float] = field(default_factory=list)
    asleep_s: list[float] = field(default_factory=list)
    drawing_s: list[float] = field(default_factory=list)
    share: float = 0.0

    def ratio(self, watched_s: list[float]) -> float:
        """The median over the rounds."""
        return statistics.median(watched / alone for watched, alone in zip(watched_s, self.alone_s, strict=True))


def measure_cost(folder: Path, model: str, device: str, n_rounds: int, seconds: float) -> Cost:
    """Train one model in the three ways, in turn."""
    steps, alone = TimedSteps(MODELS[model](device)), TimedSteps(MODELS[model](device))
    workload = steps._workload
    training = TrainingWindow(folder, lambda: TrainingTask(workload.model, step=steps, title=workload.title))
    live(60, lambda: len(steps.began_s) > _LEAST_STEPS)
    live(_SETTLE_S)
    step_s = steps.seconds_a_step(_while_it_draws, _LEAST_STEPS)
    n_steps = max(_LEAST_STEPS, math.ceil(seconds / step_s))
    cost, wall_s, cpu_s = Cost(), 0.0, 0.0
    for _ in range(n_rounds):
        began_s, cpu_began_s = time.perf_counter(), time.thread_time()
        cost.drawing_s.append(steps.seconds_a_step(_while_it_draws, n_steps))
        wall_s, cpu_s = wall_s + time.perf_counter() - began_s, cpu_s + time.thread_time() - cpu_began_s
        cost.asleep_s.append(steps.seconds_a_step(_while_it_sleeps, n_steps))
        training.pause()
        cost.alone_s.append(_step_alone(alone, n_steps))
        training.train()
        live(_SETTLE_S)
    training.close()
    cost.share = cpu_s / wall_s
    return cost


def _while_it_draws(is_over: Callable[[], bool]) -> None:
    live(600, is_over)


def _while_it_sleeps(is_over: Callable[[], bool]) -> None:
    while not is_over():
        time.sleep(0.02)


def _step_alone(steps: TimedSteps, n_steps: int) -> float:
    """On a thread of its own as well, while the window's sleeps."""
    is_over = threading.Event()

    def train() -> None:
        prepare_thread()
        while not is_over.is_set():
            steps()

    thread = threading.Thread(target=train)
    thread.start()
    step_s = steps.seconds_a_step(_while_it_sleeps, n_steps)
    is_over.set()
    thread.join()
    return step_s


def measure_lateness(folder: Path, device: str, seconds: float) -> tuple[list[float], int]:
    """Milliseconds that each tick of a timer was late, and how many gradient series the window showed."""
    training = TrainingWindow(folder, lambda: _deep_transformer(device))
    lateness = Lateness(training.window)
    live(2.0)
    lateness.start()
    live(seconds)
    lateness.stop()
    n_series = len(training.store.keys("grad_norm"))
    training.close()
    return lateness.late_ms, n_series


def _deep_transformer(device: str) -> TrainingTask:
    spec = importlib.util.spec_from_file_location("transformer", SAMPLE)
    assert spec is not None
    assert spec.loader is not None
    sample = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sample)
    task: TrainingTask = sample.task()
    blocks = task.model.blocks
    blocks.extend(sample.Block(task.model.head.in_features, 4) for _ in range(_N_BLOCKS - len(blocks)))
    task.model.to(device)
    task.optimizer = type(task.optimizer)(task.model.parameters())
    return task


def main(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    print(f"{os.environ['QT_QPA_PLATFORM']}, {os.environ['OMP_NUM_THREADS']} compute threads")
    with tempfile.TemporaryDirectory() as folder:
        for model in arguments.models.split(","):
            cost = measure_cost(Path(folder), model, arguments.device, arguments.rounds, arguments.seconds)
            drawing, asleep = cost.ratio(cost.drawing_s), cost.ratio(cost.asleep_s)
            alone_ms = 1e3 * statistics.median(cost.alone_s)
            print(f"{model}: a step alone {alone_ms:.2f} ms; beside the window {drawing:.3f} of that, while its thread")
            print(f"  sleeps {asleep:.3f}; the window took {cost.share:.1%} of a core")
            report(f"{model}: a step beside an open window / alone", GOALS[model], drawing)
            report(f"{model}: a watched step while the window's thread sleeps / alone", None, asleep)
        late_ms, n_series = measure_lateness(Path(folder), arguments.device, 2 * arguments.seconds)
    p50, p99 = np.percentile(late_ms, (50, 99))
    print(f"event loop, {n_series} gradient series: p50 {p50:.1f} ms late, p99 {p99:.1f}, most {max(late_ms):.1f}")
    report(f"event loop's lateness, p99, {n_series} series", GOAL_LATE_MS, float(p99), "ms")


if __name__ == "__main__":
    parser = bench_parser(__doc__)
    parser.add_argument("--models", default="gpt,mlp")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=4.0)
    start(main, parser)
