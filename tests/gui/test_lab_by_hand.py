"""What a person does with the lab by hand: a checkpoint, cells to the clipboard, colours, where cells come from."""

import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from test_lab_in_the_window import add, cells_of, lab_of, take, wait

from moduleview.gui.actions.command_palette import CommandPalette
from moduleview.gui.lab.cell_links import CellPlace, Side
from moduleview.gui.lab.checkpoint_choice import CheckpointChoice
from moduleview.gui.lab.views_column import ViewKind
from moduleview.telemetry.lab_tensors import TensorKind
from real_window import open_in, real_window
from toy_tasks import toy_task


@pytest.fixture
def window(qtbot, tmp_path, garbage_stays_collectable):
    with real_window(tmp_path) as made:
        open_in(made, toy_task)
        made.contents.docks.bring_forward("lab")
        books = made.contents.parts.session.store.books
        wait(lambda: books.lab.operations is not None, "the list of operations")
        yield made


def see(window, kind):
    lab_of(window).views.buttons[kind].click()
    return lab_of(window).views


def test_tensor_of_a_checkpoint_is_chosen_from_its_list(window, tmp_path):
    torch.save({"model": {"0.weight": torch.arange(6.0).reshape(2, 3)}}, tmp_path / "saved.pt")
    lab = lab_of(window)
    lab.findChild(CheckpointChoice).list_file(str(tmp_path / "saved.pt"))
    wait(lambda: window.findChildren(CommandPalette), "the list")
    palette = window.findChildren(CommandPalette)[-1]
    assert palette.titles() == ["model.0.weight"]
    palette.field.returnPressed.emit()
    wait(lambda: lab.copies.model.rowCount() == 1, "the copy")
    wait(lambda: cells_of(lab) == [["0", "1", "2"], ["3", "4", "5"]], "the cells")


@pytest.mark.parametrize(("separator", "text"), [("\t", "0\t1\n2\t3"), (",", "0,1\n2,3")])
def test_cells_are_copied_as_text_and_as_csv(window, separator, text):
    add(window, "arange", end="4")
    add(window, "reshape", shape="2, 2")
    view = see(window, ViewKind.TABLE).views[ViewKind.TABLE]
    wait(lambda: cells_of(lab_of(window)) == [["0", "1"], ["2", "3"]], "the cells")
    view.table.select_all()
    QGuiApplication.clipboard().clear()
    view.copy(separator)
    wait(lambda: QGuiApplication.clipboard().text() != "", "the text")
    assert QGuiApplication.clipboard().text() == text


def test_image_is_zoomed_and_shown_whole_again(qtbot, window):
    add(window, "randn", size="64, 64")
    image = see(window, ViewKind.IMAGE).views[ViewKind.IMAGE].image
    wait(lambda: image.text_at(63, 63) != "", "the image")
    image.setFocus()
    qtbot.keyClick(image, Qt.Key.Key_Plus)
    assert image.region[2:] != (64, 64)
    wait(lambda: image.text_at(0, 0) == "", "the region")
    qtbot.keyClick(image, Qt.Key.Key_Home)
    assert image.region == (0, 0, 64, 64)
    wait(lambda: image.text_at(0, 0) != "", "all of it")


@pytest.mark.parametrize(
    ("operation", "texts", "words"),
    [
        ("index_select", {"dim": "0", "index": "[1, 0]"}, "result[0, 0] comes from x[1, 0]"),
        ("scatter_", {"dim": "0", "index": "[[1, 1, 1]]", "src": "x"}, "result[0, 0] comes from x[0, 0]"),
        ("expand", {"sizes": "2, 2, 3"}, "result[0, 0, 0] comes from x[0, 0]"),
    ],
)
def test_picture_says_where_the_first_cell_comes_from(qtbot, window, operation, texts, words):
    add(window, "arange", end="6")
    add(window, "reshape", shape="2, 3")
    add(window, operation, **texts)
    picture = see(window, ViewKind.WHERE_FROM).where_from.picture
    wait(lambda: picture.sizeHint().width() > 100, "the picture")
    qtbot.keyClick(picture, Qt.Key.Key_Right)
    assert lab_of(window).views.where_from.words.text() == words


