"""A picture of the window, made without a display, as a script or a CI job asks for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

TASK = """
import torch
from moduleview import TrainingTask

def task() -> TrainingTask:
    model = torch.nn.Linear(2, 1)
    batch = (torch.ones(3, 2), torch.zeros(3, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return TrainingTask(model, optimizer, [batch], torch.nn.functional.mse_loss, title="<b>a\\nb</b>")
"""


BARE = """
import torch
model = torch.nn.Linear(2, 1)
"""


def shot(target: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "moduleview", "shot", str(target), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(("theme", "is_dark"), [("light", False), ("dark", True)])
def test_a_picture_has_the_size_and_the_colours_asked_for_and_nothing_else_is_said(
    tmp_path: Path, theme: str, is_dark: bool
) -> None:
    target, picture = tmp_path / "tiny.py", tmp_path / "window.png"
    target.write_text(TASK)
    done = shot(target, "--steps", "3", "-o", str(picture), "--theme", theme, "--size", "1000x700")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    image = QImage(str(picture))
    assert (image.width(), image.height()) == (1000, 700)
    assert (QColor(image.pixel(500, 5)).lightness() < 128) == is_dark


def test_a_run_that_fails_gives_its_picture_its_traceback_and_status_2(tmp_path: Path) -> None:
    target, picture = tmp_path / "tiny.py", tmp_path / "window.png"
    target.write_text(TASK.replace("torch.zeros(3, 1)", "'no tensor'"))
    done = shot(target, "--steps", "3", "-o", str(picture))
    assert done.returncode == 2
    assert "The loss raised" in done.stderr
    assert "Traceback" in done.stderr
    assert picture.exists()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (BARE, "0 of 12 steps were made. There are no batches to train on"),
        (TASK.replace("SGD", "LBFGS"), "0 of 12 steps were made. LBFGS evaluates the loss several times a step"),
        (TASK.replace("[batch]", "iter([batch] * 8)"), "8 of 12 steps were made. The batches ended after 8 steps."),
    ],
    ids=["bare", "LBFGS", "batches that end"],
)
def test_fewer_steps_than_asked_for_are_said_with_the_reason(tmp_path: Path, code: str, words: str) -> None:
    target, picture = tmp_path / "tiny.py", tmp_path / "window.png"
    target.write_text(code)
    done = shot(target, "--steps", "12", "-o", str(picture))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(f"moduleview: {words}")
    assert done.stderr.count("\n") == 1
    assert picture.exists()


def test_a_picture_that_cannot_be_as_small_says_its_size(tmp_path: Path) -> None:
    target, picture = tmp_path / "tiny.py", tmp_path / "window.png"
    target.write_text(TASK)
    done = shot(target, "--steps", "1", "-o", str(picture), "--size", "10x10")
    image = QImage(str(picture))
    assert done.returncode == 0
    assert done.stderr.startswith(f"moduleview: The picture has {image.width()}x{image.height()} pixels")
