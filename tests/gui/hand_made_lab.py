"""A lab of the tests' own: it answers what a panel asks in numpy, one command at a time, when a test says so."""

from __future__ import annotations

import numpy as np

from moduleview.telemetry.lab_pipelines import (
    ArgumentKind,
    ArgumentSpec,
    OperationsListed,
    OperationSpec,
    PictureAnswered,
    PictureGrid,
    PictureResult,
    PipelineAnswered,
    RequestOperations,
    RequestPicture,
    ResultPart,
    RunPipeline,
    StepOutcome,
    StepState,
)
from moduleview.telemetry.lab_tensors import (
    DropTensor,
    FrozenTensor,
    KeepResult,
    LabMemory,
    LabRefused,
    TakeTensor,
    TensorDropped,
    TensorKind,
    TensorTaken,
)
from moduleview.telemetry.lab_views import (
    HistogramAnswered,
    ImageAnswered,
    RequestHistogram,
    RequestImage,
    RequestSpectrum,
    RequestStatistics,
    RequestTile,
    SpectrumAnswered,
    StatisticsAnswered,
    TileAnswered,
)

AXIS = ArgumentSpec("dim", ArgumentKind.INTEGER, "0", hint="axis")
OPERATIONS = (
    OperationSpec("abs", "Pointwise", "Magnitude of each element"),
    OperationSpec("sum", "Reduce", "Sum over an axis", (AXIS,)),
    OperationSpec(
        "gather",
        "Choose",
        "Values along an axis, one index each",
        (AXIS, ArgumentSpec("index", ArgumentKind.TENSOR, "[0]")),
        has_picture=True,
    ),
    OperationSpec("equal", "Compare", "All the same?", (ArgumentSpec("other", ArgumentKind.TENSOR, "t1"),)),
    OperationSpec("to", "Type", "Another type", (ArgumentSpec("dtype", ArgumentKind.DTYPE, "float32"),)),
    OperationSpec("zeros", "Create", "All zero", (ArgumentSpec("size", ArgumentKind.INTEGERS),), needs_input=False),
)


