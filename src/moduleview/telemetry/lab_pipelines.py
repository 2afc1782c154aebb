"""Pipelines of the tensor lab: operations on frozen copies, what each step gives, and the Python that does the same."""

from __future__ import annotations

from enum import StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray


class ArgumentKind(StrEnum):
    """What is typed into an argument's field. Everything travels as text and is parsed in the lab.

    Tensors are written ``t7`` (the frozen copy 7), ``x`` (what the step before gave), or as a list of numbers.
    """

    INTEGER = "integer"  # -1
    INTEGERS = "integers"  # 2, 3 or (2, 3) or [2, 3] or 2
    NUMBER = "number"  # 0.5, 1e-3, inf, 2+1j
    BOOLEAN = "boolean"  # True, False
    CHOICE = "choice"  # one of ``choices``
    DTYPE = "dtype"  # float32
    INDEX = "index"  # [:, None, ::2], [..., -1], [x > 0], [t7]
    TENSOR = "tensor"  # t7, x, [0, 2, 1], x > 0
    TENSORS = "tensors"  # x, t7, t8
    OPERAND = "operand"  # a tensor or a number
    EQUATION = "equation"  # ij,jk->ik
    NORM = "norm"  # which norm: 2, 1, inf, fro, nuc
    LITERAL = "literal"  # [[1, 2.5], [3, 4]]: for creation


class ArgumentSpec(msgspec.Struct, frozen=True):
    """An argument of an operation.

    Attributes:
        name: As in Python.
        kind: What may be typed.
        default: Text that stands there at first; "" has to be filled in, if it is not optional.
        is_optional: Left empty it is left out.
        choices: Of ``CHOICE``, and of ``DTYPE``.
        hint: A few words for the field.
    """

    name: str
    kind: ArgumentKind
    default: str = ""
    is_optional: bool = False
    choices: tuple[str, ...] = ()
    hint: str = ""


class OperationSpec(msgspec.Struct, frozen=True):
    """An operation of the lab.

    Attributes:
        name: Unique: ``gather``, ``linalg.svd``, ``index``.
        topic: Under which it is listed: "Shape", "Choose", ...
        summary: One line.
        arguments: In order.
        needs_input: False for creation: it begins a pipeline, and what came before it is forgotten.
        has_picture: ``RequestPicture`` can say from which cell each cell of the result comes.
    """

    name: str
    topic: str
    summary: str
    arguments: tuple[ArgumentSpec, ...] = ()
    needs_input: bool = True
    has_picture: bool = False


class PipelineStep(msgspec.Struct, frozen=True):
    """One operation and the text in its fields, by argument name; what is absent has its default."""

    operation: str
    arguments: dict[str, str] = {}


class RequestOperations(msgspec.Struct, frozen=True, tag=True):
    """Ask for ``OperationsListed``."""


class RunPipeline(msgspec.Struct, frozen=True, tag=True):
    """Evaluate a pipeline; answered by ``PipelineAnswered``, several times while it goes on.

    Steps that are the same as last time are not computed again. The tensors that it gives can be looked at as frozen
    copies can, until another pipeline is run; ``KeepResult`` keeps one. Of several that wait only the newest is run.

    Attributes:
        source: A frozen copy, ``x`` in the first step; None where the first step creates.
    """

    request: int
    source: int | None
    steps: tuple[PipelineStep, ...]


class RequestPicture(msgspec.Struct, frozen=True, tag=True):
    """Ask from where each cell of a step's result comes; answered by ``PictureAnswered``.

    The pipeline up to there, so that nothing depends on what was run before.

    Attributes:
        step: Which of the steps, from 0.
    """

    request: int
    source: int | None
    steps: tuple[PipelineStep, ...]
    step: int


class OperationsListed(msgspec.Struct, frozen=True, tag=True):
    """All operations, by topic, in the order in which they are to be shown; and the names of torch's dtypes."""

    operations: tuple[OperationSpec, ...]
    dtypes: tuple[str, ...]


class StepState(StrEnum):
    """How far a step of a pipeline is."""

    DONE = "done"
    FAILED = "failed"
    NOT_REACHED = "not reached"  # one before it failed, or it is still to be computed


