"""What a thread does not have from the one that starts it, or takes from it by being busy."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from moduleview import TrainingTask
from moduleview.telemetry.commands import Run
from moduleview.telemetry.records import RunState
from source_records import opened
from toy_tasks import toy_task


class Notes(nn.Module):
    """Notes in which thread it is called and what torch keeps there."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 2)
        self.seen: list[tuple[str, int, bool, torch.dtype]] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.linear(x)
        name = threading.current_thread().name
        self.seen.append((name, torch.get_num_threads(), torch.is_autocast_enabled("cpu"), hidden.dtype))
        return hidden.float()


@pytest.fixture
def torchs_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_training_thread_takes_no_more_cores_than_the_process_may_use(
    torchs_threads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container: torch counts the cores of the host, and a step of its threads waits for the slowest."""
    torch.set_num_threads(3)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0}, raising=False)
    counts: list[int] = []
    naive = threading.Thread(target=lambda: counts.append(torch.get_num_threads()))
    naive.start()
    naive.join()
    assert counts == [3]

    model = Notes()
    with opened(lambda: toy_task(model=model)) as taken:
        taken.source.send(Run(n_steps=1))
        taken.until_state(RunState.PAUSED)
    assert {count for _, count, _, _ in model.seen} == {1}


def test_what_a_target_sets_for_its_thread_holds_in_its_steps() -> None:
    """Autocast and the default device are kept per thread: a model that another one makes trains without them."""
    there: list[bool] = []
    torch.set_autocast_enabled("cpu", True)
    naive = threading.Thread(target=lambda: there.append(torch.is_autocast_enabled("cpu")))
    naive.start()
    naive.join()
    torch.set_autocast_enabled("cpu", False)
    assert there == [False]

    models: list[Notes] = []

    def target() -> TrainingTask:
        torch.set_autocast_enabled("cpu", True)
        models.append(Notes())
        return toy_task(model=models[-1])

    with opened(target) as taken:
        taken.source.send(Run(n_steps=2))
        taken.until_state(RunState.PAUSED)
    threads, _, autocast, types = (set(column) for column in zip(*models[0].seen, strict=True))
    assert autocast == {True}
    assert types == {torch.bfloat16}
    assert len(threads) == 1
    assert threading.main_thread().name not in threads
    assert not torch.is_autocast_enabled("cpu")


def test_trainer_is_given_back_the_interpreter_ten_times_as_often_as_python_would() -> None:
    """A thread that wants the interpreter waits for this long each time: 5 ms a wait, with a window that draws."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-3)
    try:
        with opened(toy_task) as taken:
            taken.source.send(Run(n_steps=1))
            taken.until_state(RunState.PAUSED)
            assert sys.getswitchinterval() <= 5e-4
    finally:
        sys.setswitchinterval(before)
