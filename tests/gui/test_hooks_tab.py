"""The Hooks tab as a person uses it: read everyone's hooks, foresee what a tick would meet, see why one failed."""

from __future__ import annotations

import numpy as np
import pytest
from inspector_parts import EVERYTHING, Bench, shown_inspector
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics

from moduleview.gui.inspector.hook_table import note_lines
from moduleview.gui.look.number_format import exact_count
from moduleview.gui.models.cell_look import LOOK_ROLE
from moduleview.gui.models.found_hooks_model import SECOND_LINE_ROLE, FoundColumn
from moduleview.gui.models.hook_rows import RowKind
from moduleview.gui.models.hook_table_model import HookColumn
from moduleview.gui.panels.inspector import InspectorPanel
from moduleview.telemetry.commands import Capability, CountHooks, SetHooks
from moduleview.telemetry.hooks import (
    HOOK_STATISTICS,
    MODULE_KINDS,
    OPTIMIZER_KINDS,
    FoundHook,
    HookEntry,
    HookForecast,
    HookKind,
    HooksFound,
    HookStatus,
)
from moduleview.telemetry.records import HooksChanged, ModuleReport, SeriesDeclared, SeriesKey, StepRecord

LINEAR = "blocks.0.lin"
THEIRS = FoundHook("forward", "user_code.watch", "mine/user_code.py:3", False, order=2)


@pytest.fixture
def bench(qapp):
    return Bench()


@pytest.fixture
def panel(qtbot, bench):
    panel = shown_inspector(qtbot, bench)
    bench.selection.select(LINEAR)
    return panel


@pytest.fixture
def tab(panel, bench):
    panel.tabs.setCurrentWidget(panel.hooks)
    bench.store.apply(ModuleReport(LINEAR, "Linear", "Linear()", "", "", "", ""))
    panel.refresh(bench.store)
    return panel.hooks


