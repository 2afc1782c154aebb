"""Outputs and their gradients, taken in a step: those that are views, and those that are too large for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from open_run import OpenRun, open_run
from torch import nn

from moduleview.engine.services import tensor_lab
from moduleview.telemetry.lab_tensors import LabRefused, TakeTensor, TensorKind, TensorTaken
from toy_tasks import toy_task


def taken(run: OpenRun, request: int) -> torch.Tensor:
    (found,) = [record.tensor.tensor_id for record in run.said(TensorTaken) if record.request == request]
    frozen = run.opened.shelf.get(found)
    assert frozen is not None
    return frozen.tensor


class _Turned(nn.Module):
    """Its output is a view of what it computed: the axes are turned, and cut anew."""

    def __init__(self, turn: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.turn = turn
        self.gradient = torch.empty(0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        turned = self.turn(x * 2)
        if turned.requires_grad:
            turned.register_hook(self._see)
        return turned

    def _see(self, gradient: torch.Tensor) -> None:
        self.gradient = gradient.resolve_conj().clone()


@pytest.mark.parametrize(
    "turn",
    [
        lambda x: x.t(),
        lambda x: x.reshape(4, -1, 8).transpose(0, 2),
        lambda x: x.t().unflatten(0, (2, 4)),
        lambda x: torch.complex(x, x * 3).t().conj(),
    ],
    ids=["t", "transpose", "unflatten", "conj"],
)
def test_the_gradient_of_an_output_that_is_a_view_has_the_outputs_shape(turn: Any) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.turned = nn.Linear(4, 8), _Turned(turn)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.turned(self.first(x))
            weight = torch.arange(float(y.numel())).reshape(y.shape)
            y = torch.view_as_real(y * (1 + 2j)).sum(-1) if y.is_complex() else y
            return (y * weight).sum().expand(16, 2)

    model = Net()
    with open_run(lambda: toy_task(model=model)) as run:
        run.ask(TakeTensor(1, TensorKind.OUTPUT_GRADIENT, "turned"))
        run.steps(1)
        assert torch.allclose(taken(run, 1), model.turned.gradient)
        assert taken(run, 1).shape == model.turned.gradient.shape


class _Wide(nn.Module):
    """Gives 20 MB of which the rest of the model takes 8 numbers a row."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.repeat_interleave(39_063, dim=1)


@pytest.mark.parametrize("kind", [TensorKind.ACTIVATION, TensorKind.OUTPUT_GRADIENT])
@pytest.mark.parametrize(("bytes_per_s", "is_taken"), [(1.0, False), (1e15, True)])
def test_an_output_that_would_hold_the_step_for_as_long_again_is_refused_with_its_size(
    monkeypatch: pytest.MonkeyPatch, kind: TensorKind, bytes_per_s: float, is_taken: bool
) -> None:
    monkeypatch.setattr(tensor_lab, "_FIRST_GUESS", bytes_per_s)
    model = nn.Sequential(nn.Linear(4, 8), _Wide(), nn.AdaptiveAvgPool1d(8), nn.Linear(8, 2))
    with open_run(lambda: toy_task(model=model)) as run:
        run.ask(TakeTensor(1, kind, "1"), TakeTensor(2, kind, "0"))
        run.steps(1)
        assert taken(run, 2).shape == (16, 8)
        if is_taken:
            assert taken(run, 1).shape == (16, 312_504)
        else:
            assert "It has 20 MB, more than can be copied in the time of one step" in run.last(LabRefused).reason
        assert not torch.nn.modules.module._global_forward_hooks
