"""From which cell each cell of a result comes: the same operation on the cells' numbers instead of their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from moduleview.errors import ModuleViewError
from moduleview.lab.catalogue import CATALOGUE
from moduleview.lab.operations.base import Values
from moduleview.lab.pipeline import ReadStep
from moduleview.lab.results import Part, parts_of
from moduleview.telemetry.lab_pipelines import PictureAnswered, PictureGrid, PictureResult

MAX_CELLS = 256
_RIVALS = {"chunk": "tensor_split", "tensor_split": "chunk"}
_ARGUMENT = {"chunk": "chunks", "tensor_split": "indices_or_sections"}


class PictureError(ModuleViewError):
    """What cannot be drawn; the sentence says what can."""


def draw_picture(read: ReadStep, x: Any, values: Values, request: int) -> PictureAnswered:
    """The picture of one step.

    Args:
        read: The step.
        x: What goes in; a tensor, or the tensors that chunk gave.
        values: Its arguments, with which torch has computed.
        request: Whom to answer.

    Raises:
        PictureError: The operation computes instead of moving, or there are too many cells.
        Exception: What torch raises.
    """
    operation = read.operation
    if operation.moves is None:
        raise PictureError(f"{operation.name} computes new values; a picture shows where cells come from.")
    sources = _Sources()
    moved_x = sources.number("x", x) if operation.needs_input else None
    moved = {name: sources.number(name, value) if name in operation.moves else value for name, value in values.items()}
    results = _results(operation.apply(moved_x, moved), sources)
    others, line = _rival(read, moved_x, moved, sources)
    guides = tuple(
        _grid(part.label or name, part.tensor)
        for name, value in values.items()
        if name not in operation.moves
        for part in _guides(value)
    )
    return PictureAnswered(request, read.line, sources.grids(), guides, results, others, line)


class _Sources:
    """Gives each cell of the inputs a number of its own."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._first: list[int] = []
        self._n = 0

    def number(self, name: str, value: Any) -> Any:
        """The same shape with numbers of cells; a plain number, which is no cell, becomes -1."""
        if isinstance(value, torch.Tensor):
            return self._number_tensor(name, value)
        if isinstance(value, list | tuple):
            return [self._number_tensor(f"{name}[{place}]", part) for place, part in enumerate(value)]
        return -1

    def _number_tensor(self, name: str, tensor: torch.Tensor) -> torch.Tensor:
        _refuse_large(name, tensor)
        self._parts.append(Part(name, tensor))
        self._first.append(self._n)
        self._n += tensor.numel()
        numbers = torch.arange(self._n - tensor.numel(), self._n)
        return torch.empty_like(tensor, dtype=torch.int64).copy_(numbers.reshape(tensor.shape))

    def locate(self, cells: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Input, and cell in it, of each; -1 for none."""
        numbers = cells.reshape(-1).numpy()
        source = np.searchsorted(np.array(self._first), numbers, side="right") - 1
        first = np.array([*self._first, 0])[source]
        return source.astype(np.int16), np.where(source < 0, -1, numbers - first).astype(np.int32)

    def grids(self) -> tuple[PictureGrid, ...]:
        """All inputs."""
        return tuple(_grid(part.label, part.tensor) for part in self._parts)


def _results(value: Any, sources: _Sources) -> tuple[PictureResult, ...]:
    results = []
    for part in parts_of(value):
        _refuse_large("the result", part.tensor)
        from_input, from_cell = sources.locate(part.tensor)
        grid = PictureGrid(part.label or "result", tuple(part.tensor.shape))
        results.append(PictureResult(grid, from_input, from_cell))
    return tuple(results)


def _rival(read: ReadStep, x: Any, values: Values, sources: _Sources) -> tuple[tuple[PictureResult, ...], str]:
    """Chunk beside tensor_split, with the same number."""
    name = read.operation.name
    number = values.get(_ARGUMENT.get(name, ""))
    if name not in _RIVALS or not isinstance(number, int):
        return (), ""
    rival = CATALOGUE[_RIVALS[name]]
    swapped = {_ARGUMENT[rival.name]: number, "dim": values["dim"]}
    line = f"{rival.python}(x, {number}, {values['dim']})"
    return _results(rival.apply(x, swapped), sources), line


def _guides(value: Any) -> Sequence[Part]:
    if isinstance(value, tuple | list):
        return [part for item in value for part in _guides(item)]
    return [Part("", value)] if isinstance(value, torch.Tensor) and value.numel() <= MAX_CELLS else []


def _grid(label: str, tensor: torch.Tensor) -> PictureGrid:
    texts = tuple(_text(value) for value in tensor.detach().reshape(-1).tolist())
    return PictureGrid(label, tuple(tensor.shape), texts)


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _refuse_large(what: str, tensor: torch.Tensor) -> None:
    if tensor.numel() > MAX_CELLS:
        raise PictureError(
            f"A picture has at most {MAX_CELLS} cells, and {what} has {tensor.numel():,}. "
            "Put a step before it that takes a corner, such as the index [:8, :8]."
        )