def click(qtbot, table, row, column):
    rect = table.visualRect(table.model().index(row, column))
    at = QPoint(rect.left() + min(40, rect.width() // 2), rect.center().y())
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)


def right_end(qtbot, tab, kind):
    """Click on a row of ours, far from its box and name."""
    rect = tab.table.visualRect(tab.model.index(row_of(tab, kind), 0))
    qtbot.mouseClick(tab.table.viewport(), Qt.MouseButton.LeftButton, pos=rect.center() + QPoint(rect.width() // 3, 0))


def row_of(tab, kind, parameter=""):
    rows = [(row.row_kind, row.kind, row.target.parameter) for row in tab.model.rows]
    return rows.index((RowKind.HOOK, kind, parameter))


def notes(tab):
    return {
        row.kind: tab.model.index(number, 0).data()
        for number, row in enumerate(tab.model.rows)
        if row.row_kind is RowKind.NOTE
    }


def find(panel, bench, *hooks, forecasts=(), fqn=LINEAR):
    bench.store.apply(HooksFound(fqn, hooks, tuple(forecasts)))
    panel.refresh(bench.store)


# -- counting ---------------------------------------------------------------------------------------------------------


def test_hooks_are_counted_only_while_the_tab_is_looked_at(panel, bench):
    assert bench.sent_of(CountHooks) == []
    panel.tabs.setCurrentWidget(panel.hooks)
    assert bench.sent_of(CountHooks) == [CountHooks(LINEAR, True)]
    panel.tabs.setCurrentWidget(panel.documentation)
    assert bench.sent_of(CountHooks)[-1] == CountHooks(LINEAR, False)


def test_counting_follows_the_selection_and_ends_when_the_panel_goes(panel, bench, tab):
    bench.selection.select("embed")
    panel.refresh(bench.store)
    assert bench.sent_of(CountHooks)[-1] == CountHooks("embed", True)
    panel.hide()
    assert bench.sent_of(CountHooks)[-1] == CountHooks("embed", False)


def test_a_source_that_has_no_hooks_is_not_asked_to_count(qtbot):
    bench = Bench(Capability.REPORTS)
    panel = InspectorPanel(bench.context)
    qtbot.addWidget(panel)
    with qtbot.waitExposed(panel):
        panel.show()
    bench.selection.select(LINEAR)
    panel.tabs.setCurrentWidget(panel.hooks)
    assert bench.sent_of(CountHooks) == []
    assert EVERYTHING & Capability.HOOKS


def test_counts_arrive_without_losing_the_selected_row(qtbot, panel, bench, tab, qtmodeltester):
    others = FoundHook("forward", "other", "", False)
    find(panel, bench, THEIRS, others)
    click(qtbot, tab.found_table, 1, FoundColumn.NAME)
    counted = FoundHook(
        "forward", "user_code.watch", "mine/user_code.py:3", False, order=2, n_fires=1284, us_per_fire=12.34
    )
    find(panel, bench, counted, others)
    assert tab.found_table.currentIndex().row() == 1
    shown = [tab.found.index(0, column).data() for column in FoundColumn]
    assert shown == ["2", "forward", "user_code.watch", "user_code.py:3", "1.3 k", "12.3"]
    assert tab.found.index(1, FoundColumn.FIRES).data() == "–"
    qtmodeltester.check(tab.found, force_py=True)


def test_a_hook_that_is_not_counted_says_why(panel, bench, tab):
    find(panel, bench, FoundHook("forward_pre", "SpectralNorm", "", False, not_counted="Not counted: it is an object."))
    tip = tab.found.index(0, FoundColumn.FIRES).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "Not counted: it is an object."


def test_where_a_hook_sits_and_that_it_is_deprecated_is_told(qtbot, panel, bench, tab):
    legacy = FoundHook("backward", "mine", "", False, note="Deprecated: torch calls it for the last operation only.")
    everywhere = FoundHook("forward", "theirs", "", False, place="every module")
    find(panel, bench, legacy, everywhere)
    assert tab.found.index(1, FoundColumn.KIND).data() == "forward · every module"
    assert "Deprecated" in tab.found.index(0, FoundColumn.KIND).data(Qt.ItemDataRole.ToolTipRole)
    click(qtbot, tab.found_table, 0, FoundColumn.NAME)
    assert "Deprecated" in tab.detail.text


def test_a_click_on_a_hook_shows_its_file_and_the_traceback_of_what_it_raised(qtbot, panel, bench, tab):
    assert not tab.detail.isVisible()
    failed = FoundHook(
        "forward",
        "user_code.watch",
        "mine/user_code.py:3",
        False,
        n_fires=3,
        last_error="ValueError: no good",
        traceback="Traceback (most recent call last):\nValueError: no good",
    )
    find(panel, bench, failed)
    assert tab.found.index(0, FoundColumn.NAME).data(LOOK_ROLE).icon == "error"
    click(qtbot, tab.found_table, 0, FoundColumn.NAME)
    assert tab.detail.isVisible()
    assert "mine/user_code.py:3" in tab.detail.text
    assert "Traceback (most recent call last):" in tab.detail.text
    bench.selection.select("embed")
    panel.refresh(bench.store)
    assert not tab.detail.isVisible()


def test_a_click_on_somebodys_hook_shows_its_source(qtbot, panel, bench, tab, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("import torch\n\nclass A:\n    def watch(self, x):\n        return x\n\n    def other(self): ...\n")
    find(panel, bench, FoundHook("forward", "mine.A.watch", f"{file}:4", False))
    click(qtbot, tab.found_table, 0, FoundColumn.NAME)
    assert tab.detail.text.splitlines() == [
        "# mine.A.watch",
        f"# {file}:4",
        "# forward, number 1",
        "def watch(self, x):",
        "    return x",
    ]
    find(panel, bench, FoundHook("forward", "mine.A.watch", f"{tmp_path / 'gone.py'}:4", False))
    click(qtbot, tab.found_table, 0, FoundColumn.NAME)
    assert tab.detail.text.splitlines() == ["mine.A.watch", f"{tmp_path / 'gone.py'}:4", "forward, number 1"]


def test_hooks_are_not_counted_behind_the_tab_of_another_dock(panel, bench, tab):
    panel.on_sight_changed(False)
    assert bench.sent_of(CountHooks)[-1] == CountHooks(LINEAR, False)
    n_sent = len(bench.sent)
    bench.selection.select("embed")
    panel.refresh(bench.store)
    assert not [command for command in bench.sent[n_sent:] if isinstance(command, CountHooks)]
    panel.on_sight_changed(True)
    assert bench.sent_of(CountHooks)[-1] == CountHooks("embed", True)


def test_kind_and_place_have_columns_where_there_is_room_and_a_second_line_where_not(panel, bench, tab):
    find(panel, bench, THEIRS)
    table, index = tab.found_table, tab.found.index(0, FoundColumn.NAME)
    for width in (274, 346):
        panel.resize(width, 740)
        assert table.isColumnHidden(FoundColumn.LOCATION)
        assert table.isColumnHidden(FoundColumn.KIND)
        assert table.rowHeight(0) == bench.context.theme.px(36)
        name = QFontMetrics(table.itemDelegate().font(index.data(LOOK_ROLE))).horizontalAdvance(index.data())
        assert table.visualRect(index).width() > name
    assert index.data(SECOND_LINE_ROLE) == "forward · user_code.py:3"
    panel.resize(600, 740)
    assert not table.isColumnHidden(FoundColumn.LOCATION)
    assert not table.isColumnHidden(FoundColumn.KIND)
    assert table.rowHeight(0) == bench.context.theme.px(22)


def test_selected_hook_stays_in_view_above_its_detail(qtbot, panel, bench, tab):
    find(panel, bench, *(FoundHook("forward", f"mine.hook_{n}", "", False, order=n + 1) for n in range(6)))
    panel.resize(346, 560)
    table, last = tab.found_table, tab.found.index(5, FoundColumn.NAME)
    height = table.height()
    table.setCurrentIndex(last)  # as by a key; after a click Qt scrolls by itself, a moment later
    qtbot.waitUntil(lambda: tab.detail.isVisible() and table.height() < height)

    def is_whole():
        return table.viewport().rect().contains(table.visualRect(table.currentIndex()))

    assert table.currentIndex().row() == 5
    assert is_whole()


def test_function_of_the_file_that_is_open_has_the_name_of_that_file(qtbot, panel, bench, tab):
    find(panel, bench, FoundHook("forward", "moduleview_target_my_train_3875252b.task.<locals>.seen", "", False))
    assert tab.found.index(0, FoundColumn.NAME).data() == "my_train.task.<locals>.seen"
    click(qtbot, tab.found_table, 0, FoundColumn.NAME)
    assert tab.detail.text.startswith("my_train.task")


# -- what a tick would meet -------------------------------------------------------------------------------------------

IN_PLACE = "An in-place operation changes this module's output. Tick backward instead, which shows the same gradient."
REFUSED = tuple(
    HookForecast(LINEAR, kind, IN_PLACE, instead=HookKind.BACKWARD)
    for kind in (HookKind.BACKWARD_PRE, HookKind.FULL_BACKWARD)
)


def test_trouble_is_foretold_once_below_the_kinds_that_have_it(panel, bench, tab):
    find(panel, bench, forecasts=REFUSED)
    assert notes(tab) == {HookKind.FULL_BACKWARD: f"Would be refused: {IN_PLACE}"}
    assert tab.model.index(row_of(tab, HookKind.BACKWARD_PRE), 0).data(LOOK_ROLE).color == "faint"
    for kind in (HookKind.BACKWARD_PRE, HookKind.FULL_BACKWARD):
        tip = tab.model.index(row_of(tab, kind), 0).data(Qt.ItemDataRole.ToolTipRole)
        assert tip.startswith(IN_PLACE)


def test_what_is_never_called_is_said_once_and_not_as_a_refusal(panel, bench):
    bench.selection.select("blocks")
    panel.tabs.setCurrentWidget(panel.hooks)
    bench.store.apply(ModuleReport("blocks", "ModuleList", "ModuleList()", "", "", "", ""))
    reason = "It only holds other modules and is never called itself."
    kinds = MODULE_KINDS[:5]
    find(panel, bench, forecasts=[HookForecast("blocks", kind, reason) for kind in kinds], fqn="blocks")
    assert notes(panel.hooks) == {kinds[-1]: reason}


def test_a_caution_is_told_without_greying_the_hook_out(panel, bench, tab):
    find(panel, bench, forecasts=[HookForecast(LINEAR, HookKind.BACKWARD, "An in-place operation follows.", False)])
    assert notes(tab) == {HookKind.BACKWARD: "An in-place operation follows."}
    assert tab.model.index(row_of(tab, HookKind.BACKWARD), 0).data(LOOK_ROLE).color == "text"


def test_what_is_known_of_a_ticked_hook_takes_the_place_of_what_was_foretold(panel, bench, tab):
    bench.store.apply(HooksChanged((HookEntry(LINEAR, HookKind.FULL_BACKWARD, HookStatus.CANNOT_FIRE, "Refused."),)))
    find(panel, bench, forecasts=REFUSED)
    assert notes(tab)[HookKind.FULL_BACKWARD] == "Refused."
    assert notes(tab)[HookKind.BACKWARD_PRE] == f"Would be refused: {IN_PLACE}"


def test_a_hook_that_would_be_refused_can_still_be_tried(qtbot, panel, bench, tab):
    find(panel, bench, forecasts=REFUSED)
    click(qtbot, tab.table, row_of(tab, HookKind.BACKWARD_PRE), HookColumn.HOOK)
    assert bench.sent_of(SetHooks) == [SetHooks((LINEAR,), HookKind.BACKWARD_PRE, True)]


def test_what_would_be_refused_offers_the_kind_that_works_where_it_is_selected(qtbot, panel, bench, tab):
    find(panel, bench, forecasts=REFUSED)
    assert not tab.instead.isVisible()
    note = row_of(tab, HookKind.FULL_BACKWARD) + 1
    click(qtbot, tab.table, note, HookColumn.HOOK)
    assert tab.instead.button.isVisible()
    assert tab.instead.button.text() == "Tick Backward instead"
    assert tab.instead.button.toolTip().startswith(IN_PLACE)
    qtbot.mouseClick(tab.instead.button, Qt.MouseButton.LeftButton)
    assert bench.sent_of(SetHooks) == [SetHooks((LINEAR,), HookKind.BACKWARD, True)]
    panel.refresh(bench.store)
    assert not tab.instead.isVisible()


def test_a_hook_that_was_ticked_and_refused_gives_way_to_the_one_that_works(qtbot, panel, bench, tab):
    bench.store.apply(HooksChanged((HookEntry(LINEAR, HookKind.BACKWARD_PRE, HookStatus.CANNOT_FIRE, "Refused."),)))
    find(panel, bench, forecasts=REFUSED)
    assert tab.instead.button.isVisible()
    qtbot.mouseClick(tab.instead.button, Qt.MouseButton.LeftButton)
    assert bench.sent_of(SetHooks) == [
        SetHooks((LINEAR,), HookKind.BACKWARD_PRE, False),
        SetHooks((LINEAR,), HookKind.BACKWARD, True),
    ]


def test_a_source_whose_hooks_cannot_be_ticked_offers_nothing_instead(qtbot, panel, bench, tab):
    bench.capabilities &= ~Capability.HOOKS
    bench.store.apply(HooksChanged((HookEntry(LINEAR, HookKind.BACKWARD_PRE, HookStatus.CANNOT_FIRE, "Refused."),)))
    find(panel, bench, forecasts=REFUSED)
    assert not tab.instead.isVisible()


# -- kinds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [HookKind.TENSOR, HookKind.POST_ACCUMULATE])
@pytest.mark.parametrize("name", ["weight", "bias"])
def test_hooks_of_the_modules_own_parameters_are_ticked_here_too(qtbot, panel, bench, tab, kind, name):
    click(qtbot, tab.table, row_of(tab, kind, name), HookColumn.HOOK)
    assert bench.sent_of(SetHooks) == [SetHooks((f"{LINEAR}.{name}",), kind, True)]
    assert tab.model.index(row_of(tab, kind, name), 0).data().endswith(f"· {name}")


def test_the_optimizers_hooks_stand_at_the_root_only(qtbot, panel, bench, tab):
    kinds = {row.kind for row in tab.model.rows}
    assert kinds >= set(MODULE_KINDS)
    assert not kinds & set(OPTIMIZER_KINDS)
    bench.selection.select("")
    panel.refresh(bench.store)
    row = row_of(tab, HookKind.STEP_POST)
    tab.table.scrollTo(tab.model.index(row, 0))
    click(qtbot, tab.table, row, HookColumn.HOOK)
    assert bench.sent_of(SetHooks) == [SetHooks(("",), HookKind.STEP_POST, True)]


def measured(bench, kind, value=0.5, part=""):
    """A hook that is on, and what it saw."""
    keys = tuple(SeriesKey(f"{kind}.{statistic}", LINEAR, part=part) for statistic in HOOK_STATISTICS)
    first = bench.store.n_series
    bench.store.apply(SeriesDeclared(first, keys))
    step = 0 if bench.store.last_step is None else bench.store.last_step + 1
    ids = np.arange(first, first + len(keys), dtype=np.int32)
    bench.store.apply(StepRecord(0, step, 0.1 * step, ids, np.full(len(keys), value, dtype=np.float32)))


def test_in_a_narrow_dock_numbers_stand_below_the_name_that_keeps_its_width(panel, bench, tab):
    bench.store.apply(HooksChanged((HookEntry(LINEAR, HookKind.FORWARD_PRE, HookStatus.ACTIVE, "", 5, 20.0, "8 × 4"),)))
    measured(bench, HookKind.FORWARD_PRE)
    measured(bench, HookKind.FORWARD_PRE, 0.25, "call 2")
    panel.resize(274, 740)
    panel.refresh(bench.store)
    first = row_of(tab, HookKind.FORWARD_PRE)
    assert [row.row_kind for row in tab.model.rows[first : first + 4]] == [
        RowKind.HOOK,
        RowKind.NOTE,
        RowKind.NUMBERS,
        RowKind.PART,
    ]
    assert tab.table.columnSpan(first, 0) == len(HookColumn)
    assert tab.model.index(first, HookColumn.MEAN).data() == ""
    assert [tab.model.index(first + at, HookColumn.MEAN).data() for at in (2, 3)] == ["5.0e-1", "2.5e-1"]
    assert tab.model.index(first + 3, HookColumn.HOOK).data() == "#2"
    panel.resize(600, 740)
    assert tab.model.index(first, HookColumn.MEAN).data() == "5.0e-1"
    assert tab.model.index(first + 2, HookColumn.HOOK).data() == "call 2"
    assert RowKind.NUMBERS not in {row.row_kind for row in tab.model.rows}


@pytest.mark.parametrize("width", [190, 274])
def test_no_number_stands_behind_the_edge_of_a_narrow_dock(panel, bench, tab, width):
    bench.store.apply(HooksChanged((HookEntry(LINEAR, HookKind.FORWARD, HookStatus.ACTIVE, "", 5, 20.0, "8 × 4"),)))
    panel.resize(width, 740)
    panel.refresh(bench.store)
    assert not tab.table.horizontalScrollBar().isVisible()
    assert not tab.table.isColumnHidden(HookColumn.NON_FINITE)
    row = row_of(tab, HookKind.FORWARD)
    cell = tab.table.visualRect(tab.model.index(row, HookColumn.HOOK))
    assert cell.width() == tab.table.viewport().width()


def test_headers_of_numbers_come_with_the_first_numbers(panel, bench, tab):
    assert tab.table.isColumnHidden(HookColumn.MEAN)
    bench.store.apply(HooksChanged((HookEntry(LINEAR, HookKind.FORWARD, HookStatus.ACTIVE, "", 5, 20.0, "8 × 4"),)))
    panel.refresh(bench.store)
    assert not tab.table.isColumnHidden(HookColumn.MEAN)


def test_the_name_of_a_long_class_is_broken_between_its_words(panel, bench, tab):
    name = "BaseModelOutputWithPastAndCrossAttentions"
    note = note_lines(f"this is a {name}.")
    assert note.replace("\u200b", "") == f"this is a {name}."
    assert note.split("\u200b") == ["this is a Base", "Model", "Output", "With", "Past", "And", "Cross", "Attentions."]
    assert note_lines("a Linear · float32") == "a\u00a0Linear\u00a0· float32"


def test_a_name_has_the_whole_width_until_there_are_numbers_beside_it(panel, bench, tab):
    panel.resize(600, 740)
    row = row_of(tab, HookKind.FORWARD)
    assert tab.table.columnSpan(row, 0) == len(HookColumn)
    bench.store.apply(HooksChanged((HookEntry(LINEAR, HookKind.FORWARD, HookStatus.ACTIVE, "", 5, 20.0, "8 × 4"),)))
    panel.refresh(bench.store)
    assert tab.table.columnSpan(row, 0) == 1
    bench.store.apply(HooksChanged((HookEntry(LINEAR, HookKind.FORWARD, HookStatus.FAILED, "ValueError at step 3"),)))
    panel.refresh(bench.store)
    assert tab.table.columnSpan(row, 0) == len(HookColumn)


def test_a_counting_hook_shows_what_happened_and_no_statistics(panel, bench, tab):
    entry = HookEntry(
        LINEAR,
        HookKind.STATE_DICT,
        HookStatus.ACTIVE,
        n_fires=2,
        us_per_fire=1.5,
        seen="state_dict() took 3.1 ms at step 40",
    )
    bench.store.apply(HooksChanged((entry,)))
    panel.refresh(bench.store)
    row = row_of(tab, HookKind.STATE_DICT)
    assert [tab.model.index(row, column).data() for column in HookColumn] == ["State dict", "", "", "", "", ""]
    assert notes(tab)[HookKind.STATE_DICT] == "state_dict() took 3.1 ms at step 40 · 2 fires · 1.5 µs"


def test_a_sampled_hook_says_what_it_looks_at(panel, bench, tab):
    seen = "1000 × 1000 · float32 · sample of 4096 in 1000000"
    entry = HookEntry(LINEAR, HookKind.FORWARD, HookStatus.ACTIVE, "", 5, 20.0, seen, every=8)
    bench.store.apply(HooksChanged((entry,)))
    panel.refresh(bench.store)
    note = notes(tab)[HookKind.FORWARD]
    assert f"sample of {exact_count(4096)} in {exact_count(1_000_000)}" in note
    assert note.endswith("looks at 1 step in 8")


def test_a_hook_that_was_silent_in_the_last_step_says_so_beside_its_counts(panel, bench, tab):
    entry = HookEntry(LINEAR, HookKind.FORWARD, HookStatus.ACTIVE, "It was not called.", 5, 20.0, "8 × 4 · float32")
    bench.store.apply(HooksChanged((entry,)))
    panel.refresh(bench.store)
    assert notes(tab)[HookKind.FORWARD] == "8 × 4 · float32 · 5 fires · 20 µs. It was not called."


def test_the_traceback_of_a_hook_of_ours_that_was_switched_off_is_shown_on_demand(qtbot, panel, bench, tab):
    traceback = "Traceback (most recent call last):\nRuntimeError: broken"
    entry = HookEntry(
        LINEAR, HookKind.FORWARD, HookStatus.FAILED, "RuntimeError at step 0: broken", 1, traceback=traceback
    )
    bench.store.apply(HooksChanged((entry,)))
    panel.refresh(bench.store)
    assert not tab.detail.isVisible()
    click(qtbot, tab.table, row_of(tab, HookKind.FORWARD) + 1, HookColumn.HOOK)
    assert tab.detail.text == traceback
    right_end(qtbot, tab, HookKind.FORWARD_PRE)
    assert not tab.detail.isVisible()
    assert bench.sent_of(SetHooks) == []
