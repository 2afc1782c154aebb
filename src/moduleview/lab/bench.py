"""Answers what needs no safe point: views and pipelines of frozen copies."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import assert_never

from moduleview.errors import ModuleViewError
from moduleview.lab.catalogue import list_operations
from moduleview.lab.checkpoint import list_checkpoint, read_from_checkpoint
from moduleview.lab.distribution import read_histogram, read_statistics
from moduleview.lab.frozen import describe_frozen
from moduleview.lab.image import read_image
from moduleview.lab.picture import draw_picture
from moduleview.lab.pipeline import Pipeline, read_step
from moduleview.lab.safetensors_file import SUFFIX
from moduleview.lab.shelf import Shelf
from moduleview.lab.spectrum import read_spectrum
from moduleview.lab.tile import read_tile
from moduleview.telemetry.lab_messages import BenchCommand, LabAnswer, LabRecord, ViewRequest
from moduleview.telemetry.lab_pipelines import (
    PipelineAnswered,
    RequestOperations,
    RequestPicture,
    RunPipeline,
    StepOutcome,
)
from moduleview.telemetry.lab_tensors import (
    CancelLab,
    CheckpointListed,
    DropTensor,
    KeepResult,
    LabRefused,
    ListCheckpoint,
    ListTensors,
    TakeFromCheckpoint,
    TensorDropped,
    TensorKind,
    TensorTaken,
)
from moduleview.telemetry.lab_views import (
    RequestHistogram,
    RequestImage,
    RequestSpectrum,
    RequestStatistics,
    RequestTile,
)

_SAY_EVERY_S = 0.1


class Bench:
    """One worker at the lab: computes on frozen copies, and answers each command. One thread; never raises.

    Args:
        shelf: The copies.
        put: Takes the answers.
        is_cancelled: Whether a request was given up.
    """

    def __init__(self, shelf: Shelf, put: Callable[[LabRecord], None], is_cancelled: Callable[[int], bool]) -> None:
        self._shelf = shelf
        self._put = put
        self._is_cancelled = is_cancelled
        self._pipeline = Pipeline(shelf)

    def answer(self, command: BenchCommand) -> None:
        """Do what is asked, or say why not."""
        try:
            self._answer(command)
        except ModuleViewError as error:
            self._refuse(command, str(error))
        except MemoryError:
            self._refuse(command, "There is not enough memory for this. Drop some copies, or take a slice.")
        except Exception as error:
            self._refuse(command, f"torch says: {str(error)[:1000] or type(error).__name__}")

    def let_go(self) -> None:
        """Another worker takes over: drop the results of the last pipeline."""
        self._pipeline.forget()

    def _answer(self, command: BenchCommand) -> None:
        match command:
            case RunPipeline():
                self._run(command)
            case RequestPicture():
                self._draw(command)
            case RequestOperations():
                self._put(list_operations())
            case DropTensor():
                for tensor_id in self._shelf.drop((command.tensor_id,)):
                    self._put(TensorDropped(tensor_id))
                self._put(self._shelf.memory())
            case KeepResult():
                self._keep(command)
            case ListTensors():
                for about in self._shelf.copies():
                    self._put(TensorTaken(0, about))
                self._put(self._shelf.memory())
            case ListCheckpoint():
                self._put(CheckpointListed(command.request, command.path, list_checkpoint(command.path)))
            case TakeFromCheckpoint():
                self._take_from_file(command)
            case CancelLab():
                pass  # whoever passes commands on has noted it
            case _:
                self._put(self._look(command))

    def _look(self, request: ViewRequest) -> LabAnswer:
        frozen = self._shelf.get(request.tensor_id)
        if frozen is None:
            raise ModuleViewError("This tensor is not in the lab any more. Take it again.")
        match request:
            case RequestTile():
                return read_tile(frozen.tensor, request)
            case RequestImage():
                return read_image(frozen.tensor, request)
            case RequestHistogram():
                return read_histogram(frozen.tensor, request)
            case RequestSpectrum():
                return read_spectrum(frozen.tensor, request)
            case RequestStatistics():
                return read_statistics(frozen.tensor, request)
            case _:
                assert_never(request)

    def _run(self, command: RunPipeline) -> None:
        if command.source is not None and self._shelf.get(command.source) is None:
            raise ModuleViewError("The tensor that the pipeline begins with is not in the lab any more. Take it again.")
        outcomes: tuple[StepOutcome, ...] = ()
        said_s = time.perf_counter()
        for outcomes in self._pipeline.evaluate(
            command.source, command.steps, lambda: self._is_cancelled(command.request)
        ):
            if time.perf_counter() - said_s > _SAY_EVERY_S:
                said_s = time.perf_counter()
                self._put(PipelineAnswered(command.request, outcomes, self._pipeline.program(), is_final=False))
        self._put(PipelineAnswered(command.request, outcomes, self._pipeline.program()))
        self._put(self._shelf.memory())

    def _draw(self, command: RequestPicture) -> None:
        steps = command.steps[: command.step + 1]
        if not 0 <= command.step < len(command.steps):
            raise ModuleViewError(f"The pipeline has {len(command.steps)} steps; choose one of them.")
        for outcomes in self._pipeline.evaluate(command.source, steps, lambda: False):
            last = outcomes[-1]
        if last.error:
            raise ModuleViewError(last.error)
        read, x = read_step(steps[-1]), self._pipeline.input_of(command.step)
        computed, values = self._pipeline.compute(read, x)
        self._put(draw_picture(read, x, values, computed, command.request))

    def _keep(self, command: KeepResult) -> None:
        frozen = self._shelf.get(command.tensor_id)
        if frozen is None:
            raise ModuleViewError("This result is gone: another pipeline was run. Run the pipeline again.")
        name = command.name.strip() or (frozen.about.name if frozen.about else f"result {command.tensor_id}")
        origin = self._pipeline.program() if frozen.about is None else frozen.about.origin
        about = describe_frozen(frozen.tensor, self._shelf.new_id(), name, TensorKind.RESULT, origin=origin)
        self._put(TensorTaken(command.request, self._shelf.put(frozen.tensor, about)))
        self._put(self._shelf.memory())

    def _take_from_file(self, command: TakeFromCheckpoint) -> None:
        tensor = read_from_checkpoint(command.path, command.key)
        name = f"{command.key}@{Path(command.path).name}"
        if command.path.endswith(SUFFIX):
            origin = f"safetensors.torch.load_file({command.path!r})[{command.key!r}]"
        else:
            origin = f"torch.load({command.path!r}, weights_only=True)  # {command.key}"
        about = describe_frozen(tensor, self._shelf.new_id(), name, TensorKind.CHECKPOINT, origin=origin)
        self._put(TensorTaken(command.request, self._shelf.put(tensor, about)))
        self._put(self._shelf.memory())

    def _refuse(self, command: BenchCommand, reason: str) -> None:
        request = getattr(command, "request", 0)
        self._put(LabRefused(request, reason))
