"""Training beside a window that is frozen, against one that is not (fault row 34: within 5 %).

Run: python tests/benchmarks/bench_frozen_window.py [pairs]. Seconds of both kinds take turns within one run, and the
median of the pairs' ratios is printed: what else the machine does meets both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtCore import QEventLoop, QTimer
from summary import bench_parser, report, start

from moduleview.gui.main_window import MainWindow
from moduleview.resources import resource_path
from real_window import open_in, real_window, train_to

GOAL_RATIO = 1.05  # fault row 34: nobody waits for a frozen window
_SLICE_S = 1.0


def _live(window: MainWindow) -> None:
    loop = QEventLoop(window)
    QTimer.singleShot(round(1000 * _SLICE_S), loop, loop.quit)
    loop.exec()


def _rate(window: MainWindow, *, frozen: bool) -> float:
    """Steps a second while the window is frozen or lives; what was put meanwhile is taken afterwards."""
    store = window.contents.parts.session.store
    window.contents.parts.session.pump(1.0)
    first, began_s = store.last_step or 0, time.perf_counter()
    if frozen:
        time.sleep(_SLICE_S)
    else:
        _live(window)
    took_s = time.perf_counter() - began_s
    window.contents.parts.session.pump(1.0)
    return ((store.last_step or 0) - first) / took_s


def main(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    n = arguments.pairs
    with tempfile.TemporaryDirectory() as folder, real_window(Path(folder)) as window:
        open_in(window, str(resource_path("samples", "digits.py")), trains=True)
        train_to(window, 50)
        pairs = [(_rate(window, frozen=True), _rate(window, frozen=False)) for _ in range(n)]
    still = [pair for pair in pairs if not min(pair)]
    if still:
        print(f"no step arrived in a slice of {len(still)} pairs: {pairs}")
    ratio = statistics.median(frozen / living for frozen, living in pairs if living)
    print(f"digits sample, {n} pairs of {_SLICE_S:.0f} s: steps a second frozen / living, median {ratio:.3f}")
    print("  ", " ".join(f"{frozen:.0f}/{living:.0f}" for frozen, living in pairs))
    report("a step while the window is frozen / while it lives, digits", GOAL_RATIO, 1 / ratio)
    report("the other way round: what the living window costs a 7 ms step", None, ratio)


if __name__ == "__main__":
    parser = bench_parser(__doc__)
    parser.add_argument("pairs", type=int, nargs="?", default=8)
    start(main, parser)
