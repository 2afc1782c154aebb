"""The bill: what each measurement costs, and the budget that a person gives it."""

from __future__ import annotations

import msgspec
import pytest
from plot_builders import make_bench, run_store, show
from PySide6.QtCore import QObject, Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from moduleview.gui.models.cell_look import COPY_ROLE
from moduleview.gui.models.costs_model import CostColumn, CostsModel, microseconds, percent
from moduleview.gui.panels.costs import CostsPanel
from moduleview.telemetry.commands import Capability, SetBudget
from moduleview.telemetry.costs import CostEntry, CostsMeasured
from moduleview.telemetry.records import RunChanged, RunState
from moduleview.telemetry.store import SeriesStore

PROBE = CostEntry("grad_norm", "", 200.0, 200.0, 1, 100, 0)
HOOK = CostEntry("forward", "blocks.1", 50.04, 100.08, 2, 50, 50)
CHEAP = CostEntry("memory", "", 0.01, 0.1, 10, 10, 0)


def bill(*entries: CostEntry, budget: float | None = 0.02, share: float = 0.0125) -> CostsMeasured:
    return CostsMeasured(entries, 20_000.0, budget, share)


class Bench:
    def __init__(self, qapp: QObject, capabilities: Capability = Capability.CONTROL) -> None:
        self.commands: list[object] = []
        self.sentences: list[str] = []
        self.store: SeriesStore = run_store(3)
        self.context = make_bench(QObject(qapp), self.store).context
        changes = {
            "send": self.commands.append,
            "notify": self.sentences.append,
            "capabilities": lambda: capabilities,
        }
        for name, value in changes.items():
            object.__setattr__(self.context, name, value)

    def panel(self, qtbot: QtBot) -> CostsPanel:
        panel = CostsPanel(self.context)
        qtbot.addWidget(panel.budget)
        show(qtbot, panel, 1000, 240)
        return panel


@pytest.fixture
def bench(qapp: QObject) -> Bench:
    bench = Bench(qapp)
    bench.store.apply(bill(PROBE, HOOK, CHEAP))
    return bench


@pytest.fixture
def panel(bench: Bench, qtbot: QtBot) -> CostsPanel:
    return bench.panel(qtbot)


def texts(panel: CostsPanel, row: int) -> list[str]:
    return [panel.model.index(row, column).data() for column in CostColumn]


def update(panel: CostsPanel, record: CostsMeasured | RunChanged) -> None:
    panel.context.store.apply(record)  # type: ignore[attr-defined]
    panel.refresh(panel.context.store)


def choose_budget(panel: CostsPanel, share: float | None) -> None:
    at = next(at for at in range(panel.budget.count()) if panel.budget.itemData(at) == share)
    panel.budget.setCurrentIndex(at)
    panel.budget.activated.emit(at)


def test_row_says_what_was_measured_where_and_at_which_price(panel: CostsPanel) -> None:
    assert texts(panel, 0) == ["Gradient norm", "whole model", "200.0", "1.00 %", "200.0", "each step", "0"]
    assert texts(panel, 1) == ["Forward hook", "blocks.1", "50.0", "0.25 %", "100.1", "1 in 2", "50"]
    assert texts(panel, 2) == ["Memory", "whole model", "< 0.1", "< 0.01 %", "0.1", "1 in 10", "0"]


def test_what_is_hardly_measured_at_all_still_fits_its_cell(panel: CostsPanel) -> None:
    update(panel, bill(msgspec.structs.replace(PROBE, every=100_000_000)))

    assert texts(panel, 0)[CostColumn.EVERY] == "1 in 100.0 M"


def test_totals_say_share_time_and_how_much_is_sampled(panel: CostsPanel) -> None:
    assert panel.totals["spent"].text == "measuring takes 1.25 % of a step, 250.0 µs"
    assert panel.totals["step"].text == "a step takes 20 ms"
    assert panel.totals["sampled"].text.endswith("1 of 3")
    assert not panel.totals["spent"].warns


