"""The tensor lab beside a run on a thread of ours: it answers while a step is made, and ends with the source."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch

from moduleview import TrainingTask
from moduleview.engine.lab_thread import THREAD_NAME
from moduleview.telemetry.commands import Run, Stop
from moduleview.telemetry.lab_messages import LabCommand
from moduleview.telemetry.lab_pipelines import PipelineAnswered, PipelineStep, RunPipeline
from moduleview.telemetry.lab_tensors import CancelLab, LabRefused, TakeTensor, TensorAwaited, TensorKind, TensorTaken
from moduleview.telemetry.lab_views import ImageAnswered, Plane, RequestImage, RequestTile, TileAnswered
from moduleview.telemetry.records import ModelOpened, RunChanged, RunState
from moduleview.telemetry.store import SeriesStore
from source_records import Taken, opened
from toy_tasks import plain_loop, toy_task

R = TypeVar("R")
TABLE = Plane(0, 1, (0, 0))


def asked(taken: Taken, command: LabCommand, kind: type[R]) -> R:
    """Send a command and wait for its answer."""
    taken.source.send(command)
    request = getattr(command, "request", 0)
    record = taken.until(lambda record: isinstance(record, kind | LabRefused) and record.request == request)
    assert isinstance(record, kind), record
    return record


def lab_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD_NAME]


def test_the_lab_works_beside_a_run_that_goes_on_as_without_it() -> None:
    weights: list[torch.Tensor] = []
    kept: list[TrainingTask] = []

    def make() -> TrainingTask:
        torch.manual_seed(0)
        kept.append(toy_task())
        return kept[-1]

    with opened(make) as taken:
        taken.until_state(RunState.READY)
        taken.source.send(Run(40))
        for request in range(1, 10):
            kind = (TensorKind.PARAMETER, TensorKind.GRADIENT, TensorKind.PARAMETER)[request % 3]
            copy = asked(taken, TakeTensor(request, kind, "0.weight"), TensorTaken | LabRefused)  # type: ignore[arg-type]
            if isinstance(copy, TensorTaken):
                steps = (PipelineStep("randn"), PipelineStep("linalg.svdvals"), PipelineStep("quantile"))
                answer = asked(taken, RunPipeline(request, copy.tensor.tensor_id, steps), PipelineAnswered)
                assert not any(outcome.error for outcome in answer.outcomes)
        # Forty short steps may have ended while an answer was waited for: any record of it counts.
        if not any(record.state is RunState.PAUSED for record in taken.of_type(RunChanged)):
            taken.until_state(RunState.PAUSED)
        weights = [parameter.detach().clone() for parameter in kept[0].model.parameters()]
    torch.manual_seed(0)
    plain = toy_task()
    plain_loop(plain, 40)
    assert all(map(torch.equal, weights, plain.model.parameters()))
    assert not lab_threads()


class HeldStep:
    """A task whose second step waits until it is let go."""

    def __init__(self) -> None:
        self.began, self.let_go = threading.Event(), threading.Event()
        self._n = 0

    def __call__(self) -> TrainingTask:
        task = toy_task()
        inputs, target = next(iter(task.batches or []))

        def step() -> torch.Tensor:
            self._n += 1
            if self._n == 2:
                self.began.set()
                assert self.let_go.wait(60)
            loss: torch.Tensor = torch.nn.functional.mse_loss(task.model(inputs), target)
            return loss

        return TrainingTask(model=task.model, optimizer=task.optimizer, step=step)


def test_the_lab_answers_while_the_trainer_is_in_a_long_step() -> None:
    held = HeldStep()
    with opened(held) as taken:
        taken.until_state(RunState.READY)
        copy = asked(taken, TakeTensor(1, TensorKind.PARAMETER, "0.weight"), TensorTaken).tensor
        taken.source.send(Run(2))
        assert held.began.wait(60)
        tile = asked(taken, RequestTile(2, copy.tensor_id, TABLE, 0, 0, 9, 9), TileAnswered)
        answer = asked(
            taken, RunPipeline(3, copy.tensor_id, (PipelineStep("abs"), PipelineStep("amax"))), PipelineAnswered
        )
        assert not held.let_go.is_set()
        assert float(answer.outcomes[1].parts[0].text) == np.abs(tile.values).max()
        held.let_go.set()
        taken.until_state(RunState.PAUSED)


def with_large_buffer() -> TrainingTask:
    task = toy_task()
    task.model.register_buffer("large", torch.ones(10_000, 10_000), persistent=False)  # 400 MB
    return task


def test_a_tensor_of_400_mb_is_taken_in_pieces_and_shown() -> None:
    with opened(with_large_buffer) as taken:
        taken.until_state(RunState.READY)
        taken.source.send(TakeTensor(1, TensorKind.BUFFER, "large"))
        taken.source.send(TakeTensor(2, TensorKind.PARAMETER, "0.weight"))
        taken.until(lambda record: isinstance(record, TensorTaken) and record.request == 2)
        large = taken.until_type(TensorTaken).tensor
        assert (large.name, large.n_bytes) == ("large@0", 400_000_000)
        n_pieces = sum(isinstance(record, TensorAwaited) for record in taken.records)
        assert n_pieces > 10
        image = asked(taken, RequestImage(3, large.tensor_id, TABLE, 200, 300), ImageAnswered)
        assert (image.value_min, image.value_max, image.low.shape) == (1.0, 1.0, (200, 295))


def test_a_copy_can_be_cancelled_from_outside() -> None:
    with opened(toy_task) as taken:
        taken.until_state(RunState.READY)
        taken.source.send(TakeTensor(1, TensorKind.ACTIVATION, "0"))
        taken.source.send(CancelLab(1))
        assert taken.until_type(LabRefused).reason == "Cancelled."


def test_a_run_that_begins_anew_keeps_the_copies_of_the_one_before() -> None:
    with opened(toy_task) as taken:
        taken.until_state(RunState.READY)
        asked(taken, TakeTensor(1, TensorKind.PARAMETER, "0.weight"), TensorTaken)
        for command in (Run(1), Stop(), Run(1)):
            taken.source.send(command)
        is_opened: Callable[[object], bool] = lambda record: isinstance(record, ModelOpened)  # noqa: E731
        taken.until(is_opened)
        taken.until(lambda record: isinstance(record, TensorTaken) and record.request == 0)
        store = SeriesStore()
        for record in taken.records:
            store.apply(record)
        assert [about.name for about in store.books.lab.tensors.values()] == ["0.weight@0"]
        asked(taken, TakeTensor(2, TensorKind.PARAMETER, "0.weight"), TensorTaken)


def test_a_source_whose_lab_was_used_leaves_no_thread() -> None:
    with opened(toy_task) as taken:
        taken.until_state(RunState.READY)
        asked(taken, TakeTensor(1, TensorKind.PARAMETER, "0.weight"), TensorTaken)
        asked(taken, RequestTile(2, 1, TABLE, 0, 0, 1, 1), TileAnswered)
        assert len(lab_threads()) == 1
    assert not lab_threads()
