"""The panel of the tensor lab: copies, a pipeline while one types, views; keys, refusals, what is asked."""

import numpy as np
import pytest
from hand_made_lab import HandMadeLab
from inspector_parts import Bench
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QLineEdit, QMenu

from moduleview.gui.actions.command_palette import CommandPalette
from moduleview.gui.lab.steps_model import DETAIL_ROLE, STATE_ROLE, RowState
from moduleview.gui.lab.views_column import ViewKind
from moduleview.gui.panels.lab import LabPanel
from moduleview.telemetry.lab_pipelines import RunPipeline
from moduleview.telemetry.lab_tensors import DropTensor, KeepResult, TakeTensor, TensorKind
from moduleview.telemetry.lab_views import RequestHistogram, RequestTile


@pytest.fixture
def bench(qapp):
    return Bench()


@pytest.fixture
def lab(bench):
    return HandMadeLab(bench)


@pytest.fixture
def panel(qtbot, bench, lab):
    panel = LabPanel(bench.context)
    qtbot.addWidget(panel)
    panel.resize(1100, 420)
    with qtbot.waitExposed(panel):
        panel.show()
    lab.settle(panel)
    return panel


def labels(widget):
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisible() and label.text()]


def add(panel, lab, name):
    """Add an operation as a person does: open the list, type its name, Enter."""
    panel.pipeline.find_operation()
    palette = panel.window().findChild(CommandPalette)
    palette.field.setText(name)
    palette.field.returnPressed.emit()
    lab.settle(panel)


def details(panel):
    model = panel.pipeline.model
    return [model.index(row).data(DETAIL_ROLE) for row in range(model.rowCount())]


def cells(panel):
    model = panel.views.views[ViewKind.TABLE].model
    return [[model.index(r, c).data() for c in range(model.columnCount())] for r in range(model.rowCount())]


def test_empty_lab_says_what_it_is_for(panel):
    said = labels(panel)
    assert "No tensor here yet" in said
    assert any("Take a copy of a tensor" in text for text in said)


def test_take_menu_offers_what_is_selected_and_asks_for_it(panel, bench, lab):
    bench.selection.select("head", tensor_fqn="head.weight")
    menu = QMenu(panel)
    panel.copies.take_menu.fill(menu)
    texts = [action.text() for action in menu.actions() if action.text()]
    assert texts[:2] == ["head.weight", "Gradient of head.weight"]
    menu.actions()[1].trigger()
    asked = bench.sent_of(TakeTensor)[-1]
    assert (asked.kind, asked.fqn) == (TensorKind.GRADIENT, "head.weight")
    lab.settle(panel)
    assert panel.copies.model.rowCount() == 1
    assert panel.pipeline.source.name == "head.weight@3"


def test_refused_copy_is_said_where_it_was_asked_and_in_the_status_bar(panel, bench, lab):
    bench.context.handovers.open_tensor(TensorKind.PARAMETER, "gone")
    lab.settle(panel)
    assert "no parameter 'gone'" in panel.copies.said.text()
    assert bench.notices == [panel.copies.said.text()]


def test_chosen_copy_is_shown_as_a_table_at_once(panel, lab):
    lab.put(np.array([[1.5, np.nan], [-np.inf, 0.0]]))
    lab.settle(panel)
    assert cells(panel) == [["1.5", "NaN"], ["−Inf", "0"]]
    model = panel.views.views[ViewKind.TABLE].model
    assert model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole) == "[0, 0]  1.5"


def test_each_keystroke_runs_the_pipeline_and_stale_answers_are_dropped(qtbot, panel, bench, lab):
    lab.put(np.ones((2, 3)))
    lab.settle(panel)
    add(panel, lab, "sum")
    assert details(panel)[1].startswith("3 · float64 · strides 1 · copy")
    field = panel.pipeline.form.fields[0].widget
    field.setText("1")
    stale = bench.sent_of(RunPipeline)[-1]
    field.setText("0")
    newest = bench.sent_of(RunPipeline)[-1]
    assert stale.request != newest.request
    bench.store.apply(lab._run(stale))
    panel.refresh(bench.store)
    assert details(panel)[1].startswith("3 ·")
    lab.settle(panel)
    assert details(panel)[1].startswith("3 ·")


def test_failing_step_is_marked_with_the_own_message_and_those_behind_are_grey(qtbot, panel, lab):
    lab.put(np.ones((2, 3)))
    lab.settle(panel)
    add(panel, lab, "sum")
    add(panel, lab, "abs")
    panel.pipeline.list.setCurrentIndex(panel.pipeline.model.index(1))
    field = panel.pipeline.form.fields[0].widget
    field.selectAll()
    qtbot.keyClicks(field, "7")
    lab.settle(panel)
    assert "Dimension out of range" in panel.pipeline.form.message.text()
    assert panel.pipeline.form.message.isVisible()
    states = [panel.pipeline.model.index(row).data(STATE_ROLE) for row in range(3)]
    assert states == [RowState.PLAIN, RowState.FAILED, RowState.GREY]
    assert details(panel)[2] == "step 1 failed"
    assert field.hasFocus() or isinstance(field, QLineEdit)
    assert panel.pipeline.form.fields[0].widget is field  # the cursor stays in the field


