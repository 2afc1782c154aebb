"""What the plots cost at 160 series x 100 000 steps, and at 10 000 series: frames, the event loop, the share of a core.

Run by hand: ``python tests/benchmarks/bench_plots.py``. Times are of this machine; the goals are those of the design:
event loop p99 below 16 ms, and a share of a core that the frame clock keeps at about 3 % whatever is shown.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parents[1])]

import numpy as np  # noqa: E402
from PySide6.QtCore import QEventLoop, QTimer  # noqa: E402
from PySide6.QtWidgets import QApplication, QWidget  # noqa: E402
from summary import bench_parser, report, start  # noqa: E402

from builders import Spec, declare_gradients, opened_store, snapshot_of  # noqa: E402
from moduleview.gui.clock import Clock, ClockWork  # noqa: E402
from moduleview.gui.look.gradient_scale import GradientScale  # noqa: E402
from moduleview.gui.look.theme import Theme  # noqa: E402
from moduleview.gui.panel import Panel, PanelContext  # noqa: E402
from moduleview.gui.panels.curves import CurvesPanel  # noqa: E402
from moduleview.gui.panels.gradient_map import GradientMapPanel  # noqa: E402
from moduleview.gui.panels.loss import LossPanel  # noqa: E402
from moduleview.gui.panels.profile import ProfilePanel  # noqa: E402
from moduleview.gui.selection import Selection  # noqa: E402
from moduleview.telemetry.commands import Capability  # noqa: E402
from moduleview.telemetry.records import RunChanged, RunState, StepRecord  # noqa: E402
from moduleview.telemetry.store import SeriesStore  # noqa: E402

N_SERIES, N_STEPS, N_FRAMES = 160, 100_000, 60
MANY_SERIES = 10_000
GOAL_LATE_MS, GOAL_SHARE = 16.0, 0.035  # performance.md; the clock aims at 0.03
SIZES = {"gradient_map": (568, 338), "profile": (189, 338), "curves": (752, 292), "loss": (752, 292)}
_TRAINING_S = 6.0
_STEPS_A_SECOND = 40
_N_ROWS = 251  # different steps


def model(n_series: int) -> Spec:
    """Blocks of 4 layers with 2 parameters each: 20 of them have 160 series."""
    modules: list[tuple[str, str, tuple[tuple[str, tuple[int, ...]], ...]]] = [
        ("", "Net", ()),
        ("blocks", "ModuleList", ()),
    ]
    for block in range(n_series // 8):
        modules.append((f"blocks.{block}", "Block", ()))
        modules += [(f"blocks.{block}.{at}", "Linear", (("weight", (4, 4)), ("bias", (4,)))) for at in range(4)]
    return modules


def filled_store(n_series: int, n_steps: int) -> SeriesStore:
    """A store with so many steps."""
    store = opened_store(snapshot_of(model(n_series)))
    n = len(declare_gradients(store))
    generator = np.random.default_rng(0)
    series = np.arange(n, dtype=np.int32)
    base = generator.normal(-2, 1, n)
    rows = (10.0 ** (base + generator.normal(0, 0.2, (_N_ROWS, n)))).astype(np.float32)
    for step in range(n_steps):
        store.apply(StepRecord(0, step, step * 0.01, series, rows[step % _N_ROWS]))
    store.apply(RunChanged(RunState.RUNNING))
    return store


class Trainer:
    """Adds a step when asked."""

    def __init__(self, store: SeriesStore) -> None:
        self._store = store
        self._n = store.n_series
        self._series = np.arange(self._n, dtype=np.int32)
        self._generator = np.random.default_rng(1)

    def step(self) -> None:
        last = self._store.last_step
        assert last is not None
        values = (10.0 ** self._generator.normal(-2, 1, self._n)).astype(np.float32)
        self._store.apply(StepRecord(0, last + 1, last * 0.01, self._series, values))


def frame_ms(panel: Panel, store: SeriesStore, trainer: Trainer, application: QApplication) -> list[float]:
    """Milliseconds of CPU of refresh and of refresh with paint, a step further each time."""
    refreshes, frames = [], []
    for _ in range(N_FRAMES):
        trainer.step()
        begin = time.process_time()
        panel.refresh(store)
        refreshes.append(time.process_time() - begin)
        application.processEvents()
        frames.append(time.process_time() - begin)
    idle = time.perf_counter()
    panel.refresh(store)
    idle = time.perf_counter() - idle
    return [1e3 * x for x in (np.median(refreshes), np.median(frames), np.percentile(frames, 99), idle)]


class Frames:
    """What a clock drives: all panels, and the CPU seconds from their drawing to the end of their painting."""

    def __init__(self, panels: list[Panel], store: SeriesStore) -> None:
        self._panels, self._store = panels, store
        self._began_s = 0.0
        self.cpu_s: list[float] = []

    def draw(self) -> None:
        self._began_s = time.thread_time()
        for panel in self._panels:
            panel.refresh(self._store)

    def is_training(self) -> bool:
        """Asked once a frame is on the screen."""
        self.cpu_s.append(time.thread_time() - self._began_s)
        return True


def run_for(
    seconds: float, panels: list[Panel], store: SeriesStore, trainer: Trainer, application: QApplication
) -> tuple[float, float]:
    """p99 of how late a 4 ms timer is, and the share of a core that drawing takes, while steps arrive."""
    lateness: list[float] = []
    expected = [time.perf_counter() + 0.004]

    def tick() -> None:
        now = time.perf_counter()
        lateness.append(max(0.0, now - expected[0]))
        expected[0] = now + 0.004

    frames = Frames(panels, store)
    work = ClockWork(lambda _budget: False, frames.is_training, frames.draw, lambda: None, lambda: None)
    clock = Clock(work, application)
    clock.start()
    timers = []
    for interval, slot in ((4, tick), (1000 // _STEPS_A_SECOND, trainer.step)):
        timer = QTimer(application)
        timer.timeout.connect(slot)
        timer.start(interval)
        timers.append(timer)
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()
    clock.stop()
    for timer in timers:
        timer.stop()
    return 1e3 * float(np.percentile(lateness, 99)), sum(frames.cpu_s) / seconds


def make_context(parent: QWidget, store: SeriesStore) -> PanelContext:
    return PanelContext(
        store,
        Selection(parent),
        Theme(parent),
        GradientScale(parent),
        lambda: Capability.CONTROL,
        lambda _command: None,
        lambda _action: None,
        lambda _text: None,
    )


def measure_frames(
    context: PanelContext, store: SeriesStore, trainer: Trainer, application: QApplication
) -> list[Panel]:
    """Print what a frame of each panel costs; gives the panels."""
    panels: list[Panel] = []
    print(f"{'panel':>14} {'window':>8} {'refresh':>8} {'+ paint':>8} {'p99':>8} {'unchanged':>10}")
    for kind in (GradientMapPanel, CurvesPanel, ProfilePanel, LossPanel):
        panel = kind(context)
        panel.resize(*SIZES[panel.panel_id])
        panel.show()
        panels.append(panel)
        for window in (240, 1000, None):
            context.axes.set_window(window)
            panel.refresh(store)
            application.processEvents()
            refresh, frame, worst, idle = frame_ms(panel, store, trainer, application)
            print(f"{panel.panel_id:>14} {window or 'all':>8} {refresh:8.2f} {frame:8.2f} {worst:8.2f} {idle:10.4f}")
        panel.hide()
    return panels


def measure(n_series: int, n_steps: int, application: QApplication) -> None:
    """All panels over one store."""
    parent = QWidget()
    store = filled_store(n_series, n_steps)
    context, trainer = make_context(parent, store), Trainer(store)
    context.selection.select("blocks.3", "blocks.4", "blocks.5", "blocks.6")  # 16 curves
    print(f"{n_series} series x {n_steps} steps; milliseconds of CPU; {store.n_bytes / 2**20:.0f} MiB of history")
    panels = measure_frames(context, store, trainer, application)
    for panel in panels:
        panel.show()
    for window in (240, 1000, None):
        context.axes.set_window(window)
        run_for(2.0, panels, store, trainer, application)  # the first frames lay out
        late, share = run_for(_TRAINING_S, panels, store, trainer, application)
        what = f"{n_series} series, window {window or 'all'}"
        goal = GOAL_LATE_MS if n_series == N_SERIES else None
        report(f"event loop's lateness, p99, {what}", goal, late, "ms")
        report(f"drawing's share of a core, {what}", GOAL_SHARE, share)
    for panel in panels:
        panel.close()


def main(_arguments: argparse.Namespace) -> None:
    application = QApplication([])
    measure(N_SERIES, N_STEPS, application)
    measure(MANY_SERIES, N_STEPS, application)


if __name__ == "__main__":
    start(main, bench_parser(__doc__))
