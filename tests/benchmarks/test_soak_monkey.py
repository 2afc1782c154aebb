"""Fault row 78: random events over the real window; no exception, no warning of Qt, no growth.

``MODULEVIEW_MONKEY=4x3000 make soak`` makes it shorter: so many seeds, so many events each.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from moduleview.resources import resource_path
from moduleview.sources.inprocess import THREAD_NAME
from monkey import Monkey
from real_window import open_in, real_window, wait
from soak_memory import resident_mb

N_SEEDS, N_EVENTS = (int(part) for part in os.environ.get("MODULEVIEW_MONKEY", "20x100000").split("x"))
N_ROUND = 1000  # events between two looks whether a model is open
MOST_GROWTH_MB = 50.0
_FROM_QTEST = r"(Mouse event .* (not accepted|occurs outside)|QCursor|This plugin does not support)"


def n_training_threads() -> int:
    """A run that is being closed still holds its model."""
    return sum(thread.name == THREAD_NAME for thread in threading.enumerate())


@pytest.fixture(autouse=True)
def no_dialog_of_the_system(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_arguments: ("", ""))
    return


@pytest.mark.soak
@pytest.mark.qt_log_ignore(_FROM_QTEST)
@pytest.mark.parametrize("seed", range(N_SEEDS))
def test_monkey_finds_nothing(qtbot: QtBot, tmp_path: Path, seed: int) -> None:
    target = str(resource_path("samples", "digits.py"))
    with real_window(tmp_path) as window, qtbot.captureExceptions() as exceptions:
        open_in(window, target, trains=True)
        monkey = Monkey(window, seed)
        resident: list[float] = []
        for done in range(0, N_EVENTS, N_ROUND):
            monkey.play(min(N_ROUND, N_EVENTS - done))
            assert not exceptions, "\n".join(("the last deeds:", *monkey.deeds))
            store = window.contents.parts.session.store
            if store.model is None or store.task is None or store.task.target != target:
                open_in(window, target, trains=True)
            wait(lambda: n_training_threads() == 1, "the end of the run before it")
            resident.append(resident_mb())
        monkey.release()
    grown_mb = resident[-1] - resident[len(resident) // 5]  # by then every sample and dialog has been there once
    print(f"seed {seed}: {N_EVENTS} events, RSS grew by {grown_mb:.1f} MB;", *(round(mb) for mb in resident))
    assert grown_mb < MOST_GROWTH_MB