@pytest.mark.parametrize(
    ("width", "n_totals", "columns"),
    [
        (1000, 3, set(CostColumn)),
        (588, 3, set(CostColumn) - {CostColumn.PER_FIRE, CostColumn.SKIPPED}),
        (390, 2, {CostColumn.NAME, CostColumn.NODE, CostColumn.SHARE}),
    ],
)
def test_nothing_is_cut_in_a_narrow_panel(
    panel: CostsPanel, qtbot: QtBot, width: int, n_totals: int, columns: set[CostColumn]
) -> None:
    panel.resize(width, 240)
    update(panel, bill(PROBE, HOOK, CHEAP, share=0.0419))
    shown = [readout for readout in panel.totals.values() if readout.isVisible()]

    assert len(shown) == n_totals
    assert "4.19 % of a step" in shown[0].text
    assert "over" in shown[0].text
    for readout in shown:
        qtbot.waitUntil(lambda readout=readout: readout.width() >= readout.sizeHint().width())
        assert readout.mapTo(panel, readout.rect().topRight()).x() < width
    assert {column for column in CostColumn if not panel.table.isColumnHidden(column)} == columns
    assert not panel.table.horizontalScrollBar().isVisible()


def test_bill_over_the_budget_warns_and_one_without_a_budget_does_not(panel: CostsPanel) -> None:
    update(panel, bill(PROBE, share=0.05))
    assert panel.totals["spent"].warns
    assert panel.totals["spent"].text.endswith("over the budget of 2 %")

    update(panel, bill(PROBE, budget=None, share=0.05))
    assert not panel.totals["spent"].warns


def test_rows_add_up_to_what_measuring_takes(panel: CostsPanel) -> None:
    every_hook = CostEntry("hooks", "", 60.0, 60.0, 1, 100, 0)
    update(panel, bill(PROBE, every_hook, HOOK, share=0.02))  # 400 µs

    assert texts(panel, 0)[:3] == ["Gradient norm", "whole model", "200.0"]
    assert texts(panel, 3)[:5] == ["Not in these rows", "whole model", "140.0", "0.70 %", "–"]
    assert "handing the numbers over" in panel.model.index(3, 0).data(Qt.ItemDataRole.ToolTipRole)
    update(panel, bill(PROBE, every_hook, HOOK, share=0.0131))
    assert "Not in these rows" not in {texts(panel, row)[0] for row in range(panel.model.rowCount())}


def test_without_a_budget_nothing_is_said_to_be_left_out_for_it(panel: CostsPanel) -> None:
    update(panel, bill(PROBE, HOOK, CHEAP, budget=None))

    assert panel.totals["sampled"].text.endswith("0 of 3")


@pytest.mark.parametrize("share", [0.005, 0.01, 0.05, 0.1, None])
def test_chosen_budget_is_sent_and_said(share: float | None, panel: CostsPanel, bench: Bench) -> None:
    choose_budget(panel, share)

    assert bench.commands == [SetBudget(share)]
    assert len(bench.sentences) == 1


def test_chosen_budget_stays_while_bills_of_the_old_one_are_under_way(panel: CostsPanel) -> None:
    choose_budget(panel, 0.05)
    update(panel, bill(PROBE, share=0.011))
    assert panel.budget.currentData() == 0.05

    update(panel, bill(PROBE, budget=0.05))
    update(panel, bill(PROBE, budget=0.01))
    assert panel.budget.currentData() == 0.01


def test_budget_that_nobody_takes_over_does_not_stay(panel: CostsPanel) -> None:
    choose_budget(panel, 0.1)
    for n in range(6):
        update(panel, bill(PROBE, share=0.011 + n / 1000))

    assert panel.budget.currentData() == 0.02


def test_budget_of_a_script_is_shown_though_it_cannot_be_chosen(panel: CostsPanel) -> None:
    update(panel, bill(PROBE, budget=0.03))

    assert panel.budget.currentText() == "budget 3 %"
    update(panel, bill(PROBE, budget=None))
    assert panel.budget.currentText() == "no budget"


