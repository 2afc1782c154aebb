"""The lab's own thread: answers, cancelling, and its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np
import pytest
import torch

from moduleview.engine.lab_thread import THREAD_NAME, LabThread
from moduleview.lab import bench as bench_module
from moduleview.lab.bench import Bench
from moduleview.lab.frozen import describe_frozen
from moduleview.lab.lab_object import Lab
from moduleview.telemetry.lab_book import N_ANSWERS, LabBook
from moduleview.telemetry.lab_messages import LabRecord
from moduleview.telemetry.lab_pipelines import (
    PictureAnswered,
    PipelineAnswered,
    PipelineStep,
    RequestPicture,
    RunPipeline,
    StepState,
)
from moduleview.telemetry.lab_tensors import (
    CancelLab,
    CheckpointListed,
    DropTensor,
    KeepResult,
    LabMemory,
    LabRefused,
    ListCheckpoint,
    ListTensors,
    TakeFromCheckpoint,
    TensorAwaited,
    TensorDropped,
    TensorKind,
    TensorTaken,
)
from moduleview.telemetry.lab_views import Plane, RequestStatistics, RequestTile, StatisticsAnswered, TileAnswered

R = TypeVar("R")


class Bed:
    """A lab with one tensor ``t1``, and what it has said."""

    def __init__(self) -> None:
        self.records: list[LabRecord] = []
        self._said = threading.Condition()
        self.lab = LabThread(self._take)
        self.freeze(torch.arange(6.0).reshape(2, 3), "0.weight@3")

    def freeze(self, tensor: torch.Tensor, name: str) -> int:
        shelf = self.lab.shelf
        about = describe_frozen(tensor, shelf.new_id(), name, TensorKind.PARAMETER, origin="model.w")
        return shelf.put(tensor, about).tensor_id

    def until(self, wanted: Callable[[LabRecord], bool]) -> LabRecord:
        with self._said:
            assert self._said.wait_for(lambda: any(map(wanted, self.records)), timeout=60)
            return next(filter(wanted, self.records))

    def answer(self, request: int, kind: type[R]) -> R:
        def is_it(record: LabRecord) -> bool:
            if getattr(record, "request", None) != request:
                return False
            return not isinstance(record, PipelineAnswered) or record.is_final

        record = self.until(is_it)
        assert isinstance(record, kind), record
        return record

    def _take(self, record: LabRecord) -> None:
        with self._said:
            self.records.append(record)
            self._said.notify_all()


@pytest.fixture
def bed() -> Iterator[Bed]:
    made = Bed()
    yield made
    assert made.lab.close(30.0)
    assert not [thread for thread in threading.enumerate() if thread.name == THREAD_NAME]


def steps(*names: str) -> tuple[PipelineStep, ...]:
    return tuple(PipelineStep(name) for name in names)


def test_a_result_can_be_looked_at_kept_under_a_name_and_used(bed: Bed) -> None:
    bed.lab.send(RunPipeline(1, 1, steps("exp", "sum")))
    answer = bed.answer(1, PipelineAnswered)
    first = answer.outcomes[0].parts[0].tensor_id
    bed.lab.send(RequestTile(2, first, Plane(0, 1, (0, 0)), 0, 0, 2, 3))
    assert np.allclose(bed.answer(2, TileAnswered).values, np.exp(np.arange(6)).reshape(2, 3))
    bed.lab.send(KeepResult(3, first, "0.weight@3"))
    kept = bed.answer(3, TensorTaken).tensor
    assert (kept.name, kept.kind) == ("0.weight@3 (2)", TensorKind.RESULT)
    assert "x = torch.exp(x)" in kept.origin
    bed.lab.send(RunPipeline(4, None, (PipelineStep("cat", {"tensors": f"t1, t{kept.tensor_id}"}),)))
    assert bed.answer(4, PipelineAnswered).outcomes[0].parts[0].shape == (4, 3)
    bed.lab.send(KeepResult(5, first))
    assert "Run the pipeline again" in bed.answer(5, LabRefused).reason


def test_dropped_copies_are_gone_and_the_memory_is_said(bed: Bed) -> None:
    bed.lab.send(ListTensors())
    assert bed.until(lambda record: isinstance(record, LabMemory)) == LabMemory(1, 24, bed.lab.shelf.n_bytes_limit)
    bed.lab.send(DropTensor(1))
    bed.until(lambda record: record == TensorDropped(1))
    bed.until(lambda record: record == LabMemory(0, 0, bed.lab.shelf.n_bytes_limit))
    bed.lab.send(RequestStatistics(2, 1))
    assert "not in the lab any more" in bed.answer(2, LabRefused).reason
    bed.lab.send(RunPipeline(3, 1, steps("abs")))
    assert "not in the lab any more" in bed.answer(3, LabRefused).reason


def test_a_picture_of_a_step_deep_in_a_pipeline(bed: Bed) -> None:
    pipeline = (PipelineStep("index", {"index": "[:, :2]"}), PipelineStep("swapdims"))
    bed.lab.send(RequestPicture(1, 1, pipeline, 1))
    assert bed.answer(1, PictureAnswered).results[0].from_cell.tolist() == [0, 2, 1, 3]
    bed.lab.send(RequestPicture(2, 1, pipeline, 5))
    assert "has 2 steps" in bed.answer(2, LabRefused).reason
    bed.lab.send(RequestPicture(3, 1, (PipelineStep("index", {"index": "[9]"}),), 0))
    assert "out of bounds" in bed.answer(3, LabRefused).reason


def test_a_checkpoints_tensor_is_compared_with_a_copy(bed: Bed, tmp_path) -> None:
    path = str(tmp_path / "state.pt")
    torch.save({"0.weight": torch.arange(6.0).reshape(2, 3)}, path)
    bed.lab.send(ListCheckpoint(1, path))
    (entry,) = bed.answer(1, CheckpointListed).entries
    bed.lab.send(TakeFromCheckpoint(2, path, entry.key))
    taken = bed.answer(2, TensorTaken).tensor
    assert (taken.name, taken.kind) == ("0.weight@state.pt", TensorKind.CHECKPOINT)
    bed.lab.send(RunPipeline(3, 1, (PipelineStep("equal", {"other": f"t{taken.tensor_id}"}),)))
    assert bed.answer(3, PipelineAnswered).outcomes[0].value == "True"


class Gate:
    """Holds a worker inside an answer, as a long operation of torch's would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered, self.go_on = threading.Event(), threading.Event()
        monkeypatch.setattr(bench_module, "read_statistics", self._wait)

    def _wait(self, tensor: torch.Tensor, request: RequestStatistics) -> StatisticsAnswered:
        self.entered.set()
        assert self.go_on.wait(60)
        return StatisticsAnswered(request.request, 1, None, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def test_what_never_ends_is_cancelled_and_the_lab_goes_on(bed: Bed, monkeypatch) -> None:
    gate = Gate(monkeypatch)
    bed.lab.send(RequestStatistics(1, 1))
    assert gate.entered.wait(60)
    bed.lab.send(RequestTile(2, 1, Plane(0, 1, (0, 0)), 0, 0, 1, 1))
    bed.lab.send(CancelLab(1))
    assert "Cancelled" in bed.answer(1, LabRefused).reason
    assert bed.answer(2, TileAnswered).values.tolist() == [[0.0]]
    assert not bed.lab.close(0.0)
    gate.go_on.set()
    assert bed.lab.close(30.0)
    assert not [record for record in bed.records if isinstance(record, StatisticsAnswered)]


def test_of_several_looks_from_one_place_only_the_newest_is_answered(bed: Bed, monkeypatch) -> None:
    gate = Gate(monkeypatch)
    bed.lab.send(RequestStatistics(1, 1))
    assert gate.entered.wait(60)
    for request in range(2, 8):
        bed.lab.send(RequestTile(request, 1, Plane(0, 1, (0, 0)), 0, 0, 1, request))
    bed.lab.send(RunPipeline(8, 1, steps("abs")))
    bed.lab.send(RunPipeline(9, 1, steps("neg")))
    bed.lab.send(RequestTile(10, 1, Plane(0, 1, (0, 0)), 0, 0, 1, 1, place="elsewhere"))
    bed.lab.send(CancelLab(10))
    gate.go_on.set()
    bed.answer(9, PipelineAnswered)
    answered = [record.request for record in bed.records if isinstance(record, TileAnswered | PipelineAnswered)]
    assert answered == [7, 9]
    assert bed.answer(10, LabRefused).reason == "Cancelled."


def test_a_newer_pipeline_ends_the_one_that_runs_between_two_steps(bed: Bed) -> None:
    cancelled = bed.lab.is_cancelled
    bed.lab.send(RunPipeline(1, 1, steps("abs")))
    bed.answer(1, PipelineAnswered)
    assert not cancelled(1)
    bed.lab.send(CancelLab(7))
    assert cancelled(7)


def test_nothing_raises_out_of_the_thread(bed: Bed, monkeypatch) -> None:
    def fail(error: BaseException) -> Callable[..., None]:
        def read(*_: object) -> None:
            raise error

        return read

    for request, error, words in (
        (1, MemoryError(), "not enough memory"),
        (2, RuntimeError("odd"), "torch says: odd"),
        (3, ValueError(), "torch says: ValueError"),
    ):
        monkeypatch.setattr(bench_module, "read_statistics", fail(error))
        bed.lab.send(RequestStatistics(request, 1))
        assert words in bed.answer(request, LabRefused).reason


def test_a_closed_lab_takes_nothing_and_a_lab_that_was_not_used_has_no_thread(bed: Bed) -> None:
    assert bed.lab.close(0.0)
    bed.lab.send(ListTensors())
    assert bed.records == []


def test_a_long_pipeline_says_how_far_it_is(monkeypatch) -> None:
    monkeypatch.setattr(bench_module, "_SAY_EVERY_S", 0.0)
    records: list[LabRecord] = []
    bed = Bed()
    Bench(bed.lab.shelf, records.append, lambda _: False).answer(RunPipeline(1, 1, steps("abs", "neg")))
    answers = [record for record in records if isinstance(record, PipelineAnswered)]
    assert [answer.is_final for answer in answers] == [False, False, False, True]
    assert answers[0].outcomes[1].state is StepState.NOT_REACHED


def test_the_consoles_lab_gives_clones_and_takes_tensors() -> None:
    bed = Bed()
    lab = Lab(bed.lab.shelf, bed.records.append)
    clone = lab["0.weight@3"]
    clone.zero_()
    assert lab[1].sum() == lab["t1"].sum() == 15.0
    assert lab.put(torch.ones(2, requires_grad=True), "mine") == "mine"
    assert lab.put(torch.nn.Parameter(torch.zeros(1))) == "console 3"
    assert not lab["mine"].requires_grad
    assert list(lab) == ["0.weight@3", "mine", "console 3"]
    assert len(lab) == 3
    assert "mine" in lab
    assert repr(lab).splitlines()[0] == "The lab has 3 tensors"
    assert "lab['mine']  [2] float32" in repr(lab)
    assert any(isinstance(record, TensorTaken) and record.tensor.kind is TensorKind.CONSOLE for record in bed.records)
    with pytest.raises(KeyError, match=r"no tensor 'gone'\. It has '0\.weight@3'"):
        lab["gone"]
    with pytest.raises(Exception, match="takes a tensor, and this is list"):
        lab.put([1])  # type: ignore[arg-type]
    with pytest.raises(Exception, match="on the meta device"):
        lab.put(torch.ones(1, device="meta"))
    for number in range(60):
        lab.put(torch.zeros(1), f"n{number}")
    assert "and 13 more" in repr(lab)


def test_the_book_keeps_copies_and_the_newest_answers() -> None:
    book = LabBook()
    about = describe_frozen(torch.ones(1), 1, "a", TensorKind.BUFFER, origin="")
    book.take(TensorAwaited(1, "soon"))
    assert book.awaited[1].sentence == "soon"
    book.take(TensorTaken(1, about))
    assert (dict(book.awaited), dict(book.tensors)) == ({}, {1: about})
    book.take(LabRefused(2, "No."))
    assert (book.refusal(2), book.refusal(1), book.answer(99)) == ("No.", "", None)
    for request in range(3, 3 + N_ANSWERS):
        book.take(LabRefused(request, ""))
    assert book.answer(2) is None
    book.take(PipelineAnswered(7, (), ""))
    assert book.pipeline is not None
    book.take(TensorDropped(1))
    book.take(LabMemory(0, 0, 9))
    assert (len(book.tensors), book.memory.n_bytes_limit) == (0, 9)
    before = book.revision
    book.forget()
    assert (book.revision, book.pipeline, book.answer(7)) == (before + 1, None, None)