def test_picture_of_a_large_tensor_names_cells_that_are_not_drawn(qtbot, window):
    add(window, "arange", end="100000")
    add(window, "reshape", shape="1000, 100")
    add(window, "index_select", dim="0", index="[999, 3]")
    where_from = see(window, ViewKind.WHERE_FROM).where_from
    picture = where_from.picture
    wait(lambda: where_from.words.text().startswith("Only a corner is drawn of x (1,000 × 100)"), "the picture")
    qtbot.keyClick(picture, Qt.Key.Key_Right)
    assert where_from.words.text() == "result[0, 0] comes from x[999, 0], which is not drawn"
    picture.point_at(CellPlace(Side.RESULT, 0, 103))
    assert where_from.words.text() == "result[1, 3] comes from x[3, 3]"
    assert picture.lit == {CellPlace(Side.RESULT, 0, 103), CellPlace(Side.INPUT, 0, 3 * 16 + 3)}
    for place in picture.lit:
        at = picture.center_of(place).toPoint()
        qtbot.mouseMove(picture, at)
        assert picture._place_at(at.toPointF()) == place


def test_histogram_says_what_its_numbers_are_of(window):
    add(window, "full", size="1", fill_value="3+4j")
    words = see(window, ViewKind.HISTOGRAM).views[ViewKind.HISTOGRAM].words
    wait(lambda: "Of the magnitudes." in words.toolTip() and "norm 5" in words.toolTip(), "the numbers")
    assert words.toolTip().startswith("1 element  ")
    assert words.text().endswith("…")  # one line in the docked lab
    add(window, "zeros", size="3000, 3000")
    wait(lambda: "Counted in a sample of 8,388,608 of 9,000,000 elements." in words.toolTip(), "the bins")
    assert "magnitudes" not in words.toolTip()


def test_chosen_tensor_is_added_to_a_list_of_tensors(window):
    add(window, "arange", end="6")
    add(window, "cat", tensors="x")
    lab = lab_of(window)
    field = next(each for each in lab.pipeline.form.fields if each.spec.name == "tensors")
    field.widget.setCurrentIndex(0)
    field.widget.activated.emit(0)
    assert field.widget.currentText() == "x, x"
    wait(lambda: not lab.pipeline.is_running and lab.pipeline.outcome().parts, "the outcome")
    assert lab.pipeline.outcome().parts[0].shape == (12,)


def test_in_the_docked_lab_nothing_is_cut(qtbot, window):
    """At 1280 x 800, where the lab is 150 pixels high."""
    add(window, "zeros", size="2, 3, 4, 5, 6")
    lab = lab_of(window)
    plane = lab.views.plane
    wait(lambda: len(plane.spins) == 3 and plane.isVisible(), "the axes")
    for part in (*plane.spins.values(), plane.rows, plane.columns):
        assert plane.rect().contains(part.visibleRegion().boundingRect().translated(part.mapTo(plane, QPoint())))
        assert part.visibleRegion().boundingRect() == part.rect()
    for operation in ("chunk", "gather", "index"):
        add(window, operation)
        first = lab.pipeline.form.fields[0].widget
        wait(lambda first=first: first.visibleRegion().boundingRect() == first.rect(), "the first field")
    button = lab.views.buttons[ViewKind.TABLE]
    assert button.visibleRegion().boundingRect() == button.rect()


def test_new_copy_is_in_view(window):
    for _ in range(12):
        lab = take(window, TensorKind.PARAMETER, "0.weight")
    table = lab.copies.table
    assert table.currentIndex().row() == 11
    assert table.viewport().rect().contains(table.visualRect(table.currentIndex()))


def test_from_the_cells_of_one_step_to_a_step_that_has_none(window):
    add(window, "arange", end="6")
    add(window, "chunk", chunks="2")
    views, steps = see(window, ViewKind.WHERE_FROM), lab_of(window).pipeline
    steps.list.setCurrentIndex(steps.model.index(1))  # arange gives one tensor, and no cells that come from others
    assert views.kind is ViewKind.TABLE
    wait(lambda: cells_of(lab_of(window))[:1] == [["0"]], "the cells")
