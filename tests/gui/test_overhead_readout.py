"""The status bar's overhead against the budget that is in force."""

import numpy as np
import pytest
from scripted_source import ScriptedSource, make_test_window, open_in

from moduleview.telemetry.costs import CostsMeasured
from moduleview.telemetry.records import SeriesDeclared, SeriesKey, StepRecord


@pytest.mark.parametrize(("budget", "warns"), [(0.02, True), (0.1, False), (None, False)])
def test_overhead_warns_above_the_budget_in_force(budget, warns, qtbot, tmp_path):
    window = make_test_window(qtbot, tmp_path)
    window.show()
    source = ScriptedSource()
    open_in(window, source)
    source.records += [
        SeriesDeclared(0, (SeriesKey("overhead"),)),
        StepRecord(0, 0, 0.0, np.zeros(1, dtype=np.int32), np.full(1, 0.05, dtype=np.float32)),
        CostsMeasured((), 1e4, budget, 0.05),
    ]
    readout = window.contents.status.readouts["overhead"]
    qtbot.waitUntil(lambda: "5.0 %" in readout.text)
    assert readout.warns == warns
