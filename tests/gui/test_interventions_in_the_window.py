"""Changing a run from the window: menus, the form, the journal's panel, one order of undo, alarms in the strip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot
from torch import nn

from moduleview import TrainingTask
from moduleview.gui.actions.command_palette import CommandPalette
from moduleview.gui.interventions.change_form import ChangeForm
from moduleview.gui.main_window import MainWindow
from moduleview.gui.models.journal_model import JournalColumn
from moduleview.gui.panels.interventions import InterventionsPanel
from moduleview.telemetry.changes_messages import TakeBack
from moduleview.telemetry.commands import Run, Stop
from moduleview.telemetry.hooks import HookKind
from moduleview.telemetry.records import RunState
from real_window import open_in, real_window, wait
from toy_tasks import toy_task


@pytest.fixture
def window(tmp_path: Path) -> Iterator[MainWindow]:
    with real_window(tmp_path) as made:
        open_in(made, toy_task)
        contents = made.contents
        contents.docks.focus_content("interventions")
        wait(lambda: bool(contents.parts.session.store.books.changes.kinds), "the kinds of changes")
        yield made


def panel_of(window: MainWindow) -> InterventionsPanel:
    panel = window.contents.docks.dock("interventions").panel
    assert isinstance(panel, InterventionsPanel)
    panel.refresh(window.contents.parts.session.store)
    return panel


def titles(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if action.text()]


def change_menu(window: MainWindow, fqn: str) -> QMenu:
    modules = window.contents.docks.dock("modules").panel
    model = modules.view.tree_model
    menu = modules._menus.of_node(model.snapshot.node_of(fqn))
    return next(action.menu() for action in menu.actions() if action.text() == "Change")


def form_for(window: MainWindow, fqn: str, title: str) -> ChangeForm:
    action = next(one for one in change_menu(window, fqn).actions() if one.text() == f"{title}...")
    action.trigger()
    form = next(one for one in window.findChildren(ChangeForm) if one.isVisible())
    store = window.contents.parts.session.store
    wait(lambda: store.books.changes.prepared is not None, "the form's fields")
    wait(lambda: not form._look.isActive(), "the form to take them")
    return form


def set_field(form: ChangeForm, name: str, text: str) -> None:
    widget = next(one.widget for one in form.fields if one.field.name == name)
    (widget.setCurrentText if hasattr(widget, "setCurrentText") else widget.setText)(text)


def apply(window: MainWindow, fqn: str, title: str, **values: str) -> None:
    form = form_for(window, fqn, title)
    for name, text in values.items():
        set_field(form, name, text)
    n_before = len(window.contents.parts.session.store.books.changes.entries)
    form.apply_button.click()
    wait(lambda: len(window.contents.parts.session.store.books.changes.entries) > n_before, "the entry")
    wait(lambda: not window.findChildren(ChangeForm) or not form.isVisible(), "the form to close")


def states(window: MainWindow) -> list[tuple[str, bool]]:
    entries = window.contents.parts.session.store.books.changes.entries.values()
    return [(entry.what, entry.stands) for entry in entries]


def test_menu_offers_what_fits_the_node(window: MainWindow) -> None:
    assert "Clip gradient norm..." in titles(change_menu(window, "0"))
    assert "Set dropout rate..." not in titles(change_menu(window, "0"))
    assert titles(change_menu(window, "2"))[:1] == ["Set alarm..."]
    assert "Set dropout rate..." in titles(change_menu(window, "2"))
    assert "Clip gradient norm..." not in titles(change_menu(window, "2"))
    assert "Swap activation..." in titles(change_menu(window, "1"))


def test_tensor_rows_of_the_inspector_offer_the_same(window: MainWindow) -> None:
    window.contents.selection.select("0")
    inspector = window.contents.docks.dock("inspector").panel
    inspector.refresh(window.contents.parts.session.store)
    tab = next(
        tab for tab in inspector.findChildren(object) if type(tab).__name__ == "TensorsTab" and tab.model.rowCount()
    )
    menu = tab.menu_of(0)
    assert {"Copy path", "Freeze", "Unfreeze", "Write a hook...", "Initialise..."} <= set(titles(menu))
    change = next(action.menu() for action in menu.actions() if action.text() == "Change")
    assert "Set learning rate..." in titles(change)
    assert "Set train or eval mode..." not in titles(change)
    docks = window.contents.docks
    next(action for action in menu.actions() if action.text() == "Initialise...").trigger()
    assert docks.dock("initialise").panel.form.place.text() == "0.weight"
    next(action for action in menu.actions() if action.text() == "Write a hook...").trigger()
    editor = docks.dock("hook_editor").panel
    assert (editor.page.target.text(), editor.page.kind.currentText()) == ("0.weight", "Tensor (gradient)")


def test_form_shows_what_stands_there_now_and_refuses_at_the_place(window: MainWindow) -> None:
    form = form_for(window, "0", "Set learning rate")
    assert [str(one.value()) for one in form.fields] == ["0.01", "these parameters"]
    set_field(form, "rate", "fast")
    assert form.problem == "Learning rate is no number."
    assert not form.apply_button.isEnabled()
    set_field(form, "rate", "-1")
    assert form.problem == "Learning rate is at least 0."
    form.reject()
    form = form_for(window, "0", "Register a tensor as buffer")
    assert form.problem.startswith("0 holds no tensor as a plain attribute.")
    assert not form.apply_button.isEnabled()
    form.reject()


def test_form_takes_a_number_at_once_and_keeps_it_when_what_stands_there_arrives(
    window: MainWindow, qtbot: QtBot
) -> None:
    action = next(one for one in change_menu(window, "0").actions() if one.text() == "Set learning rate...")
    action.trigger()
    form = next(one for one in window.findChildren(ChangeForm) if one.isVisible())
    qtbot.waitUntil(lambda: form.focusWidget() is form.fields[0].widget)
    offered = form.fields[0].widget
    qtbot.keyClicks(offered, "0.0")  # before the run has said that 0.01 stands there
    store = window.contents.parts.session.store
    wait(lambda: store.books.changes.prepared is not None and form._answered_before is not None, "what stands there")
    assert form.fields[0].widget is not offered
    qtbot.waitUntil(lambda: form.focusWidget() is form.fields[0].widget)
    field = form.fields[0].widget
    qtbot.keyClicks(field, "5")
    assert form.fields[0].value() == 0.05
    qtbot.keyClick(field, Qt.Key.Key_Return)
    wait(lambda: states(window) == [("Set the learning rate of 0 to 0.05", True)], "the change")


def test_form_without_fields_has_the_keyboard_on_apply(window: MainWindow) -> None:
    form = form_for(window, "0", "Zero gradient")
    assert form.focusWidget() is form.apply_button
    form.reject()


def test_undo_takes_back_whatever_was_done_last(window: MainWindow) -> None:
    contents = window.contents
    apply(window, "0", "Scale gradient", factor="0.5")
    modules = contents.docks.dock("modules").panel
    modules.view.toggle_wanted.emit([1], HookKind.FORWARD, False)
    apply(window, "2", "Set dropout rate", rate="0.9")
    undo, redo = contents.actions.action("edit.undo"), contents.actions.action("edit.redo")
    wait(undo.isEnabled, "undo")
    undo.trigger()
    wait(lambda: [stands for _, stands in states(window)] == [True, False], "dropout to be taken back")
    hooks = contents.parts.session.store.hooks
    assert len(hooks) == 1
    undo.trigger()
    wait(lambda: not contents.parts.session.store.hooks, "the tick to be taken back")
    undo.trigger()
    wait(lambda: [stands for _, stands in states(window)] == [False, False], "the scale to be taken back")
    wait(lambda: not undo.isEnabled(), "nothing more to undo")
    redo.trigger()
    wait(lambda: [stands for _, stands in states(window)] == [True, False], "the scale to be made again")
    assert undo.isEnabled()


def test_what_was_taken_back_in_the_panel_is_not_undone_twice(window: MainWindow) -> None:
    contents = window.contents
    apply(window, "0", "Scale gradient", factor="0.5")
    apply(window, "3", "Zero gradient")
    panel = panel_of(window)
    panel.table.selectRow(0)
    assert "Zeroed" in panel.table.model().index(0, JournalColumn.WHAT).data()
    panel.back_button.click()
    wait(lambda: [stands for _, stands in states(window)] == [True, False], "the zeros to be taken back")
    undo = contents.actions.action("edit.undo")
    wait(lambda: contents.docks.undo_stack.index() == 1, "the order of undo to follow")
    undo.trigger()
    wait(lambda: [stands for _, stands in states(window)] == [False, False], "the scale to be taken back")
    panel_of(window)
    assert panel.back_button.text() == "Make again"
    panel.back_button.click()
    wait(lambda: [stands for _, stands in states(window)] == [False, True], "the zeros to be made again")


def test_freezing_is_one_step_of_the_same_order(window: MainWindow) -> None:
    contents = window.contents
    modules = contents.docks.dock("modules").panel
    snapshot = modules.view.tree_model.snapshot
    modules.actions_of_tree.freeze(snapshot, snapshot.node_of("0"), frozen=True)
    undo = contents.actions.action("edit.undo")
    wait(undo.isEnabled, "undo")
    store = contents.parts.session.store
    assert not store.model.tensors.requires_grad[:2].any()
    undo.trigger()
    wait(lambda: bool(store.model.tensors.requires_grad.all()), "the parameters to thaw")
    wait(lambda: not undo.isEnabled(), "one step")


def test_script_has_all_that_was_done_and_runs(window: MainWindow) -> None:
    apply(window, "0", "Scale gradient", factor="0.5")
    apply(window, "2", "Set dropout rate", rate="0.9")
    panel = panel_of(window)
    panel.table.selectRow(0)
    panel.copy_button.click()
    assert "setattr" in QGuiApplication.clipboard().text()
    panel.back_button.click()
    wait(lambda: not states(window)[1][1], "dropout to be taken back")
    panel.script_button.click()
    script = QGuiApplication.clipboard().text()
    assert [line for line in script.splitlines() if line.startswith("# before")] == [
        "# before step 0: Scaled the gradient of 0 by 0.5",
        "# before step 0: Set the dropout rate of 2 to 0.9",
        "# before step 0: Undid: Set the dropout rate of 2 to 0.9",
    ]
    task = toy_task()
    exec(script, {"model": task.model, "optimizer": task.optimizer})
    assert task.optimizer is not None
    assert len(task.optimizer._optimizer_step_pre_hooks) == 1


def exploding() -> TrainingTask:
    task = toy_task()
    model, n = task.model, [0]

    def step(batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        assert task.optimizer is not None
        task.optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(batch[0]), batch[1]) * (1e4 if n[0] == 7 else 1.0)
        n[0] += 1
        loss.backward()
        task.optimizer.step()
        return loss

    return TrainingTask(model, task.optimizer, task.batches, step=step)


def test_alarm_pauses_at_its_step_and_is_marked_in_the_strip(window: MainWindow) -> None:
    open_in(window, exploding)
    store = window.contents.parts.session.store
    wait(lambda: bool(store.books.changes.kinds), "the kinds of changes")
    apply(window, "0", "Set alarm", quantity="grad_norm", limit="100", then="pause")
    window.contents.parts.session.send(Run(50))
    wait(lambda: store.run.state is RunState.PAUSED, "the pause")
    assert store.run.step == 8
    (ring,) = store.books.changes.rings
    assert (ring.step, ring.fqn, ring.did) == (7, "0", "pause")
    assert ring.value > 100
    panel = panel_of(window)
    assert panel.ring_table.isVisibleTo(panel)
    assert panel.rings.index(0, 2).data().startswith("grad_norm of 0 was ")
    gradient_map = window.contents.docks.dock("gradient_map").panel
    gradient_map.refresh(store)
    strip = gradient_map._map.events
    assert strip._rings == (ring,)
    canvas = gradient_map._map
    at = QPointF(canvas.x_px(7), canvas.area.top() / 2)
    assert strip.ring_at(at) == ring
    window.contents.parts.session.send(Run(5))
    wait(lambda: store.run.step == 13, "the run to go on")
    assert len(store.books.changes.rings) == 1


def test_what_was_changed_and_taken_back_is_a_line_in_the_strip(window: MainWindow) -> None:
    session = window.contents.parts.session
    session.send(Run(6))
    wait(lambda: session.store.run.step == 6, "six steps")
    apply(window, "0", "Scale gradient", factor="0.5")
    session.send(Run(4))
    wait(lambda: session.store.run.step == 10, "four more")
    session.send(TakeBack(1))
    wait(lambda: len(session.store.books.changes.lines) == 2, "the journal")
    gradient_map = window.contents.docks.dock("gradient_map").panel
    gradient_map.refresh(session.store)
    canvas = gradient_map._map
    begin, end = (QPointF(canvas.x_px(step - 0.5), canvas.area.top() / 2) for step in (6, 10))
    said = gradient_map.pointer.tooltip_at
    assert said(begin) == "<b>before step 6</b><br>Scaled the gradient of 0 by 0.5"
    assert said(end) == "<b>before step 10</b><br>Undid: Scaled the gradient of 0 by 0.5"
    picture = canvas.grab().toImage()
    accent = QColor(canvas.theme.tokens.accent).rgb()
    ratio = picture.devicePixelRatio()
    painted = [picture.pixel(round(at.x() * ratio), round(4 * ratio)) == accent for at in (begin, (begin + end) / 2)]
    assert painted == [True, False]


def rows_of(panel: InterventionsPanel) -> list[tuple[str, str]]:
    columns = (JournalColumn.STATE, JournalColumn.WHAT)
    rows = range(panel.model.rowCount())
    return [(panel.model.index(row, columns[0]).data(), panel.model.index(row, columns[1]).data()) for row in rows]


def test_what_was_changed_in_the_run_before_stays_to_be_copied_until_another_target_is_opened(
    window: MainWindow,
) -> None:
    session = window.contents.parts.session
    apply(window, "0", "Scale gradient", factor="0.5")
    apply(window, "2", "Set dropout rate", rate="0.9")
    session.send(TakeBack(1))
    session.send(Run(2))
    wait(lambda: session.store.run.step == 2, "two steps")
    session.send(Stop())
    session.send(Run(1))
    wait(lambda: session.store.run.step == 1 and len(states(window)) == 1, "the run that begins anew")
    panel = panel_of(window)
    dropout, scaled = "Set the dropout rate of 2 to 0.9", "Scaled the gradient of 0 by 0.5"
    assert rows_of(panel) == [("stands", dropout), ("run before", dropout), ("run before", scaled)]
    panel.table.selectRow(2)
    assert not panel.back_button.isEnabled()
    panel.copy_button.click()
    assert "mul_(0.5)" in QGuiApplication.clipboard().text()
    panel.script_button.click()
    assert QGuiApplication.clipboard().text().count("# before step 0: ") == 3
    panel.table.selectRow(0)
    assert panel.back_button.isEnabled()
    panel.script_button.click()
    assert QGuiApplication.clipboard().text().count("# before step 0: ") == 1
    open_in(window, toy_task)
    assert rows_of(panel_of(window)) == []


def test_palette_lists_what_a_right_click_on_the_selection_offers(window: MainWindow, qtbot: QtBot) -> None:
    contents = window.contents
    contents.selection.select_named(contents.parts.session.store.model, "0.weight")
    contents.actions.run("tools.command_palette")
    palette = window.findChild(CommandPalette)
    qtbot.keyClicks(palette.field, "scale grad")
    assert palette.titles() == ["Change > Scale gradient..."] * 2
    rows = [palette.list.model().index(row, 0).data(Qt.ItemDataRole.UserRole).detail for row in range(2)]
    assert sorted(rows) == ["0", "0.weight"]
    palette.list.setCurrentIndex(palette.list.model().index(rows.index("0.weight"), 0))
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    form = next(one for one in window.findChildren(ChangeForm) if one.isVisible())
    assert form.windowTitle() == "Scale gradient"
    form.reject()
    wait(lambda: not any(menu.title() == "0.weight" for menu in window.findChildren(QMenu)), "the menu to go")


def test_palette_says_that_nothing_has_these_letters(window: MainWindow, qtbot: QtBot) -> None:
    window.contents.actions.run("tools.command_palette")
    palette = window.findChild(CommandPalette)
    qtbot.keyClicks(palette.field, "xyzzy")
    assert palette.titles() == []
    assert palette._problem.text() == "Nothing here is called xyzzy."
    qtbot.keyClick(palette.field, Qt.Key.Key_Escape)
