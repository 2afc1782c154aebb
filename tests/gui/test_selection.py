"""The one selection of a window."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from builders import snapshot_of
from moduleview.gui.selection import Selection


@pytest.fixture
def selection(qtbot: QtBot) -> Selection:
    return Selection()


def test_history_goes_back_and_forward_and_forks(selection: Selection) -> None:
    for fqn in ("a", "b", "c"):
        selection.select(fqn)
    selection.go_back()
    selection.go_back()
    assert selection.fqn == "a"
    assert not selection.can_go_back
    selection.go_forward()
    assert selection.fqn == "b"
    selection.select("d")
    assert not selection.can_go_forward
    selection.go_back()
    assert selection.fqn == "b"


def test_selecting_the_same_again_says_nothing(selection: Selection, qtbot: QtBot) -> None:
    selection.select("a")
    with qtbot.assertNotEmitted(selection.changed):
        selection.select("a")
    with qtbot.waitSignal(selection.changed):
        selection.select_tensor("a.weight")


def test_pins_toggle_and_a_new_model_clears_all(selection: Selection, qtbot: QtBot) -> None:
    selection.select("a", "b")
    assert selection.fqns == ("b", "a")
    selection.toggle_pin("x")
    selection.toggle_pin("y")
    selection.toggle_pin("x")
    assert selection.pinned == ("y",)
    selection.set_crosshair(4)
    selection.clear()
    assert (selection.fqn, selection.pinned, selection.crosshair_step) == (None, (), None)
    assert not selection.can_go_back


def test_a_tensor_is_selected_with_the_module_that_holds_it(selection: Selection) -> None:
    model = snapshot_of()
    assert selection.select_named(model, "blocks.0.lin.weight")
    assert (selection.fqn, selection.tensor_fqn) == ("blocks.0.lin", "blocks.0.lin.weight")
    assert selection.select_named(model, "blocks.1")
    assert (selection.fqn, selection.tensor_fqn) == ("blocks.1", None)
    assert selection.select_named(model, "")
    assert not selection.select_named(model, "nothing")
    assert selection.fqn == ""
