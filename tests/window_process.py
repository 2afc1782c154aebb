"""The whole program in a process of its own, with something done to it while it runs."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

_RUN = """
import ctypes, os, signal, sys, threading, time
from PySide6.QtCore import QTimer
from moduleview.gui import app
from moduleview.gui.window_contents import WindowContents

draw = WindowContents.draw
n_draws = 0

def watched_draw(contents):
    global n_draws
    draw(contents)
    n_draws += 1
    window = contents.window
    {action}

WindowContents.draw = watched_draw
sys.exit(app.run_window({target!r}))
"""
_SMALL_TARGET = """
import torch
from torch import nn
from moduleview import TrainingTask

def task():
    model = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4))
    batches = [(torch.randn(8, 16), torch.randn(8, 4)) for _ in range(4)]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    return TrainingTask(model, optimizer=optimizer, batches=batches, loss=nn.functional.mse_loss)
"""


def run_window(
    action: str, target: str | None = None, timeout_s: float = 60.0
) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run the program until it ends.

    Args:
        action: Code that runs in the GUI thread after each frame; it knows ``window`` and ``n_draws``.
        target: What is opened at the start.
        timeout_s: A program that lives longer fails the test.

    Returns:
        The ended process, and when it ended by ``time.monotonic``, which all processes share.
    """
    done = subprocess.run(
        [sys.executable, "-c", _RUN.format(action=action, target=target)],
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    return done, time.monotonic()


def said_wrong(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Lines on stderr, but for what the offscreen platform says of every window."""
    return [line for line in done.stderr.splitlines() if not line.startswith("This plugin does not support")]


def write_small_target(folder: Path) -> Path:
    """A file whose task trains in a fraction of a millisecond a step."""
    file = folder / "small.py"
    file.write_text(_SMALL_TARGET, encoding="utf-8")
    return file


def close_at_random(seed: int) -> str:
    """An action that trains, and closes the window at a moment that the seed chooses.

    A third closes before the model can be there, while torch is being imported; the others 0 to 0.5 s into training.
    """
    dice = random.Random(seed)
    if seed % 3 == 0:
        wait_s, condition = dice.uniform(0.0, 0.6), "True"
    else:
        wait_s, condition = dice.uniform(0.0, 0.5), "window.contents.parts.session.store.last_step is not None"
    return f"""
    store = window.contents.parts.session.store
    if store.model is not None and store.last_step is None:
        window.contents.actions.run("run.start")
    if not hasattr(window, "closes") and {condition}:
        window.closes = True
        QTimer.singleShot({round(1000 * wait_s)}, window, window.close)
    """.strip()
