"""Cells that were run before, and when Enter runs what is typed."""

import pytest

from moduleview.gui.console.cell_history import MAXIMUM_CELLS, MAXIMUM_CHARACTERS, CellHistory
from moduleview.gui.console.completeness import is_complete


def history_of(*cells):
    history = CellHistory()
    for cell in cells:
        history.add(cell)
    return history


def test_up_goes_back_and_down_ends_at_what_was_typed():
    history = history_of("a", "b")
    assert history.earlier("") == "b"
    assert history.earlier("b") == "a"
    assert history.earlier("a") is None
    assert history.later() == "b"
    assert history.later() == ""
    assert history.later() is None


def test_what_is_typed_narrows_the_search():
    history = history_of("model.train()", "x = 1", "model.eval()", "y = 2")
    assert history.earlier("mod") == "model.eval()"
    assert history.earlier("model.eval()") == "model.train()"
    assert history.later() == "model.eval()"
    assert history.later() == "mod"


def test_the_same_cell_twice_counts_once_and_empty_ones_not():
    assert history_of("a", "a", "  ", "b", "a").cells == ("a", "b", "a")


def test_it_is_kept_between_two_starts_and_bounded():
    history = history_of(*(f"cell {number}" for number in range(MAXIMUM_CELLS + 50)), "x" * (MAXIMUM_CHARACTERS - 500))
    other = CellHistory()
    other.take_text(history.to_text())
    assert other.cells == history.cells
    assert sum(map(len, other.cells)) <= MAXIMUM_CHARACTERS
    assert len(other.cells) < MAXIMUM_CELLS
    assert len(history_of(*map(str, range(MAXIMUM_CELLS + 9))).cells) == MAXIMUM_CELLS


@pytest.mark.parametrize("text", ["", "{", "3", '{"a": 1}', "[1, null]"])
def test_settings_that_are_something_else_are_left(text):
    history = CellHistory()
    history.take_text(text)
    assert history.cells == ()


@pytest.mark.parametrize(
    "code", ["1+1", "x = 1", "for", "1 +* 2", "for i in x:\n    print(i)\n", "f(\n  1)\n", "((" * 500]
)
def test_enter_runs_what_is_whole_and_what_is_wrong(code):
    assert is_complete(code)


@pytest.mark.parametrize(
    "code",
    ["for i in x:", "f(", "'''a", "for i in x:\n    print(i)", "if a:\n    b\nelse:\n", "x = 1 \\", "#" * 30_000],
)
def test_enter_adds_a_line_where_more_is_to_come(code):
    assert not is_complete(code)
