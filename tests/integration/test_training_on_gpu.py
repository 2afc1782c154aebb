"""Moving a run between devices, and a device that is full."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from moduleview import TrainingTask
from moduleview.telemetry.commands import Run, SetDevice
from moduleview.telemetry.records import ModelChanged, ModelOpened, RunState, StepRecord
from source_records import opened
from toy_tasks import toy_task

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


def test_run_moves_to_the_gpu_and_back_while_it_trains() -> None:
    made: list[TrainingTask] = []

    def make() -> TrainingTask:
        made.append(toy_task())
        return made[-1]

    with opened(make) as taken:
        taken.until_type(ModelOpened)
        for device in ("cuda:0", "cpu", "cuda"):
            taken.source.send(Run(n_steps=3))
            taken.until_state(RunState.PAUSED)
            taken.source.send(SetDevice(device))
            assert taken.until_type(ModelChanged).task.device == ("cuda:0" if device == "cuda" else device)
        taken.source.send(Run(n_steps=3))
        assert taken.until_state(RunState.PAUSED).step == 12
        assert [record.step for record in taken.of_type(StepRecord)] == list(range(12))
        optimizer = made[0].optimizer
        assert optimizer is not None
        held = optimizer.param_groups[0]["params"]
        assert all(a is b for a, b in zip(held, made[0].model.parameters(), strict=True))
        assert all(optimizer.state[param]["exp_avg"].is_cuda for param in held)


def test_full_gpu_gives_its_memory_back() -> None:
    """Fault row 49."""
    sizes = iter([0, 2**50])

    def loss(outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        kept = torch.empty(2**28, dtype=torch.uint8, device=outputs.device)
        torch.empty(next(sizes, 0), dtype=torch.uint8, device=outputs.device)
        return nn.functional.mse_loss(outputs, target) + kept[0] * 0

    with opened(lambda: toy_task(loss=loss)) as taken:
        taken.source.send(SetDevice("cuda:0"))
        taken.source.send(Run())
        failed = taken.until_state(RunState.FAILED)
        assert failed.failure is not None
        assert failed.failure.title == "The loss ran out of memory."
        assert torch.cuda.memory_reserved() < 2**28
        taken.source.send(Run(n_steps=1))
        assert taken.until_state(RunState.PAUSED).step == failed.step + 1