def test_steps_are_moved_switched_off_and_removed_by_keys(qtbot, panel, lab):
    lab.put(np.ones((2, 3)))
    lab.settle(panel)
    add(panel, lab, "abs")
    add(panel, lab, "sum")
    steps = panel.pipeline.list
    steps.setFocus()
    qtbot.keyClick(steps, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert [step.operation for step in lab_steps(panel)] == ["sum", "abs"]
    qtbot.keyClick(steps, Qt.Key.Key_Space)
    assert [step.operation for step in lab_steps(panel)] == ["abs"]
    lab.settle(panel)
    assert details(panel)[1] == "switched off"
    qtbot.keyClick(steps, Qt.Key.Key_Delete)
    assert len(panel.pipeline.pipeline) == 1


def lab_steps(panel):
    return panel.pipeline.pipeline.messages()


def test_operation_that_creates_needs_no_copy(panel, bench, lab):
    add(panel, lab, "zeros")
    panel.pipeline.form.fields[0].widget.setText("2,2")
    lab.settle(panel)
    assert bench.sent_of(RunPipeline)[-1].source is None
    assert cells(panel) == [["0", "0"], ["0", "0"]]


def test_comparison_shows_its_answer_and_where_it_differs_first(panel, lab):
    lab.put(np.ones((2, 3)))
    lab.settle(panel)
    add(panel, lab, "equal")
    assert panel.views.value.value.text() == "False"
    assert "first at [0, 1]" in panel.views.value.remark.text()
    assert details(panel)[1] == "= False"


def test_result_is_kept_as_a_tensor_of_its_own(qtbot, panel, bench, lab):
    lab.put(np.ones((2, 3)))
    lab.settle(panel)
    add(panel, lab, "abs")
    qtbot.mouseClick(panel.views.keep, Qt.MouseButton.LeftButton)
    assert bench.sent_of(KeepResult)
    lab.settle(panel)
    assert panel.copies.model.rowCount() == 2
    assert "Kept as t2" in bench.notices[-1]


def test_dropped_copy_goes_and_the_pipeline_begins_with_another(qtbot, panel, bench, lab):
    lab.put(np.ones((2, 3)))
    lab.put(np.ones(4), name="bias@3")
    lab.settle(panel)
    panel.copies.table.setCurrentIndex(panel.copies.model.index(1, 0))
    panel.copies.table.setFocus()
    qtbot.keyClick(panel.copies.table, Qt.Key.Key_Delete)
    assert bench.sent_of(DropTensor) == [DropTensor(2)]
    lab.settle(panel)
    assert panel.pipeline.source.tensor_id == 1


def test_python_is_copied_by_line_and_as_a_whole(qtbot, panel, lab):
    lab.put(np.ones((2, 3)))
    lab.settle(panel)
    add(panel, lab, "abs")
    panel.pipeline.bar.copy_line.click()
    assert QGuiApplication.clipboard().text() == "x = x.abs(0)"
    panel.pipeline.bar.copy_all.click()
    assert QGuiApplication.clipboard().text().startswith("import torch")


def test_picture_links_the_cells_by_the_keyboard(qtbot, panel, lab):
    lab.put(np.arange(6.0).reshape(2, 3))
    lab.settle(panel)
    add(panel, lab, "gather")
    qtbot.mouseClick(panel.views.buttons[ViewKind.WHERE_FROM], Qt.MouseButton.LeftButton)
    lab.settle(panel)
    picture = panel.views.where_from.picture
    picture.setFocus()
    qtbot.keyClick(picture, Qt.Key.Key_Right)
    assert panel.views.where_from.words.text() == "result[0, 0] comes from x[1, 0]"
    assert len(picture.lit) == 3  # its index too


def test_only_the_view_in_front_asks(qtbot, panel, bench, lab):
    lab.put(np.ones((2, 3)))
    lab.settle(panel)
    assert bench.sent_of(RequestTile)
    assert not bench.sent_of(RequestHistogram)
    qtbot.mouseClick(panel.views.buttons[ViewKind.HISTOGRAM], Qt.MouseButton.LeftButton)
    assert len(bench.sent_of(RequestHistogram)) == 1
    lab.settle(panel)
    assert "min 1" in panel.views.views[ViewKind.HISTOGRAM].words.text()


def test_spectrum_says_rank_effective_rank_and_condition(qtbot, panel, lab):
    lab.put(np.diag([4.0, 4.0, 4.0, 4.0]))
    lab.settle(panel)
    qtbot.mouseClick(panel.views.buttons[ViewKind.SPECTRUM], Qt.MouseButton.LeftButton)
    lab.settle(panel)
    words = panel.views.views[ViewKind.SPECTRUM].words.text()
    assert "rank 4 of 4  effective rank 4.0  condition number 1" in words


def test_axes_of_a_larger_tensor_are_chosen(panel, lab):
    lab.put(np.arange(24.0).reshape(2, 3, 4))
    lab.settle(panel)
    assert cells(panel)[0][:4] == ["0", "1", "2", "3"]
    panel.views.plane.spins[0].setValue(1)
    lab.settle(panel)
    assert cells(panel)[0][0] == "12"
    chooser = panel.views.plane
    chooser.rows.setCurrentIndex(0)
    chooser.rows.activated.emit(0)
    lab.settle(panel)
    assert (chooser.plane.rows, chooser.plane.columns) == (0, 2)
    assert [row[0] for row in cells(panel)] == ["0", "12"]


def test_narrow_panel_shows_one_column_at_a_time(qtbot, panel):
    panel.resize(480, 200)
    qtbot.waitUntil(lambda: not panel.views.isVisible())
    assert panel.copies.isVisible()
    qtbot.mouseClick(panel.columns.buttons[1], Qt.MouseButton.LeftButton)
    assert panel.pipeline.isVisible()
    assert not panel.copies.isVisible()


def test_everything_that_a_person_meets_has_an_accessible_name(panel):
    nameless = [
        type(part).__name__
        for part in (panel.copies.table, panel.pipeline.list, panel.views.views[ViewKind.TABLE].table.view)
        if not part.accessibleName()
    ]
    nameless += [button.text() for button in panel.views.buttons.values() if not button.accessibleName()]
    assert not nameless