class ResultPart(msgspec.Struct, frozen=True):
    """One tensor of what a step gave.

    Attributes:
        label: "" for the only one; of several "[0]", or its name: "values".
        tensor_id: Under which it can be looked at.
        strides: In elements.
        is_view: It shares its memory with the step's input; None where there is no input.
        is_contiguous: In torch's sense.
        text: The value where it is a single one: "0.25", "True".
    """

    label: str
    tensor_id: int
    shape: tuple[int, ...]
    dtype: str
    strides: tuple[int, ...]
    n_bytes: int
    is_view: bool | None
    is_contiguous: bool
    text: str = ""


class AxisLabel(msgspec.Struct, frozen=True):
    """An axis of an einsum: its letter, its size, and whether it is summed over (and so not in the result)."""

    letter: str
    size: int
    is_contracted: bool


class EinsumDrawing(msgspec.Struct, frozen=True):
    """The labels of an einsum on the axes of its operands and of its result.

    Attributes:
        operands: The axes of each.
        result: Its axes.
        names: Of the operands: "x", "t7".
    """

    operands: tuple[tuple[AxisLabel, ...], ...]
    result: tuple[AxisLabel, ...]
    names: tuple[str, ...]


class StepOutcome(msgspec.Struct, frozen=True):
    """What became of one step.

    Attributes:
        python: Its line: ``x = x[:, None, ::2]``.
        error: torch's own message, or a sentence of the lab's, where it failed.
        parts: Its tensors, more than one for chunk, topk, svd, ...
        value: What it gave where that is no tensor: "True", "24".
        remark: What a person has to know: why this dtype, what shares memory with what.
        einsum: Of einsum.
        duration_s: Of the computation; 0 where it was known already.
    """

    state: StepState
    python: str = ""
    error: str = ""
    parts: tuple[ResultPart, ...] = ()
    value: str = ""
    remark: str = ""
    einsum: EinsumDrawing | None = None
    duration_s: float = 0.0


class PipelineAnswered(msgspec.Struct, frozen=True, tag=True):
    """A pipeline, as far as it got.

    Attributes:
        outcomes: As many as steps.
        python: The whole program, ready to run in the console or a script: imports, where each tensor comes from, one
            line a step.
        is_final: Nothing follows for this request.
    """

    request: int
    outcomes: tuple[StepOutcome, ...]
    python: str
    is_final: bool = True


class PictureGrid(msgspec.Struct, frozen=True):
    """A tensor that is drawn as cells, or the first cells of it along each axis.

    Attributes:
        label: "x", "index", "src", "result", "[0]".
        shape: Of what is drawn: at most 256 cells in all.
        texts: What stands in each of these cells, row-major.
        whole: Shape of the tensor where only a corner is drawn; () where all of it is.
    """

    label: str
    shape: tuple[int, ...]
    texts: tuple[str, ...] = ()
    whole: tuple[int, ...] = ()

    @property
    def full_shape(self) -> tuple[int, ...]:
        """Shape of the tensor, drawn or not."""
        return self.whole or self.shape


class PictureResult(msgspec.Struct, frozen=True, eq=False):
    """A result, and from where its cells come.

    Attributes:
        grid: Itself.
        from_input: (drawn cells,) int16, row-major: number of the input; -1 for a cell that comes from none.
        from_cell: (drawn cells,) int32, row-major cell in all of that input, drawn or not; -1 likewise.
    """

    grid: PictureGrid
    from_input: NDArray[np.int16]
    from_cell: NDArray[np.int32]


class PictureAnswered(msgspec.Struct, frozen=True, eq=False, tag=True):
    """From which cell of which input each cell of a step's result comes.

    Attributes:
        title: The line in Python.
        inputs: What the values come from: x, and src of scatter, the tensors of cat.
        guides: What only says where: index, mask.
        results: One, or as many as chunk gives.
        others: To compare with: for chunk what tensor_split of the same number would give, and the other way round.
        others_title: Its line in Python; "" where there is none.
        remark: Of which tensors only a corner is drawn; "" where all are drawn.
    """

    request: int
    title: str
    inputs: tuple[PictureGrid, ...]
    guides: tuple[PictureGrid, ...]
    results: tuple[PictureResult, ...]
    others: tuple[PictureResult, ...] = ()
    others_title: str = ""
    remark: str = ""
