"""Which cells of a picture belong together: a cell of a result, the one it comes from, and all others from there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from moduleview.telemetry.lab_pipelines import PictureAnswered, PictureGrid, PictureResult


class Side(StrEnum):
    """Which grids of a picture."""

    INPUT = "input"
    GUIDE = "guide"
    RESULT = "result"
    OTHER = "other"


@dataclass(frozen=True)
class CellPlace:
    """A cell of a picture: of which grid, and its number there."""

    side: Side
    grid: int
    cell: int


def linked(picture: PictureAnswered, place: CellPlace | None) -> frozenset[CellPlace]:
    """All cells that hold the same element as this one, itself included.

    A cell of a guide (an index) belongs to the cell of the first result at the same number, where shapes are the same.
    """
    if place is None:
        return frozenset()
    if place.side is Side.GUIDE:
        return _of_guide(picture, place)
    if place.side is Side.INPUT:
        return _from(picture, place.grid, whole_cell(picture.inputs[place.grid], place.cell))
    result = _results(picture, place.side)[place.grid]
    here, source = {place}, source_of(picture, place)
    if place.side is Side.RESULT and picture.guides and _is_alike(picture.guides[0], result.grid):
        here.add(CellPlace(Side.GUIDE, 0, place.cell))
    return frozenset(here) if source is None else _from(picture, *source) | here


def whole_cell(grid: PictureGrid, cell: int) -> int:
    """The row-major number, in all of the tensor, of a cell that is drawn."""
    return int(np.ravel_multi_index(np.unravel_index(cell, grid.shape), grid.full_shape)) if grid.whole else cell


def drawn_cell(grid: PictureGrid, whole: int) -> int | None:
    """The number among those drawn of a cell of the tensor; None for one beyond the corner."""
    if not grid.whole:
        return whole
    index = np.unravel_index(whole, grid.whole)
    if any(at >= size for at, size in zip(index, grid.shape, strict=True)):
        return None
    return int(np.ravel_multi_index(index, grid.shape))


def index_words(shape: tuple[int, ...], cell: int) -> str:
    """``[1, 0, 2]`` of a cell counted row by row."""
    index: list[int] = []
    for size in reversed(shape):
        cell, at = divmod(cell, max(size, 1))
        index.insert(0, at)
    return f"[{', '.join(map(str, index))}]"


def source_of(picture: PictureAnswered, place: CellPlace) -> tuple[int, int] | None:
    """Input, and cell in all of it, that a cell of a result comes from; None for one that comes from none."""
    result = _results(picture, place.side)[place.grid]
    source = int(result.from_input[place.cell])
    return None if source < 0 else (source, int(result.from_cell[place.cell]))


def _of_guide(picture: PictureAnswered, place: CellPlace) -> frozenset[CellPlace]:
    guide = picture.guides[place.grid]
    results = picture.results
    if results and _is_alike(results[0].grid, guide):
        return linked(picture, CellPlace(Side.RESULT, 0, place.cell)) | {place}
    if place.grid == 0 and len(picture.inputs) > 1 and _is_alike(picture.inputs[1], guide):  # scatter
        return linked(picture, CellPlace(Side.INPUT, 1, place.cell)) | {place}
    return frozenset((place,))


def _from(picture: PictureAnswered, source: int, cell: int) -> frozenset[CellPlace]:
    drawn = drawn_cell(picture.inputs[source], cell)
    found = set() if drawn is None else {CellPlace(Side.INPUT, source, drawn)}
    for side in (Side.RESULT, Side.OTHER):
        for number, result in enumerate(_results(picture, side)):
            here = np.flatnonzero((result.from_input == source) & (result.from_cell == cell))
            found.update(CellPlace(side, number, int(each)) for each in here)
    return frozenset(found)


def _is_alike(one: PictureGrid, other: PictureGrid) -> bool:
    """Cells of the same number stand at the same index."""
    return (one.shape, one.whole) == (other.shape, other.whole)


def _results(picture: PictureAnswered, side: Side) -> tuple[PictureResult, ...]:
    return picture.results if side is Side.RESULT else picture.others
