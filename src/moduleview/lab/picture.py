"""From which cell each cell of a result comes: the same operation on the cells' numbers instead of their values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from moduleview.errors import ModuleViewError
from moduleview.lab.catalogue import CATALOGUE
from moduleview.lab.estimate import on_meta, refuse_size, refuse_too_much
from moduleview.lab.operations.base import Values
from moduleview.lab.pipeline import ReadStep, on_meta_values
from moduleview.lab.results import Part, parts_of
from moduleview.telemetry.lab_pipelines import PictureAnswered, PictureGrid, PictureResult

MAX_CELLS = 50_000_000  # that are numbered, in 200 MB; far fewer are drawn
DRAWN_CELLS = 256  # of one tensor
_DRAWN_IN_ALL = 1024  # of what chunk gives
_RIVALS = {"chunk": "tensor_split", "tensor_split": "chunk"}
_ARGUMENT = {"chunk": "chunks", "tensor_split": "indices_or_sections"}


class PictureError(ModuleViewError):
    """What cannot be drawn; the sentence says what can."""


def draw_picture(read: ReadStep, x: Any, values: Values, computed: Any, request: int) -> PictureAnswered:
    """The picture of one step; of what has more than 256 cells, of a corner of it.

    Args:
        read: The step.
        x: What goes in; a tensor, or the tensors that chunk gave.
        values: Its arguments, with which torch has computed.
        computed: What torch has computed.
        request: Whom to answer.

    Raises:
        PictureError: The operation computes instead of moving, or there are too many cells.
        TooMuchError: The numbers of the cells would take too much memory.
        Exception: What torch raises.
    """
    operation = read.operation
    if operation.moves is None:
        raise PictureError(f"{operation.name} computes new values; a picture shows where cells come from.")
    sources = _Sources()
    moved_x = sources.number("x", x) if operation.needs_input else None
    moved = {name: sources.number(name, value) if name in operation.moves else value for name, value in values.items()}
    meta_x, meta = on_meta(moved_x), on_meta_values(moved)
    refuse_too_much(lambda: operation.apply(meta_x, meta))
    results = _results(computed, operation.apply(moved_x, moved), sources)
    others, line = _rival(read, x, moved_x, values, sources)
    guides = tuple(
        _grid(part.label or name, part.tensor)
        for name, value in values.items()
        if name not in operation.moves
        for part in _guides(value)
    )
    remark = _remark([*sources.grids(), *guides, *(result.grid for result in results)])
    return PictureAnswered(request, read.line, sources.grids(), guides, results, others, line, remark)


def corner(shape: tuple[int, ...], most: int) -> tuple[int, ...]:
    """How many cells along each axis are drawn: all, or the first ones, in a square over the last two axes."""
    if math.prod(shape) <= most:
        return shape
    side = math.isqrt(most)
    if max(shape[:-2], default=1) > 1:
        side = max(1, side // 2)  # several matrices beside each other
    drawn = [min(size, side) for size in shape[-2:]]
    left = most // math.prod(drawn)
    for size in reversed(shape[:-2]):
        drawn.insert(0, min(size, left))
        left //= drawn[0]
    return tuple(drawn)


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
        self._parts.append(Part(name, tensor))
        self._first.append(self._n)
        self._n += tensor.numel()
        if self._n > MAX_CELLS:
            raise PictureError(
                f"A picture numbers at most {MAX_CELLS:,} cells, and what goes in has {self._n:,} or more. "
                "Put a step before it that takes a part, such as the index [:1000]."
            )
        refuse_size(8 * tensor.numel())
        numbers = torch.arange(self._n - tensor.numel(), self._n, dtype=torch.int32).reshape(tensor.shape)
        return numbers if tensor.is_contiguous() else torch.empty_like(tensor, dtype=torch.int32).copy_(numbers)

    def locate(self, cells: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Input, and cell in it, of each; -1 for none."""
        numbers = cells.reshape(-1).numpy()
        source = np.searchsorted(np.array(self._first), numbers, side="right") - 1
        first = np.array([*self._first, 0])[source]
        return source.astype(np.int16), np.where(source < 0, -1, numbers - first).astype(np.int32)

    def grids(self) -> tuple[PictureGrid, ...]:
        """All inputs."""
        return tuple(_grid(part.label, part.tensor) for part in self._parts)


def _results(computed: Any, moved: Any, sources: _Sources) -> tuple[PictureResult, ...]:
    """Each result with its own values, and from where its cells come."""
    results, parts = [], parts_of(moved)
    most = min(DRAWN_CELLS, _DRAWN_IN_ALL // max(1, len(parts)))
    for part, real in zip(parts, parts_of(computed), strict=True):
        grid = _grid(part.label or "result", real.tensor, most)
        results.append(PictureResult(grid, *sources.locate(_first_cells(part.tensor, grid.shape))))
    return tuple(results)


def _rival(
    read: ReadStep, x: Any, moved_x: Any, values: Values, sources: _Sources
) -> tuple[tuple[PictureResult, ...], str]:
    """Chunk beside tensor_split, with the same number."""
    name = read.operation.name
    number = values.get(_ARGUMENT.get(name, ""))
    if name not in _RIVALS or not isinstance(number, int):
        return (), ""
    rival = CATALOGUE[_RIVALS[name]]
    swapped = {_ARGUMENT[rival.name]: number, "dim": values["dim"]}
    line = f"{rival.python}(x, {number}, {values['dim']})"
    return _results(rival.apply(x, swapped), rival.apply(moved_x, swapped), sources), line


def _guides(value: Any) -> Sequence[Part]:
    if isinstance(value, tuple | list):
        return [part for item in value for part in _guides(item)]
    return [Part("", value)] if isinstance(value, torch.Tensor) else []


def _grid(label: str, tensor: torch.Tensor, most: int = DRAWN_CELLS) -> PictureGrid:
    shape = tuple(tensor.shape)
    drawn = corner(shape, most)
    texts = tuple(_text(value) for value in _first_cells(tensor.detach(), drawn).reshape(-1).tolist())
    return PictureGrid(label, drawn, texts, shape if drawn != shape else ())


def _first_cells(tensor: torch.Tensor, drawn: tuple[int, ...]) -> torch.Tensor:
    return tensor[tuple(slice(0, size) for size in drawn)]


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _remark(grids: Sequence[PictureGrid]) -> str:
    cut = [f"{grid.label} ({' × '.join(f'{size:,}' for size in grid.whole)})" for grid in grids if grid.whole]
    if not cut:
        return ""
    more = f" and {len(cut) - 3} more" if len(cut) > 3 else ""
    return f"Only a corner is drawn of {', '.join(cut[:3])}{more}; point at a cell to read where it comes from."
