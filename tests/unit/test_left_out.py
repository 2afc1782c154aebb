"""A statistic that does not apply says so, once, and floods nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from watched_run import WatchedRun

from moduleview.probes.base import StepView
from moduleview.probes.left_out import LeftOut

Watch = Callable[..., WatchedRun]


def test_a_complex_gradient_says_once_which_statistics_it_has(watch: Watch) -> None:
    run = watch(nn.Linear(3, 2, dtype=torch.complex64))
    for _ in range(12):
        run.step(lambda: run.model(torch.ones(1, 3, dtype=torch.complex64)).abs().sum())
    gradients, weights = run.log()
    assert gradients.startswith("Not all statistics of the gradient of bias, weight apply. It is complex")
    assert weights.startswith("Not all statistics of the weight of bias, weight apply. It is complex")


def test_a_model_without_oddities_says_nothing(watch: Watch) -> None:
    run = watch(nn.Linear(3, 2))
    for _ in range(12):
        run.step(lambda: run.model(torch.ones(1, 3)).sum())
    assert run.log() == []


def test_many_tensors_of_one_reason_are_one_line() -> None:
    lines: list[str] = []
    parameters = {f"w{n}": nn.Parameter(torch.ones(2, device="meta")) for n in range(50)}
    parameters["real"] = nn.Parameter(torch.ones(2))
    view = StepView(0, parameters)
    left_out = LeftOut(lines.append)
    left_out.look_at(view)
    assert lines == []  # nobody has read the weights yet
    _ = view.weights
    for _ in range(3):
        left_out.look_at(view)
    (line,) = lines
    assert line == (
        "Not all statistics of the weight of w0, w1, w10 and 47 more apply. "
        "It is on the meta device, which keeps shapes and no values."
    )
    left_out.forget()
    left_out.look_at(view)
    assert lines == [line, line]


def test_a_tensor_that_raises_when_asked_is_said_once_and_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: torch.Tensor) -> str:
        raise ValueError("no")

    monkeypatch.setattr("moduleview.probes.left_out.why_without_values", refuse)
    lines: list[str] = []
    view = StepView(0, {"w": nn.Parameter(torch.ones(2, device="meta"))})
    _ = view.weights
    left_out = LeftOut(lines.append)
    for _ in range(3):
        left_out.look_at(view)
    assert lines == ["Why a weight has no statistics could not be found out: ValueError('no')"]
