"""Which cells of a picture belong together: a cell of a result, the one it comes from, and all others from there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec
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
        return _from(picture, place.grid, place.cell) | {place}
    result = _results(picture, place.side)[place.grid]
    source, here = int(result.from_input[place.cell]), {place}
    if place.side is Side.RESULT and picture.guides and picture.guides[0].shape == result.grid.shape:
        here.add(CellPlace(Side.GUIDE, 0, place.cell))
    if source < 0:
        return frozenset(here)
    return _from(picture, source, int(result.from_cell[place.cell])) | here


def with_texts(picture: PictureAnswered, result: PictureResult) -> PictureGrid:
    """The grid of a result; where nothing stands in its cells, with what stands where they come from."""
    if result.grid.texts:
        return result.grid
    texts = []
    for source, cell in zip(result.from_input.tolist(), result.from_cell.tolist(), strict=True):
        known = picture.inputs[source].texts if 0 <= source < len(picture.inputs) else ()
        texts.append(known[cell] if 0 <= cell < len(known) else "")
    return msgspec.structs.replace(result.grid, texts=tuple(texts))


def _of_guide(picture: PictureAnswered, place: CellPlace) -> frozenset[CellPlace]:
    guide = picture.guides[place.grid]
    results = picture.results
    if results and results[0].grid.shape == guide.shape:
        return linked(picture, CellPlace(Side.RESULT, 0, place.cell)) | {place}
    if place.grid == 0 and len(picture.inputs) > 1 and picture.inputs[1].shape == guide.shape:  # scatter: index and src
        return linked(picture, CellPlace(Side.INPUT, 1, place.cell)) | {place}
    return frozenset((place,))


def _from(picture: PictureAnswered, source: int, cell: int) -> frozenset[CellPlace]:
    found = {CellPlace(Side.INPUT, source, cell)}
    for side in (Side.RESULT, Side.OTHER):
        for number, result in enumerate(_results(picture, side)):
            here = np.flatnonzero((result.from_input == source) & (result.from_cell == cell))
            found.update(CellPlace(side, number, int(each)) for each in here)
    return frozenset(found)


def _results(picture: PictureAnswered, side: Side) -> tuple[PictureResult, ...]:
    return picture.results if side is Side.RESULT else picture.others
