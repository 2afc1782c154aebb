"""Fault row 77: a thousand models opened and closed in one window leave nothing behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from real_window import open_in, real_window, train_to, wait
from soak_memory import n_qobjects, resident_mb
from toy_tasks import toy_task

N_MODELS = int(os.environ.get("MODULEVIEW_MODELS", "1000"))
N_WARM = 50  # allocators and caches have their size by then
MOST_KB = 5.0


@pytest.mark.soak
def test_models_that_were_closed_are_gone(qtbot: QtBot, tmp_path: Path) -> None:
    with real_window(tmp_path) as window:

        def open_and_close(n_times: int) -> None:
            for _ in range(n_times):
                open_in(window, toy_task, trains=True)
                train_to(window, 2)
                window.contents.selection.select("0")
                window.contents.clock.tick()
                window.contents.actions.run("file.close")
                wait(lambda: window.contents.pages.currentWidget() is not window.contents.docks, "the welcome page")
            window.contents.parts.session.pump(0.0)
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

        open_and_close(N_WARM)
        n_before, before_mb = n_qobjects(), resident_mb()
        open_and_close(N_MODELS)
        n_more, grown_kb = n_qobjects() - n_before, (resident_mb() - before_mb) * 1024 / N_MODELS
    print(f"{N_MODELS} models: {grown_kb:.2f} KB each, {n_more} more QObjects")
    assert n_more == 0
    assert grown_kb <= MOST_KB
