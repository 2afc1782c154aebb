"""Hooks in a compiled module cannot fire; the Hooks tab offers to run some steps uncompiled, in which they do."""

import pytest
import torch
from inspector_parts import Bench, shown_inspector
from PySide6.QtCore import QPoint, Qt
from torch import nn
from torch._dynamo.utils import counters

from moduleview.gui.look import number_format
from moduleview.gui.models.hook_rows import RowKind
from moduleview.gui.models.hook_states import CellState
from moduleview.gui.models.hook_table_model import HOOK_CELL_ROLE, HookColumn
from moduleview.telemetry.commands import Capability, RunUncompiled, SetHooks
from moduleview.telemetry.hooks import HookEntry, HookForecast, HookKind, HooksFound, HookStatus
from moduleview.telemetry.records import HooksChanged, ModuleReport, RunState
from real_window import open_in, real_window, wait
from toy_tasks import toy_task

LINEAR = "blocks.0.lin"
FORWARD = HookKind.FORWARD
REASON = "It cannot fire in a compiled region."
LABEL = "Run 20 steps uncompiled"


@pytest.fixture
def bench(qapp):
    return Bench()


@pytest.fixture
def panel(qtbot, bench):
    panel = shown_inspector(qtbot, bench)
    bench.selection.select(LINEAR)
    panel.tabs.setCurrentWidget(panel.hooks)
    bench.store.apply(ModuleReport(LINEAR, "Linear", "Linear()", "", "", "", ""))
    panel.refresh(bench.store)
    return panel


def find_compiled(panel, bench, fqn=LINEAR):
    forecasts = tuple(HookForecast(fqn, kind, REASON) for kind in (HookKind.FORWARD_PRE, FORWARD))
    bench.store.apply(HooksFound(fqn, (), forecasts, is_compiled=True))
    panel.refresh(bench.store)


def say(panel, bench, *entries):
    bench.store.apply(HooksChanged(entries))
    panel.refresh(bench.store)


def row_of(tab, kind, row_kind=RowKind.HOOK):
    return next(n for n, row in enumerate(tab.model.rows) if (row.row_kind, row.kind) == (row_kind, kind))


def click_box(qtbot, tab, kind=FORWARD):
    rect = tab.table.visualRect(tab.model.index(row_of(tab, kind), HookColumn.HOOK))
    at = QPoint(rect.left() + 12, rect.center().y())
    qtbot.mouseClick(tab.table.viewport(), Qt.MouseButton.LeftButton, pos=at)


def note_of(tab, kind=FORWARD):
    return tab.model.index(row_of(tab, kind, RowKind.NOTE), HookColumn.HOOK).data()


def test_it_is_offered_only_where_the_module_is_compiled(panel, bench):
    button = panel.hooks.offer.button
    assert not button.isVisible()
    find_compiled(panel, bench)
    assert button.isVisible()
    assert button.text() == LABEL
    bench.selection.select("embed")
    panel.refresh(bench.store)
    assert not button.isVisible()


@pytest.mark.parametrize("missing", [Capability.CONTROL, Capability.HOOKS])
def test_a_source_that_cannot_do_it_is_not_asked(panel, bench, missing):
    bench.capabilities &= ~missing
    find_compiled(panel, bench)
    assert not panel.hooks.offer.button.isVisible()


def test_a_hook_in_a_compiled_module_can_be_ticked_and_then_the_button_runs_the_steps(qtbot, panel, bench):
    tab = panel.hooks
    find_compiled(panel, bench)
    assert not tab.offer.button.isEnabled()
    assert tab.offer.button.toolTip().startswith("Tick the hooks that you want to see first.")
    click_box(qtbot, tab)
    assert bench.sent_of(SetHooks) == [SetHooks((LINEAR,), FORWARD, True)]
    say(panel, bench, HookEntry(LINEAR, FORWARD, HookStatus.CANNOT_FIRE, REASON))
    assert tab.offer.button.isEnabled()
    tip = tab.offer.button.toolTip()
    for part in ("bypassed", "slower", "last digits may differ", "without a new compilation"):
        assert part in tip
    qtbot.mouseClick(tab.offer.button, Qt.MouseButton.LeftButton)
    assert bench.sent_of(RunUncompiled) == [RunUncompiled(20)]


def test_a_hook_that_is_kept_for_such_steps_is_unticked_by_a_click(qtbot, panel, bench):
    tab = panel.hooks
    find_compiled(panel, bench)
    say(panel, bench, HookEntry(LINEAR, FORWARD, HookStatus.CANNOT_FIRE, REASON))
    click_box(qtbot, tab)
    assert bench.sent_of(SetHooks) == [SetHooks((LINEAR,), FORWARD, False)]


def test_the_last_numbers_stay_beside_the_reason_when_it_cannot_fire_any_more(panel, bench):
    tab = panel.hooks
    find_compiled(panel, bench)
    say(panel, bench, HookEntry(LINEAR, FORWARD, HookStatus.CANNOT_FIRE, REASON, 20, 12.0, "8 × 4 · float32", every=4))
    assert note_of(tab) == f"8 × 4 · float32 · 20 fires · 12 µs. {REASON}"
    assert tab.table.columnSpan(row_of(tab, FORWARD), 0) == 1


def compiled_task():
    torch.manual_seed(0)
    block = torch.compile(nn.Sequential(nn.Linear(4, 8), nn.Tanh()), backend="aot_eager")
    return toy_task(model=nn.Sequential(block, nn.Linear(8, 2)))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what torch uses itself
def test_a_person_sees_into_a_compiled_model_for_twenty_steps(qtbot, tmp_path):
    torch._dynamo.reset()
    counters.clear()
    fqn = "0._orig_mod.0"
    with real_window(tmp_path) as window:
        open_in(window, compiled_task)
        contents = window.contents
        store, inspector = contents.parts.session.store, contents.docks.dock("inspector").panel
        tab = inspector.hooks
        contents.selection.select(fqn)
        inspector.tabs.setCurrentWidget(tab)
        contents.control.set_n_steps(5)
        contents.control.step_n()
        wait(lambda: store.run.step == 5)
        wait(tab.offer.button.isVisible)
        click_box(qtbot, tab)
        wait(tab.offer.button.isEnabled)
        wait(lambda: "compiled region" in note_of(tab))
        qtbot.mouseClick(tab.offer.button, Qt.MouseButton.LeftButton)
        wait(lambda: store.run.state is RunState.PAUSED and store.run.step == 25)
        wait(lambda: "20 fires" in note_of(tab))
        wait(lambda: "compiled region" in note_of(tab))
        index = tab.model.index(row_of(tab, FORWARD), HookColumn.HOOK)
        assert index.data(HOOK_CELL_ROLE)[0] is CellState.CANNOT_FIRE
        mean = store.latest(next(key for key in store.keys("forward.mean") if key.fqn == fqn))
        below = tab.model.index(row_of(tab, FORWARD, RowKind.NUMBERS), HookColumn.MEAN)  # the dock is narrow
        shown = below.data().replace(number_format.MINUS, "-")
        assert float(shown) == pytest.approx(mean, rel=0.1)
        contents.selection.select("1")
        wait(lambda: not tab.offer.button.isVisible())
        contents.control.step_n()
        wait(lambda: store.run.step == 30)
    assert counters["stats"]["unique_graphs"] == 1
    torch._dynamo.reset()
