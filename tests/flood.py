"""A run that prints without end, and how the window lives beside it (fault row 40)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QTimer

from moduleview import TrainingTask
from moduleview.gui.docking.panel_dock import PanelDock
from moduleview.gui.main_window import MainWindow
from moduleview.gui.panels.log import LogPanel
from moduleview.telemetry.commands import Run
from moduleview.telemetry.records import RunState
from real_window import open_in, real_window, wait
from soak_memory import resident_mb
from toy_tasks import toy_model

_N_STEPS = 10


@dataclass(frozen=True)
class Flood:
    """What was seen.

    Attributes:
        longest_gap_ms: Between two ticks of a timer that fires every 5 ms: how long the window stood still.
        grown_mb: Resident memory after the flood against before it.
        n_shown: Lines in the log panel at the end.
    """

    longest_gap_ms: float
    grown_mb: float
    n_shown: int


LIMITS = Flood(longest_gap_ms=100.0, grown_mb=20.0, n_shown=0)


def flood(folder: Path, n_lines: int) -> Flood:
    """Print ``n_lines`` lines within ten steps while the log panel is the one in front."""

    def make() -> TrainingTask:
        def step() -> float:
            for number in range(n_lines // _N_STEPS):
                print("line", number, "of this step")
            return 1.0

        return TrainingTask(toy_model(), step=step)

    with real_window(folder) as window:
        open_in(window, make)
        dock = window.contents.docks.dock("log")
        panel = dock.panel
        assert isinstance(panel, LogPanel)
        wait(lambda: comes_forward(window, dock), "the log in front")
        run_steps(window, 1)  # fills what is kept: 10 000 lines
        before_mb = resident_mb()
        last = [time.monotonic(), 0.0]

        def on_beat() -> None:
            now = time.monotonic()
            last[:] = now, max(last[1], now - last[0])

        beat = QTimer(window, interval=5)
        beat.timeout.connect(on_beat)
        on_beat()
        last[1] = 0.0
        beat.start()
        run_steps(window, _N_STEPS)
        # The run may end before the frame is due that shows its lines.
        wait(lambda: comes_forward(window, dock) and panel.model.rowCount() > 0, "the frame that shows the lines")
        beat.stop()
        return Flood(1000 * last[1], resident_mb() - before_mb, panel.model.rowCount())


def comes_forward(window: MainWindow, dock: PanelDock) -> bool:
    """Bring a panel forward as often as it takes: the layout's first fit, once the size is known, raises others.

    Qt moves what stands behind a tab out of sight and leaves it visible: only the dock knows.
    """
    if not dock.is_shown:
        window.contents.docks.bring_forward(dock.objectName())
    return dock.is_shown


def run_steps(window: MainWindow, n_steps: int) -> None:
    """Make so many steps and wait for their end."""
    store = window.contents.parts.session.store
    aim = store.run.step + n_steps
    window.contents.context.send(Run(n_steps=n_steps))
    wait(lambda: store.run.state is RunState.PAUSED and store.run.step == aim, f"step {aim}")
