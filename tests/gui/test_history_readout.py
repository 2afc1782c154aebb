"""What the history of a run takes is said where memory is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot
from scripted_source import ScriptedSource, make_test_window, open_in

from builders import add_steps, declare_gradients


def test_memory_readout_says_what_the_history_takes_and_how_far_back_it_is_whole(qtbot: QtBot, tmp_path: Path) -> None:
    window = make_test_window(qtbot, tmp_path)
    open_in(window, ScriptedSource())
    store, status = window.contents.parts.session.store, window.contents.status
    status.refresh(store)
    assert "history" not in status.readouts["memory"].toolTip()

    n = len(declare_gradients(store))
    store._series._archive.raw.resize(n, 64, (np.nan,))
    add_steps(store, np.ones((50, n)))
    status.refresh(store)
    tip = status.readouts["memory"].toolTip()
    assert f"The history of {n} series takes {store.n_bytes / 1024:.3g} KiB." in tip

    add_steps(store, np.ones((150, n)), 50)
    status.refresh(store)
    assert "every step since 136" in status.readouts["memory"].toolTip()