class HandMadeLab:
    """Answers commands into a store. ``results`` begin at the id 1 000."""

    def __init__(self, bench):
        self.bench = bench
        self.arrays = {}
        self._next = 1
        self._n_results = 1000
        self._n_answered = 0
        self.runs = []

    def put(self, array, name="head.weight@3", kind=TensorKind.PARAMETER):
        """A frozen copy that is there."""
        tensor = self._frozen(np.asarray(array), name, kind)
        self.bench.store.apply(TensorTaken(0, tensor))
        self.bench.store.apply(LabMemory(len(self.arrays), 1 << 20, 1 << 31))
        return tensor.tensor_id

    def answer(self):
        """Answer all that was asked since the last time; how many there were."""
        asked = self.bench.sent[self._n_answered :]
        self._n_answered += len(asked)
        for command in asked:
            for record in self._records(command):
                self.bench.store.apply(record)
        return len(asked)

    def settle(self, panel):
        """Answer and draw until nothing more is asked."""
        panel.refresh(self.bench.store)
        while self.answer():
            panel.refresh(self.bench.store)

    def _frozen(self, array, name, kind):
        number, self._next = self._next, self._next + 1
        self.arrays[number] = array
        strides = tuple(step // array.itemsize for step in array.strides)
        return FrozenTensor(
            number, name, kind, "head", "", 3, array.shape, str(array.dtype), strides, "cpu", array.nbytes, "model.head"
        )

    def _records(self, command):  # noqa: PLR0911
        match command:
            case RequestOperations():
                return [OperationsListed(OPERATIONS, ("float32", "float64", "int64"))]
            case TakeTensor(fqn="gone"):
                return [LabRefused(command.request, "There is no parameter 'gone' any more; choose another.")]
            case TakeTensor():
                return [TensorTaken(command.request, self._frozen(np.eye(3), f"{command.fqn}@3", command.kind))]
            case DropTensor():
                return [TensorDropped(command.tensor_id)]
            case KeepResult():
                array = self.arrays[command.tensor_id]
                return [TensorTaken(command.request, self._frozen(array, "result", TensorKind.RESULT))]
            case RunPipeline():
                self.runs.append(command)
                return [self._run(command)]
            case RequestPicture():
                return [self._picture(command)]
            case _:
                return self._view(command)

    def _view(self, command):  # noqa: PLR0911
        if not hasattr(command, "tensor_id") or isinstance(command, DropTensor | KeepResult):
            return []
        array = self.arrays[command.tensor_id]
        matrix = array if command.plane is None else _slice(array, command.plane)
        finite = matrix[np.isfinite(matrix)]
        match command:
            case RequestTile():
                rows = slice(command.first_row, command.first_row + command.n_rows)
                columns = slice(command.first_column, command.first_column + command.n_columns)
                at = (command.first_row, command.first_column)
                digits = 9 if array.dtype.kind == "f" else 0
                head = (command.request, command.tensor_id, command.plane, *matrix.shape, *at)
                return [TileAnswered(*head, np.array(matrix[rows, columns]), digits)]
            case RequestImage():
                return [_image(command, matrix.astype(float))]
            case RequestHistogram():
                counts, edges = np.histogram(finite, command.n_bins)
                head = (command.request, command.tensor_id, command.plane, matrix.size)
                return [HistogramAnswered(*head, edges.astype(float), counts, matrix.size - finite.size, 0, None)]
            case RequestSpectrum():
                values = np.linalg.svd(matrix.reshape(len(matrix), -1).astype(float), compute_uv=False)
                head = (command.request, command.tensor_id, command.plane, values, *matrix.shape)
                return [SpectrumAnswered(*head, int((values > 1e-6).sum()), 1e-6, float(values[0] / values[-1]))]
            case RequestStatistics():
                ends = (float(finite.min()), float(finite.max()), float(finite.mean()), float(finite.std()), 1.0)
                return [StatisticsAnswered(command.request, command.tensor_id, None, matrix.size, *ends, 0, 0, 0, 5)]
        return []

    def _run(self, command):
        array = None if command.source is None else self.arrays[command.source]
        outcomes, failed = [], False
        for step in command.steps:
            if failed:
                outcomes.append(StepOutcome(StepState.NOT_REACHED))
                continue
            try:
                array, outcome = self._step(array, step)
            except (ValueError, IndexError) as error:
                failed, outcome = True, StepOutcome(StepState.FAILED, f"x = x.{step.operation}()", str(error))
            outcomes.append(outcome)
        python = "\n".join(outcome.python for outcome in outcomes)
        return PipelineAnswered(command.request, tuple(outcomes), f"import torch\n{python}")

    def _step(self, array, step):
        dim = step.arguments.get("dim", "0")
        if step.operation == "equal":
            line = f"x.equal({step.arguments.get('other', 't1')})"
            return array, StepOutcome(StepState.DONE, line, value="False", remark="first at [0, 1]: 2.0 and 3.0")
        if step.operation == "zeros":
            array = np.zeros([int(n) for n in step.arguments.get("size", "2").split(",")])
        elif step.operation == "sum":
            if int(dim) >= array.ndim:
                raise IndexError(f"Dimension out of range (expected to be in range of [-2, 1], but got {dim})")
            array = array.sum(int(dim))
        elif step.operation == "abs":
            array = np.abs(array)
        number, self._n_results = self._n_results, self._n_results + 1
        self.arrays[number] = array
        strides = tuple(size // array.itemsize for size in array.strides)
        text = str(array) if array.ndim == 0 else ""
        part = ResultPart("", number, array.shape, str(array.dtype), strides, array.nbytes, False, True, text)
        return array, StepOutcome(StepState.DONE, f"x = x.{step.operation}({dim})", parts=(part,))

    @staticmethod
    def _picture(command):
        source, index = PictureGrid("x", (2, 3), tuple("abcdef")), PictureGrid("index", (1, 3), ("1", "0", "1"))
        result = PictureResult(
            PictureGrid("result", (1, 3), ("d", "b", "f")), np.zeros(3, np.int16), np.array([3, 1, 5], np.int32)
        )
        return PictureAnswered(command.request, "x.gather(0, index)", (source,), (index,), (result,))


def _slice(array, plane):
    index = [slice(None) if axis in (plane.rows, plane.columns) else plane.fixed[axis] for axis in range(array.ndim)]
    chosen = array[tuple(index)]
    if plane.rows is not None and plane.columns is not None:
        return chosen if plane.rows < plane.columns else chosen.T
    return chosen.reshape(1 if plane.rows is None else -1, 1 if plane.columns is None else -1)


def _image(command, matrix):
    row, column, n_rows, n_columns = command.region or (0, 0, *matrix.shape)
    part = matrix[row : row + n_rows, column : column + n_columns]
    down = np.linspace(0, n_rows, command.height, endpoint=False).astype(int)
    across = np.linspace(0, n_columns, command.width, endpoint=False).astype(int)
    with np.errstate(invalid="ignore"):
        finite = np.where(np.isfinite(part), part, np.nan)
    pixels = finite[np.ix_(down, across)]
    bad = np.isnan(part[np.ix_(down, across)]).astype(np.uint8)
    ends = (float(np.nanmin(finite)), float(np.nanmax(finite)))
    head = (command.request, command.tensor_id, command.plane, (row, column, n_rows, n_columns))
    return ImageAnswered(*head, pixels, pixels, bad, *ends, int(np.isnan(part).sum()), 0)
