"""How long a person waits for the window: from the start of Python to the first paint, before torch is imported.

The first paint is the empty frame, in its colours and place; what fills it is imported and painted after.

Run: python tests/benchmarks/bench_start.py [n]. Prints medians of n processes, the first of which only warms the
caches. Goal: first paint <= 150 ms warm (performance.md). Beside it stands a window of PySide6 alone with a menu bar, a
tool bar and a line of text: what no Qt program in Python can be faster than on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from summary import bench_parser, report, start

GOAL_MS = 150.0

_BARE = r"""
import json, os, time
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow

class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
        up = float(Path("/proc/uptime").read_text().split()[0])
        age_ms = (up - ticks / os.sysconf("SC_CLK_TCK")) * 1000
        print(json.dumps({"first paint": age_ms, "cpu": time.process_time() * 1000}))
        QTimer.singleShot(0, self.close)

application = QApplication([])
window = Window()
for title in ("File", "Edit", "View", "Run"):
    window.menuBar().addMenu(title).addAction(title)
window.addToolBar("tools").addAction("Run")
window.setCentralWidget(QLabel("moduleview"))
window.resize(1280, 800)
window.show()
application.exec()
"""

_CHILD = r"""
import json, os, sys, time
from pathlib import Path

def age_ms():
    ticks = int(Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()[19])
    up = float(Path("/proc/uptime").read_text().split()[0])
    return (up - ticks / os.sysconf("SC_CLK_TCK")) * 1000

began = time.perf_counter()
base = age_ms()
now = lambda: base + (time.perf_counter() - began) * 1000
marks = {"python": now()}
from moduleview import cli

def load(part, original=cli._load):
    if part == "frame":
        marks["display looked at"] = now()
        original(part)
        marks["frame imported"] = now()
        return original(part)
    marks["first paint"] = now()
    marks["cpu until then"] = time.process_time() * 1000
    heavy = ("torch", "numpy", "moduleview.gui.app")
    marks["torch or numpy imported before"] = float(any(name in sys.modules for name in heavy))
    original(part)
    marks["contents imported"] = now()
    from moduleview.gui import window_contents
    window_contents.WindowContents.on_painted = on_painted
    return original(part)

def on_painted(contents):
    marks["contents painted"] = now()
    contents.docks
    marks["panels made"] = now()
    print(json.dumps(marks))
    contents.window.close()

cli._load = load
sys.exit(cli.main([]))
"""


def _measure(folder: str, child: str) -> dict[str, float]:
    env = dict(os.environ, QT_QPA_PLATFORM=os.environ.get("QT_QPA_PLATFORM", "offscreen"))
    env.update(dict.fromkeys(("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"), folder))
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # warm is with the compiled modules of the run before
    env["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "compiled")
    done = subprocess.run([sys.executable, "-c", child], env=env, capture_output=True, text=True, check=True)
    marks: dict[str, float] = json.loads(done.stdout)
    return marks


def main(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    n = arguments.processes
    with tempfile.TemporaryDirectory() as folder:
        pairs = [(_measure(folder, _CHILD), _measure(folder, _BARE)) for _ in range(n + 1)][1:]
    runs = [run for run, _ in pairs]
    bare_ms = statistics.median(bare["first paint"] for _, bare in pairs)
    print(f"median of {n} processes, warm, offscreen; milliseconds since the process began")
    for name in runs[0]:
        values = [run[name] for run in runs]
        if name.startswith("torch"):
            print(f"  {name:24s} {'yes' if any(values) else 'no':>8s}")
        else:
            print(f"  {name:24s} {statistics.median(values):8.0f}   ({min(values):.0f} to {max(values):.0f})")
    print(f"  {'a bare PySide6 window':24s} {bare_ms:8.0f}")
    report("first paint, warm", GOAL_MS, statistics.median(run["first paint"] for run in runs), "ms")
    report("window filled, warm", None, statistics.median(run["contents painted"] for run in runs), "ms")
    report("first paint of a bare PySide6 window here", None, bare_ms, "ms")


if __name__ == "__main__":
    parser = bench_parser(__doc__)
    parser.add_argument("processes", type=int, nargs="?", default=9)
    start(main, parser)
