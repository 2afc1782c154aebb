"""Mixed precision leaves steps out: that is told of steps too in which the budget leaves nothing to be measured."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from watched_run import WatchedRun

from moduleview.probes.governor import Governor
from moduleview.telemetry.records import StepRecord, StepSkipped

_OVERFLOWS = (4, 7)  # steps whose loss is infinite
_FIRST_PASSED_BY = 2


@pytest.mark.parametrize("is_unscaled_first", [False, True])
def test_step_that_mixed_precision_left_out_is_told_where_nothing_is_measured(
    monkeypatch: pytest.MonkeyPatch, is_unscaled_first: bool
) -> None:
    monkeypatch.setattr(Governor, "begin_step", lambda _self, step: step >= _FIRST_PASSED_BY)
    run = WatchedRun(nn.Linear(3, 1))
    assert run.optimizer is not None
    step = _scaled_step(run.model, run.optimizer, is_unscaled_first=is_unscaled_first)
    for n in range(10):
        run.raw_step(lambda n=n: step(float("inf") if n in _OVERFLOWS else 1.0))  # type: ignore[misc]
    run.recorder.flush()
    skips = [record for record in run.records if isinstance(record, StepSkipped)]
    assert [(skip.step, skip.loss_scale) for skip in skips] == [(4, 1024.0), (7, 512.0)]
    measured = {record.step for record in run.records if isinstance(record, StepRecord)}
    assert measured == set(range(_FIRST_PASSED_BY))
    run.recorder.detach()


@pytest.mark.parametrize("is_unscaled_first", [False, True])
def test_step_that_a_fused_optimizer_left_out_is_told_where_nothing_is_measured(
    monkeypatch: pytest.MonkeyPatch, is_unscaled_first: bool
) -> None:
    """Its hooks run as in any other step: only a number on the device says so."""
    monkeypatch.setattr(Governor, "begin_step", lambda _self, step: step >= _FIRST_PASSED_BY)
    run = WatchedRun(nn.Linear(3, 1))
    optimizer = torch.optim.SGD(run.model.parameters(), lr=0.1, fused=True)
    step = _scaled_step(run.model, optimizer, is_unscaled_first=is_unscaled_first)
    for n in range(10):
        run.raw_step(lambda n=n: step(float("inf") if n in _OVERFLOWS else 1.0))  # type: ignore[misc]
    run.recorder.flush()
    skips = [record for record in run.records if isinstance(record, StepSkipped)]
    assert [skip.step for skip in skips] == list(_OVERFLOWS)
    assert all("fused" in skip.reason for skip in skips)
    run.recorder.detach()


def _scaled_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, *, is_unscaled_first: bool
) -> Callable[[float], torch.Tensor]:
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)

    def step(factor: float) -> torch.Tensor:
        optimizer.zero_grad()
        loss = model(torch.ones(4, 3)).square().mean() * factor
        scaler.scale(loss).backward()
        if is_unscaled_first:
            scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        return loss

    return step
