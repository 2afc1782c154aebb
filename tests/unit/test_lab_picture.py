"""The picture says of each cell where it comes from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from lab_pipelines import Workbench, step
from test_lab_operations import ARGUMENTS

from moduleview.errors import ModuleViewError
from moduleview.lab import estimate
from moduleview.lab.catalogue import CATALOGUE
from moduleview.lab.picture import corner, draw_picture
from moduleview.lab.pipeline import read_step
from moduleview.telemetry.lab_pipelines import PictureAnswered, PictureResult, PipelineStep

GRID = torch.tensor([[10.0, 11.0, 12.0], [20.0, 21.0, 22.0], [30.0, 31.0, 32.0]])
OTHER = torch.full((3, 3), 7.0)


def picture(one: PipelineStep, *tensors: torch.Tensor) -> PictureAnswered:
    bench = Workbench(*(tensors or (GRID, OTHER)))
    read = read_step(one)
    computed, values = bench.pipeline.compute(read, bench.tensors[0])
    return draw_picture(read, bench.tensors[0], values, computed, 3)


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


def test_cells_that_were_written_show_what_was_written() -> None:
    (result,) = picture(step("scatter_", dim="0", index="[[2, 1, 0]]", src="5.0")).results
    assert result.grid.texts == ("10", "11", "5", "20", "5", "22", "5", "31", "32")


def test_of_a_large_tensor_a_corner_is_drawn_and_cells_beyond_it_are_named() -> None:
    large = torch.arange(50_000.0 * 20).reshape(50_000, 20)
    answer = picture(step("index_select", dim="0", index="[49999, 3]"), large)
    (x,), (result,) = answer.inputs, answer.results
    assert (x.shape, x.whole, x.texts[:17][-1]) == ((16, 16), (50_000, 20), "20")
    assert (result.grid.shape, result.grid.whole) == ((2, 20), ())
    assert result.from_cell.reshape(2, 20)[:, 1].tolist() == [49_999 * 20 + 1, 61]
    assert answer.remark.startswith("Only a corner is drawn of x (50,000 × 20);")


def test_guides_and_many_results_are_cut_too() -> None:
    large = torch.arange(3 * 40.0 * 50).reshape(3, 40, 50)
    answer = picture(step("masked_fill_", mask="x > 0", value="1"), large)
    assert [grid.shape for grid in (*answer.inputs, *answer.guides)] == [(3, 8, 8), (3, 8, 8)]
    assert answer.results[0].from_input.reshape(3, 8, 8)[0, 0, :2].tolist() == [0, -1]
    pieces = picture(step("chunk", chunks="40", dim="1"), large).results
    assert sum(result.from_cell.size for result in pieces) <= 40 * 25
    assert all(result.from_cell[0] == 50 * at for at, result in enumerate(pieces))


def test_corner_is_a_square_over_the_last_axes() -> None:
    assert corner((3, 4), 256) == (3, 4)
    assert corner((300,), 256) == (16,)
    assert corner((50_257, 768), 256) == (16, 16)
    assert corner((64, 64, 3, 3), 256) == (1, 28, 3, 3)
    assert corner((2, 3, 64, 64), 256) == (1, 3, 8, 8)
    assert corner((1, 1, 64, 64), 256) == (1, 1, 16, 16)


def test_what_computes_and_what_is_huge_is_not_drawn() -> None:
    with pytest.raises(ModuleViewError, match="computes new values"):
        picture(step("exp"))
    with pytest.raises(ModuleViewError, match="at most 50,000,000 cells, and what goes in has 50,000,001"):
        picture(step("squeeze"), torch.zeros(50_000_001, dtype=torch.uint8))


def test_numbers_of_cells_that_would_not_fit_are_refused_with_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "MAX_RESULT_BYTES", 900_000)
    bytes_ = torch.zeros(1000, 100, dtype=torch.uint8)  # its cells fit, and the numbers of three times as many do not
    with pytest.raises(ModuleViewError, match="This would make"):
        picture(step("cat", tensors="x, t2, t2", dim="0"), bytes_[:500].clone(), bytes_)
