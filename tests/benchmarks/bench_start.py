"""How long a person waits for the window: from the start of Python to the first paint, before torch is imported.

Run: python tests/benchmarks/bench_start.py [n]. Prints medians of n processes, the first of which only warms the
caches. Goal: first paint <= 150 ms warm (performance.md). Beside it stands a window of PySide6 alone with a menu bar, a
tool bar and a line of text: what no Qt program in Python can be faster than on this machine.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from summary import report

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
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
marks["qt imported"] = now()
from moduleview.gui.app import make_application, make_window
from moduleview.gui.settings import open_settings
marks["window imported"] = now()
application = make_application()
marks["application"] = now()
window = make_window(application, open_settings())
marks["window made"] = now()
original = window._on_painted_first

def on_painted():
    marks["first paint"] = now()
    marks["cpu until then"] = time.process_time() * 1000
    marks["torch imported before"] = float("torch" in sys.modules)
    original()
    marks["panels made"] = now()
    print(json.dumps(marks))
    window.close()

window._on_painted_first = on_painted
window.show()
application.exec()
"""


def _measure(folder: str, child: str) -> dict[str, float]:
    env = dict(os.environ, QT_QPA_PLATFORM=os.environ.get("QT_QPA_PLATFORM", "offscreen"))
    env.update(dict.fromkeys(("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"), folder))
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # warm is with the compiled modules of the run before
    env["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "compiled")
    done = subprocess.run([sys.executable, "-c", child], env=env, capture_output=True, text=True, check=True)
    marks: dict[str, float] = json.loads(done.stdout)
    return marks


def main() -> None:
    """Measure and print."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 9
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
    report("first paint of a bare PySide6 window here", None, bare_ms, "ms")


if __name__ == "__main__":
    main()
