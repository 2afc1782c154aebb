"""The picture says of each cell where it comes from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lab_pipelines import Workbench, step
from test_lab_operations import ARGUMENTS

from moduleview.errors import ModuleViewError
from moduleview.lab.catalogue import CATALOGUE
from moduleview.lab.picture import draw_picture
from moduleview.lab.pipeline import read_step
from moduleview.telemetry.lab_pipelines import PictureAnswered, PictureResult, PipelineStep

GRID = torch.tensor([[10.0, 11.0, 12.0], [20.0, 21.0, 22.0], [30.0, 31.0, 32.0]])
OTHER = torch.full((3, 3), 7.0)


def picture(one: PipelineStep, *tensors: torch.Tensor) -> PictureAnswered:
    bench = Workbench(*(tensors or (GRID, OTHER)))
    read = read_step(one)
    _, values = bench.pipeline.compute(read, bench.tensors[0])
    return draw_picture(read, bench.tensors[0], values, 3)


def filled(answer: PictureAnswered, result: PictureResult, inputs: list[torch.Tensor], none: float) -> torch.Tensor:
    """The result, made of what the picture says."""
    cells = [
        none if source < 0 else float(inputs[source].reshape(-1)[cell])
        for source, cell in zip(result.from_input, result.from_cell, strict=True)
    ]
    return torch.tensor(cells).reshape(result.grid.shape)


@pytest.mark.parametrize("name", [name for name, operation in CATALOGUE.items() if operation.moves is not None])
def test_cells_put_where_the_picture_says_give_the_result(name: str) -> None:
    one = step(name, **ARGUMENTS.get(name, {}))
    bench = Workbench(GRID, OTHER)
    (outcome,) = bench.run(one)
    answer = picture(one)
    shown = [bench.shelf.get(part.tensor_id) for part in outcome.parts]
    inputs = [torch.tensor([float(text) for text in grid.texts]) for grid in answer.inputs]
    assert len(shown) == len(answer.results)
    for frozen, result in zip(shown, answer.results, strict=True):
        assert frozen is not None
        assert torch.equal(filled(answer, result, inputs, 0.0), frozen.tensor)
    assert answer.title == outcome.python
    assert answer.request == 3


def test_scatter_of_a_number_comes_from_no_cell() -> None:
    answer = picture(step("scatter_", dim="0", index="[[2, 1, 0]]", src="5.0"))
    (result,) = answer.results
    assert np.array_equal(result.from_input.reshape(3, 3), [[0, 0, -1], [0, -1, 0], [-1, 0, 0]])
    assert result.from_cell[result.from_input < 0].tolist() == [-1, -1, -1]
    assert [(grid.label, grid.texts) for grid in answer.guides] == [("index", ("2", "1", "0"))]


def test_chunk_stands_beside_tensor_split() -> None:
    seven = torch.arange(7.0)
    answer = picture(step("chunk", chunks="5"), seven)
    assert [result.grid.shape for result in answer.results] == [(2,), (2,), (2,), (1,)]
    assert [other.grid.shape for other in answer.others] == [(2,), (2,), (1,), (1,), (1,)]
    assert answer.others_title == "torch.tensor_split(x, 5, 0)"
    back = picture(step("tensor_split", indices_or_sections="5"), seven)
    assert [other.grid.shape for other in back.others] == [(2,), (2,), (2,), (1,)]
    assert picture(step("tensor_split", indices_or_sections="(1, 3)"), seven).others == ()


def test_what_computes_and_what_is_large_is_not_drawn() -> None:
    with pytest.raises(ModuleViewError, match="computes new values"):
        picture(step("exp"))
    with pytest.raises(ModuleViewError, match="at most 256 cells, and x has 400"):
        picture(step("squeeze"), torch.zeros(20, 20))
    with pytest.raises(ModuleViewError, match="at most 256 cells, and the result has 900"):
        picture(step("expand", sizes="100, 3, 3"))
