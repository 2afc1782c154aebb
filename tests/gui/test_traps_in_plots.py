"""Arrays of objects end the process in pyqtgraph: what was not measured is NaN, never None."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pyqtgraph as pg
import pytest
from plot_builders import make_bench, show
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from builders import declare_gradients, opened_store
from moduleview.gui.panel import Panel
from moduleview.gui.panels.curves import CurvesPanel
from moduleview.gui.panels.gradient_map import GradientMapPanel
from moduleview.gui.panels.loss import LossPanel
from moduleview.telemetry.records import StepRecord
from moduleview.telemetry.store import SeriesStore

NAIVE = """
import numpy as np, pyqtgraph as pg
application = pg.mkQApp()
plot = pg.PlotWidget()
plot.show()
plot.plot(np.arange(3.0), np.array([1.0, None, 2.0], dtype=object), connect="finite")
plot.grab()
print("alive")
"""


def test_none_among_the_values_of_a_line_ends_the_process() -> None:
    """The naive way, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", NAIVE],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert done.returncode != 0
    assert "alive" not in done.stdout


def store_with_gaps() -> SeriesStore:
    """Every series misses steps, one is never measured, and some values are not finite."""
    store = opened_store()
    n = len(declare_gradients(store))
    random = np.random.default_rng(0)
    for step in range(40):
        series = np.flatnonzero(random.random(n - 1) < 0.5).astype(np.int32)
        values = random.random(len(series)).astype(np.float32)
        values[:1] = (np.nan, np.inf, 0.0)[step % 3]
        store.apply(StepRecord(0, step, step * 0.1, series, values))
    return store


@pytest.mark.parametrize("kind", [CurvesPanel, LossPanel, GradientMapPanel])
def test_plots_are_given_numbers_only_whatever_was_not_measured(
    qtbot: QtBot, qapp: QObject, monkeypatch: pytest.MonkeyPatch, kind: type[Panel]
) -> None:
    given: list[np.ndarray[Any, Any]] = []

    def noting(original: Any) -> Any:
        def take(item: object, *arrays: Any, **named: Any) -> Any:
            given.extend(np.asarray(each) for each in (*arrays, *map(named.get, "xy")) if each is not None)
            return original(item, *arrays, **named)

        return take

    for item, name in ((pg.PlotCurveItem, "setData"), (pg.ScatterPlotItem, "setData"), (pg.ImageItem, "setImage")):
        monkeypatch.setattr(item, name, noting(getattr(item, name)))
    bench = make_bench(qapp, store_with_gaps())
    bench.context.selection.select("blocks.0.lin")
    bench.context.selection.toggle_pin("head")
    show(qtbot, kind(bench.context))
    assert any(array.size for array in given)
    assert {array.dtype.kind for array in given} <= set("fiub")
