"""The Modules panel, by mouse and by keyboard."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from pytestqt.qtbot import QtBot
from tree_builders import Bench, add_gradients, gpt_snapshot, gpt_store

from builders import add_steps, snapshot_of
from moduleview.gui.models.hook_states import CellState
from moduleview.gui.models.node_marks import Mark
from moduleview.gui.models.tree_columns import Column
from moduleview.gui.panels.modules import ModulesPanel
from moduleview.gui.widgets.plain_tip import plain_tip
from moduleview.telemetry.commands import Capability, Freeze, SetHooks
from moduleview.telemetry.hooks import HookEntry, HookKind, HookStatus
from moduleview.telemetry.records import HooksChanged, ModelChanged, ModelOpened
from moduleview.telemetry.store import SeriesStore

FORWARD, BACKWARD = HookKind.FORWARD, HookKind.BACKWARD
Key, Left, NoModifier = Qt.Key, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def bench() -> Bench:
    return Bench(gpt_store())


@pytest.fixture
def panel(bench: Bench, qtbot: QtBot) -> ModulesPanel:
    panel = ModulesPanel(bench.context())
    qtbot.addWidget(panel)
    panel.resize(492, 800)
    panel.show()
    panel.refresh(bench.store)
    qtbot.waitExposed(panel)
    return panel


def node(panel: ModulesPanel, fqn: str) -> int:
    return panel.context.store.model.node_of(fqn)


def spot(panel: ModulesPanel, fqn: str, column: Column = Column.NAME) -> QPoint:
    model = panel.view.tree_model
    row = model.rows.row_of(node(panel, fqn))
    assert row >= 0, f"{fqn} is not shown"
    return panel.view.visualRect(model.index(row, column)).center()


def click(panel: ModulesPanel, qtbot: QtBot, at: QPoint, modifiers: Qt.KeyboardModifier = NoModifier) -> None:
    qtbot.mouseClick(panel.view.viewport(), Left, modifiers, at)


def shown(panel: ModulesPanel) -> list[str]:
    model = panel.view.tree_model
    return [model.snapshot.fqns[each] for each in model.rows.visible.tolist()]


def press(panel: ModulesPanel, qtbot: QtBot, *keys: Qt.Key) -> None:
    for key in keys:
        qtbot.keyClick(panel.view, key)


def test_without_a_model_it_says_what_to_do(qtbot: QtBot) -> None:
    bench = Bench(SeriesStore())
    panel = ModulesPanel(bench.context())
    qtbot.addWidget(panel)
    panel.show()
    panel.refresh(bench.store)
    assert panel._no_model.isVisible()
    assert not panel.view.isVisible()
    bench.store.apply(ModelOpened(gpt_snapshot(), gpt_store().task))
    panel.refresh(bench.store)
    assert panel.view.isVisible()
    bench.store.forget_model()
    panel.refresh(bench.store)
    assert panel._no_model.isVisible()


def test_click_selects_for_everyone_and_selection_elsewhere_shows_here(panel: ModulesPanel, qtbot: QtBot) -> None:
    click(panel, qtbot, spot(panel, "embed"))
    assert panel.context.selection.fqn == "embed"
    panel.context.selection.select("blocks.4.attn.qkv")
    assert panel.view.selected_nodes() == [node(panel, "blocks.4.attn.qkv")]
    assert "blocks.4.attn.qkv" in shown(panel), "what stands above it was opened"
    assert panel.view.viewport().rect().contains(spot(panel, "blocks.4.attn.qkv"))


def test_control_and_shift_select_many_with_the_current_one_last(panel: ModulesPanel, qtbot: QtBot) -> None:
    click(panel, qtbot, spot(panel, "drop"))
    click(panel, qtbot, spot(panel, "embed"), Qt.KeyboardModifier.ControlModifier)
    assert panel.context.selection.fqns == ("drop", "embed")
    click(panel, qtbot, spot(panel, "blocks"), Qt.KeyboardModifier.ShiftModifier)
    assert set(panel.context.selection.fqns) == {"embed", "rope", "drop", "blocks"}


def test_arrow_opens_and_leaves_the_selection_alone(panel: ModulesPanel, qtbot: QtBot) -> None:
    click(panel, qtbot, spot(panel, "embed"))
    arrow = QPoint(4 + 2 * 12 + 8, spot(panel, "blocks.0").y())
    click(panel, qtbot, arrow)
    assert "blocks.0.attn" in shown(panel)
    assert panel.context.selection.fqn == "embed"
    click(panel, qtbot, arrow)
    assert "blocks.0.attn" not in shown(panel)


def test_tick_on_a_leaf_is_sent_and_shows_as_requested_until_confirmed(
    panel: ModulesPanel, bench: Bench, qtbot: QtBot
) -> None:
    click(panel, qtbot, spot(panel, "embed", Column.FORWARD))
    assert bench.sent == [SetHooks(("embed",), FORWARD, True)]
    hooks = panel.view.tree_model.hooks
    assert hooks.state(node(panel, "embed"), FORWARD) is CellState.REQUESTED
    bench.store.apply(HooksChanged((HookEntry("embed", FORWARD, HookStatus.ACTIVE),)))
    panel.refresh(bench.store)
    assert panel.view.tree_model.hooks.state(node(panel, "embed"), FORWARD) is CellState.ACTIVE
    assert "1 hook active" in panel._footer.accessibleName()
    assert panel.context.selection.fqn is None, "a click on a box selects nothing"


def test_tick_on_a_parent_ticks_its_subtree_without_containers(panel: ModulesPanel, bench: Bench, qtbot: QtBot) -> None:
    click(panel, qtbot, spot(panel, "blocks", Column.BACKWARD))
    (command,) = bench.sent
    assert command.kind is BACKWARD
    assert "blocks" not in command.fqns
    assert len(command.fqns) == 60
    click(panel, qtbot, spot(panel, "blocks", Column.BACKWARD))
    assert bench.sent[-1] == SetHooks(command.fqns, BACKWARD, False)


def test_partly_ticked_parent_is_ticked_whole_by_a_click(panel: ModulesPanel, bench: Bench, qtbot: QtBot) -> None:
    bench.store.apply(HooksChanged((HookEntry("blocks.0.attn.qkv", FORWARD, HookStatus.ACTIVE),)))
    panel.refresh(bench.store)
    assert panel.view.tree_model.hooks.state(node(panel, "blocks.0"), FORWARD) is CellState.PARTIAL
    click(panel, qtbot, spot(panel, "blocks.0", Column.FORWARD))
    (command,) = bench.sent
    assert command.enabled
    assert len(command.fqns) == 9
    assert "blocks.0.attn.qkv" not in command.fqns


def test_alt_click_ticks_the_module_alone(panel: ModulesPanel, bench: Bench, qtbot: QtBot) -> None:
    click(panel, qtbot, spot(panel, "blocks.0", Column.FORWARD), Qt.KeyboardModifier.AltModifier)
    assert bench.sent == [SetHooks(("blocks.0",), FORWARD, True)]


def test_selected_rows_are_ticked_together(panel: ModulesPanel, bench: Bench, qtbot: QtBot) -> None:
    click(panel, qtbot, spot(panel, "embed"))
    click(panel, qtbot, spot(panel, "drop"), Qt.KeyboardModifier.ControlModifier)
    click(panel, qtbot, spot(panel, "embed", Column.FORWARD))
    assert bench.sent == [SetHooks(("embed", "drop"), FORWARD, True)]
    assert set(panel.context.selection.fqns) == {"embed", "drop"}


def test_box_that_cannot_fire_is_not_tickable_and_says_why(panel: ModulesPanel, bench: Bench, qtbot: QtBot) -> None:
    click(panel, qtbot, spot(panel, "rope", Column.FORWARD))
    assert bench.sent == []
    assert "ScriptModule" in bench.notices[-1]
    index = panel.view.indexAt(spot(panel, "rope", Column.FORWARD))
    assert "ScriptModule" in index.data(Qt.ItemDataRole.ToolTipRole)


def test_source_without_hooks_says_so(panel: ModulesPanel, bench: Bench, qtbot: QtBot) -> None:
    bench.capabilities = Capability.SEEK
    click(panel, qtbot, spot(panel, "embed", Column.FORWARD))
    assert bench.sent == []
    assert bench.notices


def test_undo_and_redo_take_ticks_back(panel: ModulesPanel, bench: Bench, qtbot: QtBot) -> None:
    bench.store.apply(HooksChanged((HookEntry("blocks.0.attn.qkv", FORWARD, HookStatus.ACTIVE),)))
    panel.refresh(bench.store)
    click(panel, qtbot, spot(panel, "blocks.0", Column.FORWARD))
    ticked = bench.sent[-1].fqns
    panel.undo_stack.undo()
    assert bench.sent[-1] == SetHooks(ticked, FORWARD, False), "what was ticked before stays ticked"
    panel.undo_stack.redo()
    assert bench.sent[-1] == SetHooks(ticked, FORWARD, True)


def test_shown_columns_are_kept_for_the_next_model_and_the_next_start(
    bench: Bench, panel: ModulesPanel, qtbot: QtBot
) -> None:
    panel.view.set_column_shown(Column.FORWARD_PRE, True)
    panel.view.set_column_shown(Column.TYPE, False)
    other = ModulesPanel(bench.context())
    qtbot.addWidget(other)
    other.restore_kept(panel.kept())
    other.refresh(bench.store)
    for view in (panel.view, other.view):
        assert not view.isColumnHidden(Column.FORWARD_PRE)
        assert view.isColumnHidden(Column.TYPE)


def test_nonsense_in_the_settings_leaves_the_columns_as_they_are(panel: ModulesPanel) -> None:
    before = panel.view.columns.hidden
    panel.restore_kept("nonsense")
    assert panel.view.columns.hidden == before


def test_keys_move_as_in_a_tree(panel: ModulesPanel, qtbot: QtBot) -> None:
    selection = panel.context.selection
    panel.view.setFocus()
    press(panel, qtbot, Key.Key_Home)
    assert selection.fqn == ""
    press(panel, qtbot, Key.Key_Down, Key.Key_Down)
    assert selection.fqn == "rope"
    press(panel, qtbot, Key.Key_End)
    assert selection.fqn == "aux_head"
    selection.select("blocks.0")
    press(panel, qtbot, Key.Key_Right)
    assert "blocks.0.ln_1" in shown(panel)
    press(panel, qtbot, Key.Key_Right)
    assert selection.fqn == "blocks.0.ln_1"
    press(panel, qtbot, Key.Key_Left)
    assert selection.fqn == "blocks.0"
    press(panel, qtbot, Key.Key_Left)
    assert "blocks.0.ln_1" not in shown(panel)
    press(panel, qtbot, Key.Key_Asterisk)
    assert "blocks.0.attn.qkv" in shown(panel)
    assert selection.fqn == "blocks.0"
    assert panel.view.selected_nodes() == [node(panel, "blocks.0")]


def test_typing_goes_to_the_next_name(panel: ModulesPanel, qtbot: QtBot) -> None:
    panel.view.setFocus()
    press(panel, qtbot, Key.Key_Home)
    qtbot.keyClicks(panel.view, "aux")
    assert panel.context.selection.fqn == "aux_head"


def test_space_ticks_the_chosen_hook_column(panel: ModulesPanel, bench: Bench, qtbot: QtBot) -> None:
    panel.context.selection.select("embed")
    panel.view.setFocus()
    press(panel, qtbot, Key.Key_Space)
    assert bench.sent[-1] == SetHooks(("embed",), FORWARD, True)
    qtbot.keyClick(panel.view, Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(panel.view, Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    press(panel, qtbot, Key.Key_Space)
    assert bench.sent[-1] == SetHooks(("embed",), BACKWARD, True)
    press(panel, qtbot, Key.Key_Down)
    assert panel.view.hook_column() is Column.BACKWARD, "the column stays while one moves"


def test_collapse_over_the_selection_keeps_it_and_the_keys(panel: ModulesPanel, qtbot: QtBot) -> None:
    panel.context.selection.select("blocks.4.attn.qkv")
    panel.view.set_expanded(node(panel, "blocks"), False)
    assert panel.context.selection.fqn == "blocks.4.attn.qkv", "plots go on showing it"
    assert panel.view.selected_nodes() == []
    panel.view.setFocus()
    press(panel, qtbot, Key.Key_Up)
    assert panel.context.selection.fqn == "drop"


def test_filter_as_one_types_keeps_ancestors_and_counts(panel: ModulesPanel, qtbot: QtBot) -> None:
    qtbot.keyClicks(panel.field, "qkv")
    assert shown(panel)[:4] == ["", "blocks", "blocks.0", "blocks.0.attn"]
    assert "6 of 68 modules" in panel._footer.accessibleName()
    qtbot.keyClick(panel.field, Key.Key_Escape)
    assert len(shown(panel)) == 14


def test_filter_without_a_match_says_so_and_offers_a_way_back(panel: ModulesPanel, qtbot: QtBot) -> None:
    panel.field.setText("no_such_module")
    assert panel._no_match.isVisible()
    assert not panel.view.isVisible()
    panel.field.clear()
    assert panel.view.isVisible()


def test_broken_regex_is_named_under_the_tree(panel: ModulesPanel, qtbot: QtBot) -> None:
    panel.field.setText("/(/")
    assert "Not a regular expression" in panel._footer.accessibleName()
    assert len(shown(panel)) == 14


def test_regex_without_an_end_is_given_up_and_said_under_the_tree(bench: Bench, panel: ModulesPanel) -> None:
    bench.store.apply(ModelOpened(snapshot_of([("", "Net", ()), ("a" * 200 + "_", "Linear", ())]), bench.store.task))
    panel.refresh(bench.store)
    panel.field.setText("/(a|aa)+$/")
    panel.field.filter_wanted.emit()
    assert "Regex given up" in panel._footer.accessibleName()
    assert len(shown(panel)) == 2
    panel.field.setText("a_")
    assert "1 of 2 modules" in panel._footer.accessibleName()


@pytest.mark.parametrize(
    ("text", "is_named"), [("grad>abc", True), ("grad>", False), ("grad>1e-", False), ("type:", False)]
)
def test_what_the_filter_does_not_understand_is_named_unless_half_typed(
    panel: ModulesPanel, text: str, is_named: bool
) -> None:
    panel.field.setText(text)
    assert (f"not understood: {text}" in panel._footer.accessibleName()) is is_named


def test_slow_regex_filters_once_the_keys_pause(
    panel: ModulesPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moduleview.gui.tree.tree_filter._REGEX_AT_ONCE", 0)
    qtbot.keyClicks(panel.field, "/qkv")
    found_at_once = shown(panel)
    qtbot.keyClicks(panel.field, "|proj/")
    assert shown(panel) == found_at_once, "typing waits for nothing"
    qtbot.waitUntil(lambda: shown(panel)[-1] == "blocks.5.attn.proj")


def test_enter_does_not_wait_for_the_keys_to_pause(
    panel: ModulesPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moduleview.gui.tree.tree_filter._REGEX_AT_ONCE", 0)
    qtbot.keyClicks(panel.field, "/qkv|proj/")
    qtbot.keyClick(panel.field, Key.Key_Return)
    assert panel.context.selection.fqn == "blocks.0.attn.qkv"


def test_selection_extended_by_a_key_is_followed_by_everyone(panel: ModulesPanel, qtbot: QtBot) -> None:
    selection = panel.context.selection
    panel.view.setFocus()
    press(panel, qtbot, Key.Key_Home)
    qtbot.keyClick(panel.view, Key.Key_End, Qt.KeyboardModifier.ShiftModifier)
    assert selection.fqn == "aux_head"


def test_enter_goes_to_an_exact_fqn_and_takes_the_filter_away(panel: ModulesPanel, qtbot: QtBot) -> None:
    panel.field.setText("blocks.4.attn")
    qtbot.keyClick(panel.field, Key.Key_Return)
    assert panel.context.selection.fqn == "blocks.4.attn"
    assert panel.field.text() == ""
    assert panel.view.selected_nodes() == [node(panel, "blocks.4.attn")]


def test_enter_goes_to_the_first_match_of_anything_else(panel: ModulesPanel, qtbot: QtBot) -> None:
    panel.field.setText("type:LayerNorm")
    qtbot.keyClick(panel.field, Key.Key_Return)
    assert panel.context.selection.fqn == "blocks.0.ln_1"
    assert panel.field.text() == "type:LayerNorm"


def test_selection_survives_a_filter(panel: ModulesPanel, qtbot: QtBot) -> None:
    panel.context.selection.select("blocks.4.attn.qkv")
    panel.field.setText("embed")
    assert panel.context.selection.fqn == "blocks.4.attn.qkv"
    panel.field.clear()
    assert panel.view.selected_nodes() == [node(panel, "blocks.4.attn.qkv")]


def test_gradient_filter_follows_the_run(panel: ModulesPanel, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moduleview.gui.panels.modules._LIVE_FILTER_PERIOD_S", -1.0)
    panel.field.setText("grad>0")
    assert panel._no_match.isVisible()
    add_gradients(bench.store, 2)
    panel.refresh(bench.store)
    assert "embed" in shown(panel)
    assert "drop" not in shown(panel)


def test_link_goes_to_the_tied_module(panel: ModulesPanel, qtbot: QtBot) -> None:
    assert panel.view.tree_model.mark(node(panel, "head")) is Mark.LINKED
    click(panel, qtbot, spot(panel, "head", Column.STATE))
    assert panel.context.selection.fqn == "embed"


def test_tied_module_shows_where_its_parameters_are(panel: ModulesPanel) -> None:
    model = panel.view.tree_model
    row = model.rows.row_of(node(panel, "head"))
    assert model.index(row, Column.GRADIENT).data() == "tied to embed"
    assert model.index(row, Column.PARAMETERS).data() == "0"


def test_hover_is_shared_both_ways(panel: ModulesPanel) -> None:
    at = spot(panel, "drop")
    move = QMouseEvent(
        QMouseEvent.Type.MouseMove, QPointF(at), panel.view.mapToGlobal(QPointF(at)), Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton, NoModifier,
    )  # fmt: skip
    panel.view.mouseMoveEvent(move)
    assert panel.context.selection.hovered_fqn == "drop"
    panel.context.selection.set_hovered("embed")
    assert panel.view._delegate.hovered_row == 1


def test_breadcrumbs_show_the_path_and_lead_up_it(panel: ModulesPanel, qtbot: QtBot) -> None:
    panel.context.selection.select("blocks.4.attn")
    crumbs = [crumb for crumb in panel._crumbs._crumbs if crumb.isVisible()]
    assert [crumb.text() for crumb in crumbs] == ["GPT", "blocks", "4", "attn"]
    qtbot.mouseClick(crumbs[2], Left)
    assert panel.context.selection.fqn == "blocks.4"


def test_breadcrumbs_lose_their_beginning_where_they_do_not_fit(panel: ModulesPanel, qtbot: QtBot) -> None:
    panel.context.selection.select("blocks.4.attn.qkv")
    panel.resize(190, 600)
    qtbot.waitUntil(lambda: panel._crumbs.width() < 190)
    crumbs = [crumb.text() for crumb in panel._crumbs._crumbs if crumb.isVisible()]
    assert crumbs[-1] == "qkv"
    assert crumbs[0].startswith("…")


def test_history_arrows_go_back_and_forth(panel: ModulesPanel, qtbot: QtBot) -> None:
    panel.context.selection.select("embed")
    panel.context.selection.select("head")
    qtbot.mouseClick(panel._crumbs._back, Left)
    assert panel.context.selection.fqn == "embed"
    assert panel.view.selected_nodes() == [node(panel, "embed")]
    qtbot.mouseClick(panel._crumbs._forward, Left)
    assert panel.context.selection.fqn == "head"


def test_copy_gives_path_and_expression(panel: ModulesPanel, qtbot: QtBot) -> None:
    panel.context.selection.select("blocks.4.attn")
    panel.view.setFocus()
    qtbot.keyClick(panel.view, Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "blocks.4.attn"
    menu = panel._menus.of_node(node(panel, "blocks.4.attn"))
    next(action for action in menu.actions() if "expression" in action.text()).trigger()
    assert QGuiApplication.clipboard().text() == 'model.get_submodule("blocks.4.attn")'


def test_freezing_is_asked_for_once_and_undone_by_the_journal(panel: ModulesPanel, bench: Bench) -> None:
    snapshot = bench.store.model
    trains = snapshot.tensors.requires_grad.copy()
    trains[snapshot.tensor_row_of("blocks.0.attn.qkv.bias")] = False
    changed = replace(snapshot, tensors=replace(snapshot.tensors, requires_grad=trains))
    bench.store.apply(ModelChanged(changed, bench.store.task))
    panel.refresh(bench.store)
    menu = panel._menus.of_node(node(panel, "blocks.0.attn.qkv"))
    next(action for action in menu.actions() if action.text().startswith("Freeze")).trigger()
    assert bench.sent == [Freeze("blocks.0.attn.qkv", True)]
    assert not panel.actions_of_tree.undo_stack.canUndo(), "its entry of the journal is what is undone"


def test_new_picture_of_the_model_keeps_rows_filter_and_selection(panel: ModulesPanel, bench: Bench) -> None:
    panel.context.selection.select("blocks.0.attn.qkv")
    panel.field.setText("qkv")
    before = shown(panel)
    bench.store.apply(ModelChanged(gpt_snapshot(generation=1), bench.store.task))
    panel.refresh(bench.store)
    assert shown(panel) == before
    assert panel.view.selected_nodes() == [node(panel, "blocks.0.attn.qkv")]
    panel.field.clear()
    assert "blocks.0.attn.qkv" in shown(panel)


def test_another_model_has_nothing_to_undo(panel: ModulesPanel, bench: Bench, qtbot: QtBot) -> None:
    click(panel, qtbot, spot(panel, "embed", Column.FORWARD))
    bench.store.apply(ModelChanged(gpt_snapshot(generation=1), bench.store.task))
    panel.refresh(bench.store)
    assert panel.actions_of_tree.undo_stack.canUndo(), "a new picture of the same model"
    bench.store.apply(ModelOpened(snapshot_of(), bench.store.task))
    panel.refresh(bench.store)
    assert not panel.actions_of_tree.undo_stack.canUndo()


def test_hidden_hook_columns_come_from_the_header_menu(panel: ModulesPanel) -> None:
    assert panel.view.isColumnHidden(Column.FORWARD_PRE)
    menu = panel._menus.of_columns()
    action = next(action for action in menu.actions() if action.text().startswith("Forward-pre"))
    action.trigger()
    assert not panel.view.isColumnHidden(Column.FORWARD_PRE)
    assert panel.view.columnWidth(Column.FORWARD_PRE) == panel.context.theme.px(22)


def test_columns_fill_the_width_and_the_sparkline_gives_way_first(panel: ModulesPanel, qtbot: QtBot) -> None:
    def widths() -> list[int]:
        return [panel.view.columnWidth(column) for column in Column if not panel.view.isColumnHidden(column)]

    assert sum(widths()) == panel.view.viewport().width()
    name = panel.view.columnWidth(Column.NAME)
    panel.resize(436, 700)
    qtbot.waitUntil(lambda: panel.view.width() == 436)
    assert sum(widths()) == panel.view.viewport().width()
    assert panel.view.columnWidth(Column.NAME) == name
    panel.resize(400, 700)
    qtbot.waitUntil(lambda: panel.view.width() == 400)
    assert sum(widths()) == panel.view.viewport().width(), "then name and type give way, before anything scrolls"


@pytest.mark.parametrize(
    ("width", "gone"),
    [
        (388, set()),
        (360, {Column.TYPE}),
        (290, {Column.TYPE}),
        (270, {Column.TYPE, Column.PARAMETERS}),
        (180, {Column.TYPE, Column.PARAMETERS, Column.BACKWARD}),
    ],
)
def test_narrow_tree_gives_up_type_and_parameters_before_the_gradient_is_cut(
    panel: ModulesPanel, qtbot: QtBot, width: int, gone: set[Column]
) -> None:
    panel.resize(width, 700)
    qtbot.waitUntil(lambda: panel.view.width() == width)
    view, first_hidden = panel.view, panel.view.columns.hidden

    assert {column for column in Column if view.isColumnHidden(column)} - first_hidden == gone
    assert sum(view.columnWidth(column) for column in Column) == view.viewport().width()
    assert not view.horizontalScrollBar().isVisible()
    if gone:
        assert view.columnWidth(Column.GRADIENT) < view.columnWidth(Column.NAME) + view.columnWidth(Column.PARAMETERS)
    panel.resize(500, 700)
    qtbot.waitUntil(lambda: panel.view.width() == 500)
    assert not view.isColumnHidden(Column.TYPE)


def test_column_without_room_is_still_wanted_and_its_menu_says_why_it_is_not_there(
    panel: ModulesPanel, qtbot: QtBot
) -> None:
    panel.resize(308, 700)
    qtbot.waitUntil(lambda: panel.view.width() == 308)
    action = next(action for action in panel._menus.of_columns().actions() if action.text().startswith("Type"))

    assert (action.text(), action.isChecked()) == ("Type (no room here)", True)
    assert "TYPE" not in panel.kept()


def test_dragged_column_keeps_its_width(panel: ModulesPanel, qtbot: QtBot) -> None:
    panel.view.horizontalHeader().resizeSection(Column.TYPE, 180)
    panel.resize(380, 700)
    qtbot.waitUntil(lambda: panel.view.width() == 380)
    assert panel.view.columnWidth(Column.TYPE) == 180


def test_dragged_column_keeps_its_width_after_a_restart_at_another_zoom_too(
    panel: ModulesPanel, bench: Bench, qtbot: QtBot
) -> None:
    panel.view.horizontalHeader().resizeSection(Column.TYPE, 180)
    kept = panel.kept()
    context = bench.context()
    again = ModulesPanel(context)
    qtbot.addWidget(again)
    again.restore_kept(kept)
    again.refresh(bench.store)
    assert again.view.columnWidth(Column.TYPE) == 180
    assert again.kept() == kept
    context.theme.set_zoom(1.5)
    assert again.view.columnWidth(Column.TYPE) == 270
    for nonsense in ("-5", "5", "99999", "wide", "1:2", ""):
        again.restore_kept(f"hidden= widths=TYPE:{nonsense}")
        assert again.view.columnWidth(Column.TYPE) == 270


def test_only_rows_on_the_screen_read_gradients(panel: ModulesPanel, bench: Bench) -> None:
    add_gradients(bench.store, 3)
    panel.view.set_subtree_expanded(0, True)
    panel.refresh(bench.store)
    model = panel.view.tree_model
    assert model.gradients.history(node(panel, "embed")) is not None
    assert model.gradients.history(node(panel, "aux_head")) is None
    panel.view.verticalScrollBar().setValue(panel.view.verticalScrollBar().maximum())
    assert model.gradients.history(node(panel, "aux_head")) is not None


def test_nothing_is_done_when_nothing_changed(
    panel: ModulesPanel, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise AssertionError("the panel worked although nothing had changed")

    monkeypatch.setattr(panel.view.tree_model, "set_hooks", fail)
    monkeypatch.setattr(panel.view.tree_model.gradients, "refresh", fail)
    panel.refresh(bench.store)


def test_cell_that_raises_becomes_a_question_mark_and_is_reported_once(
    panel: ModulesPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_node: int) -> str:
        raise RuntimeError("broken cell")

    monkeypatch.setattr(panel.view.tree_model, "parameters", broken)
    with qtbot.captureExceptions() as reported:
        panel.grab()
        panel.grab()
        assert panel.view.model().index(0, Column.PARAMETERS).data() == "?"
    assert 1 <= len(reported) <= 2, "the delegate and the model report it once each"


def test_name_like_html_is_shown_as_text(qtbot: QtBot) -> None:
    snapshot = gpt_snapshot()
    names = list(snapshot.names)
    names[1] = "<b>bold</b>\u202e"
    bench = Bench(gpt_store())
    bench.store.apply(ModelOpened(replace(snapshot, names=tuple(names)), bench.store.task))
    panel = ModulesPanel(bench.context())
    qtbot.addWidget(panel)
    panel.refresh(bench.store)
    index = panel.view.model().index(1, Column.NAME)
    assert index.data() == "<b>bold</b>\\u202e"
    assert index.data(Qt.ItemDataRole.ToolTipRole) == plain_tip("<b>bold</b>\\u202e")


def test_zoom_scales_rows_and_columns(panel: ModulesPanel) -> None:
    panel.resize(900, 800)
    height, width = panel.view.rowHeight(0), panel.view.columnWidth(Column.TYPE)
    panel.context.theme.set_zoom(1.5)
    assert panel.view.rowHeight(0) == round(height * 1.5)
    assert panel.view.columnWidth(Column.TYPE) == round(width * 1.5)


def test_non_finite_gradient_is_painted_in_its_own_colour(panel: ModulesPanel, bench: Bench) -> None:
    add_gradients(bench.store, 1)
    keys = bench.store.keys("grad_norm")
    values = np.full((1, 1 + len(keys)), 0.5)
    values[0, 1] = np.nan  # embed.weight
    add_steps(bench.store, values, first_step=1)
    panel.refresh(bench.store)
    image = panel.view.viewport().grab().toImage()
    rect = panel.view.visualRect(panel.view.model().index(1, Column.GRADIENT))
    color = image.pixelColor(rect.x() + 8 + 5, rect.center().y())
    assert color.name().upper() == panel.context.theme.tokens.non_finite
    assert panel.view.model().index(1, Column.GRADIENT).data() == "NaN"
