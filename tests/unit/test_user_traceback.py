"""A traceback cut to the user's frames."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from moduleview.introspect.user_traceback import user_traceback


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(3, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x)


def caught(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def test_torchs_way_from_module_to_module_is_left_out() -> None:
    text = user_traceback(caught(lambda: Net()(torch.zeros(1, 2))))
    assert "return self.inner(x)" in text
    assert f"site-packages{os.sep}torch" not in text
    assert "mat1 and mat2" in text


def test_an_error_raised_by_torch_alone_keeps_torchs_frames() -> None:
    error = caught(lambda: None + 1)  # type: ignore[operator]
    error.__traceback__ = caught(lambda: nn.functional.cross_entropy(torch.zeros(2), torch.zeros(3))).__traceback__
    while error.__traceback__ is not None and "torch" not in error.__traceback__.tb_frame.f_code.co_filename:
        error.__traceback__ = error.__traceback__.tb_next
    assert "functional.py" in user_traceback(error)


def test_causes_and_groups_are_cut_too() -> None:
    def fail() -> None:
        try:
            Net()(torch.zeros(1, 2))
        except RuntimeError as error:
            raise ExceptionGroup("both", [error, ValueError("second")]) from error

    text = user_traceback(caught(fail))
    assert "direct cause" in text
    assert "ValueError: second" in text
    assert f"site-packages{os.sep}torch" not in text


def test_a_huge_message_loses_its_middle() -> None:
    def fail() -> None:
        raise ValueError("x" * 1_000_000)

    text = user_traceback(caught(fail))
    assert len(text) < 21_000
    assert text.startswith("Traceback")


def test_an_exception_that_cannot_be_printed_is_still_reported() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    def fail() -> None:
        raise MuteError

    assert "MuteError" in user_traceback(caught(fail))


def test_a_sample_is_a_users_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Installed, the samples lie inside of our own package."""
    package = tmp_path / "moduleview"
    samples = package / "_resources" / "samples"
    samples.mkdir(parents=True)
    monkeypatch.setattr("moduleview.introspect.persons_code._OURS", f"{package}{os.sep}")
    monkeypatch.setattr("moduleview.introspect.persons_code._SAMPLES", f"{samples}{os.sep}")
    path = samples / "digits.py"
    path.write_text("raise ValueError('in the sample')")

    def run() -> None:
        exec(compile(path.read_text(), str(path), "exec"), {})

    assert "digits.py" in user_traceback(caught(run))