def test_source_that_cannot_be_controlled_says_so_at_the_budget(qapp: QObject, qtbot: QtBot) -> None:
    bench = Bench(qapp, Capability.NONE)
    panel = bench.panel(qtbot)

    assert not panel.budget.isEnabled()
    assert panel.budget.toolTip().startswith("There is no run here")


def test_click_on_a_hook_selects_its_node_and_on_a_probe_nothing(panel: CostsPanel, qtbot: QtBot) -> None:
    def click(row: int) -> None:
        at = panel.table.visualRect(panel.model.index(row, CostColumn.NAME)).center()
        qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=at)

    click(0)
    assert panel.context.selection.fqn is None
    click(1)
    assert panel.context.selection.fqn == "blocks.1"


def test_node_that_is_gone_is_said(panel: CostsPanel, bench: Bench, qtbot: QtBot) -> None:
    update(panel, bill(msgspec.structs.replace(HOOK, fqn="gone"), share=0.0025))
    panel.table.setCurrentIndex(panel.model.index(0, 0))
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)

    assert bench.sentences == ["gone is no longer in the model"]


def test_selected_row_moves_with_its_measurement(panel: CostsPanel) -> None:
    panel.table.selectRow(1)
    update(panel, bill(msgspec.structs.replace(HOOK, us_per_step=900.0), PROBE, CHEAP))

    assert panel.table.currentIndex().row() == 0
    assert texts(panel, 0)[0] == "Forward hook"


def test_rows_keep_their_places_under_the_pointer(panel: CostsPanel) -> None:
    panel.table.entered.emit(panel.model.index(1, 0))
    update(panel, bill(msgspec.structs.replace(HOOK, us_per_step=900.0), PROBE, CHEAP))
    assert [texts(panel, row)[2] for row in range(3)] == ["200.0", "900.0", "< 0.1"]

    panel.table.viewportEntered.emit()
    update(panel, bill(msgspec.structs.replace(HOOK, us_per_step=901.0), PROBE, CHEAP))
    assert [texts(panel, row)[2] for row in range(3)] == ["901.0", "200.0", "< 0.1"]


def test_copied_row_has_full_precision(panel: CostsPanel) -> None:
    assert panel.model.index(1, CostColumn.PER_STEP).data(COPY_ROLE) == "50.04"
    assert panel.model.index(1, CostColumn.NAME).data(COPY_ROLE) == "forward"


def test_without_a_bill_it_says_what_will_stand_there(qapp: QObject, qtbot: QtBot) -> None:
    panel = Bench(qapp).panel(qtbot)
    assert not panel.table.isVisible()
    assert panel.budget.currentText() == "budget 2 %"


def test_new_run_forgets_the_bill(panel: CostsPanel) -> None:
    panel.context.store.forget_measurements()  # type: ignore[attr-defined]
    panel.refresh(panel.context.store)

    assert not panel.table.isVisible()
    assert panel.model.rowCount() == 0


def test_model_is_what_qt_expects_while_rows_come_go_and_move(qtmodeltester: ModelTester) -> None:
    model = CostsModel()
    qtmodeltester.check(model, force_py=True)
    for costs in (bill(PROBE, HOOK), bill(HOOK, PROBE), bill(CHEAP, HOOK, PROBE), bill(), None):
        model.show_costs(costs)
        assert model.rowCount() == (0 if costs is None else len(costs.entries))


@pytest.mark.parametrize(
    ("us", "text"), [(0.0, "0.0"), (0.01, "< 0.1"), (41.24, "41.2"), (1283.6, "1284"), (float("nan"), "–")]
)
def test_microseconds_in_words(us: float, text: str) -> None:
    assert microseconds(us).replace(",", "") == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0.00 %"), (1e-5, "< 0.01 %"), (0.0126, "1.26 %"), (0.31, "31.0 %"), (float("nan"), "–")]
)
def test_percent_in_words(share: float, text: str) -> None:
    assert percent(share) == text


def test_paused_run_keeps_its_bill(panel: CostsPanel) -> None:
    update(panel, RunChanged(RunState.PAUSED, 3))
    assert panel.table.isVisible()
