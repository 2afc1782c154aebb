"""Frozen copies of tensors: how one is asked for, and what is known of it."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class TensorKind(StrEnum):
    """What a tensor is, in the model or in the lab."""

    PARAMETER = "parameter"
    BUFFER = "buffer"
    GRADIENT = "gradient"  # of a parameter, as it stands between two steps
    ACTIVATION = "activation"  # what a module returns
    OUTPUT_GRADIENT = "output gradient"  # of the loss with respect to what a module returns
    INPUT = "input"  # of the last batch
    TARGET = "target"  # of the last batch
    CHECKPOINT = "checkpoint"  # read from a file
    CONSOLE = "console"  # put here in the console
    RESULT = "result"  # of a pipeline


LIVE_KINDS = frozenset(
    (
        TensorKind.PARAMETER,
        TensorKind.BUFFER,
        TensorKind.GRADIENT,
        TensorKind.ACTIVATION,
        TensorKind.OUTPUT_GRADIENT,
        TensorKind.INPUT,
        TensorKind.TARGET,
    )
)
"""Those that ``TakeTensor`` takes."""


class FrozenTensor(msgspec.Struct, frozen=True):
    """A copy that nothing changes any more.

    Attributes:
        tensor_id: Of this copy; never given twice in a session. In pipelines it is written ``t7``.
        name: For a person, and for ``lab["..."]`` in the console: ``blocks.0.weight@120``.
        kind: What it is a copy of.
        fqn: Parameter or buffer, or the module of an activation; "" where there is none.
        part: Where in what the module returned or the batch held: ``[1]['logits']``; "" for the only one or the first.
        step: Steps done when it was taken; None where it comes from no run.
        shape: Sizes.
        dtype: torch's name: ``float32``.
        strides: In elements.
        device: Where the original was.
        n_bytes: All its elements; what it shares with another copy counts twice.
        origin: Python that gives it (``model.get_parameter('0.weight').detach().clone()``), or a sentence.
        requires_grad: As the original had it.
        remark: What a person has to know to read it right, a sentence; "" mostly.
    """

    tensor_id: int
    name: str
    kind: TensorKind
    fqn: str
    part: str
    step: int | None
    shape: tuple[int, ...]
    dtype: str
    strides: tuple[int, ...]
    device: str
    n_bytes: int
    origin: str
    requires_grad: bool = False
    remark: str = ""


class TakeTensor(msgspec.Struct, frozen=True, tag=True):
    """Freeze a copy of a live tensor: at the safe point, or in the next step where it lives only there.

    Is answered by ``TensorTaken`` or ``LabRefused``; before that perhaps by ``TensorAwaited``.

    Attributes:
        request: A number of the asker's own, given back in all that answers.
        kind: One of ``LIVE_KINDS``.
        fqn: Parameter or buffer; for activations the module; "" for a batch.
        part: Place of one tensor of several, as ``FrozenTensor.part``; "" for the first.
        call: Of activations and their gradients: which call of the module in the step, from 0.
    """

    request: int
    kind: TensorKind
    fqn: str = ""
    part: str = ""
    call: int = 0


class DropTensor(msgspec.Struct, frozen=True, tag=True):
    """Let a frozen copy go."""

    tensor_id: int


class KeepResult(msgspec.Struct, frozen=True, tag=True):
    """Make a tensor that a pipeline gave a frozen copy of its own; answered by ``TensorTaken``.

    Attributes:
        name: For it; "" gives it one. A name that is taken gets a number behind it.
    """

    request: int
    tensor_id: int
    name: str = ""


class ListTensors(msgspec.Struct, frozen=True, tag=True):
    """Say ``TensorTaken`` of all copies again, with the request 0, and ``LabMemory``."""


class CancelLab(msgspec.Struct, frozen=True, tag=True):
    """Do not go on with this request: it is answered by ``LabRefused``.

    What torch computes at that moment it computes to its end; nothing waits for it.
    """

    request: int


class ListCheckpoint(msgspec.Struct, frozen=True, tag=True):
    """Say which tensors a checkpoint file holds; answered by ``CheckpointListed``."""

    request: int
    path: str


class TakeFromCheckpoint(msgspec.Struct, frozen=True, tag=True):
    """Read one tensor of a checkpoint file; answered by ``TensorTaken``."""

    request: int
    path: str
    key: str


class TensorTaken(msgspec.Struct, frozen=True, tag=True):
    """A frozen copy is there."""

    request: int
    tensor: FrozenTensor


class TensorAwaited(msgspec.Struct, frozen=True, tag=True):
    """A copy is on its way.

    Attributes:
        sentence: What it waits for, or "".
        n_bytes_done, n_bytes: Of a copy that is made in pieces; 0 where none has begun.
    """

    request: int
    sentence: str
    n_bytes_done: int = 0
    n_bytes: int = 0


class TensorDropped(msgspec.Struct, frozen=True, tag=True):
    """A frozen copy is gone."""

    tensor_id: int


class LabMemory(msgspec.Struct, frozen=True, tag=True):
    """What the lab holds now.

    Attributes:
        n_tensors: Frozen copies.
        n_bytes: Theirs and those of the last pipeline's results; what several share counts once.
        n_bytes_limit: Above it nothing more is taken.
    """

    n_tensors: int
    n_bytes: int
    n_bytes_limit: int


class CheckpointEntry(msgspec.Struct, frozen=True):
    """A tensor in a file: its key, ``model.0.weight``, and what it is."""

    key: str
    shape: tuple[int, ...]
    dtype: str
    n_bytes: int


class CheckpointListed(msgspec.Struct, frozen=True, tag=True):
    """What a checkpoint file holds, in its own order."""

    request: int
    path: str
    entries: tuple[CheckpointEntry, ...]


class LabRefused(msgspec.Struct, frozen=True, tag=True):
    """What was asked cannot be done; ``reason`` is a sentence that says what to do next."""

    request: int
    reason: str
