"""The Inspector as a person uses it: select, read, tick, copy."""

from dataclasses import replace

import numpy as np
import pytest
from inspector_parts import Bench, shown_inspector, tensor_report
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication
from PySide6.QtWidgets import QLabel, QToolButton

from builders import snapshot_of
from moduleview.gui.inspector.header import NO_BREAK
from moduleview.gui.inspector.magnitude_plot import MagnitudePlot
from moduleview.gui.inspector.report_feed import ReportFeed
from moduleview.gui.look.number_format import exact_count
from moduleview.gui.models.cell_look import LOOK_ROLE
from moduleview.gui.models.fire_words import fires_and_cost, fires_words
from moduleview.gui.models.hook_rows import RowKind
from moduleview.gui.models.hook_table_model import HookColumn
from moduleview.gui.models.tensor_columns import TensorColumn
from moduleview.gui.tree.tree_look import CHECK_COLUMN_PX
from moduleview.gui.widgets.cell_delegate import EDGE_PX, ROW_PX
from moduleview.gui.widgets.elided_label import ElidedLabel
from moduleview.telemetry.commands import Capability, RequestModuleReport, RequestTensorReport, SetHooks
from moduleview.telemetry.hooks import HOOK_STATISTICS, MODULE_KINDS, FoundHook, HookEntry, HookKind, HookStatus
from moduleview.telemetry.internals_messages import ClassDocumentation, RequestDocumentation
from moduleview.telemetry.records import (
    Finding,
    FindingsReported,
    HooksChanged,
    MagnitudeHistogram,
    ModelOpened,
    ModuleReport,
    SeriesDeclared,
    SeriesKey,
    Severity,
    StepRecord,
    Tier,
)


@pytest.fixture
def bench(qapp):
    return Bench()


@pytest.fixture
def panel(qtbot, bench):
    return shown_inspector(qtbot, bench)


def names(tab):
    return [tab.model.index(row, TensorColumn.NAME).data() for row in range(tab.model.rowCount())]


def texts(panel):
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]


def click(qtbot, table, row, column):
    rect = table.visualRect(table.model().index(row, column))
    at = QPoint(rect.left() + min(40, rect.width() // 2), rect.center().y())  # a cell may be as wide as the table
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_nothing_selected_says_what_to_do(panel, bench):
    panel.refresh(bench.store)
    assert "Nothing selected" in texts(panel)
    bench.store.forget_model()
    panel.refresh(bench.store)
    assert "No model open" in texts(panel)


def test_selecting_a_module_shows_its_subtree_and_asks_for_its_report(panel, bench):
    bench.selection.select("blocks.0")
    assert names(panel.parameters) == ["lin.weight", "lin.bias"]
    assert "blocks.0" in texts(panel)
    assert any(
        "Block · 20 parameters · float32 · all trainable" in text.replace(NO_BREAK, " ") for text in texts(panel)
    )
    assert bench.sent_of(RequestModuleReport) == [RequestModuleReport("blocks.0")]


def test_subtree_switch_leaves_only_own_tensors(panel, bench):
    bench.selection.select("blocks.0")
    (switch,) = panel.title_controls()
    switch.click()
    assert names(panel.parameters) == []
    assert any("switch on Subtree" in text for text in texts(panel))
    bench.selection.select("blocks.0.lin")
    assert names(panel.parameters) == ["weight", "bias"]


def test_names_follow_the_selection_to_a_module_around_or_inside(panel, bench):
    for fqn, name in (
        ("blocks.0.lin", "weight"),
        ("blocks.0", "lin.weight"),  # the same rows
        ("blocks", "0.lin.weight"),
        ("blocks.0.lin", "weight"),
    ):
        bench.selection.select(fqn)
        assert names(panel.parameters)[0] == name
        title = panel.parameters.detail.findChild(ElidedLabel)
        assert title.text() == name


def test_a_click_on_a_row_selects_the_tensor_everywhere_and_asks_for_it(qtbot, panel, bench):
    bench.selection.select("blocks.0")
    click(qtbot, panel.parameters.table, 1, TensorColumn.NAME)
    assert bench.selection.tensor_fqn == "blocks.0.lin.bias"
    assert bench.selection.fqn == "blocks.0"
    assert bench.sent_of(RequestTensorReport)[-1] == RequestTensorReport("blocks.0.lin.bias")


def test_a_tensor_selected_elsewhere_becomes_the_current_row(panel, bench):
    bench.selection.select("blocks.0")
    bench.selection.select_tensor("blocks.0.lin.bias")
    assert panel.parameters.table.currentIndex().row() == 1


def test_a_click_on_the_check_box_requests_the_tensor_hook(qtbot, panel, bench):
    bench.selection.select("blocks.0")
    click(qtbot, panel.parameters.table, 0, TensorColumn.HOOK)
    assert bench.sent_of(SetHooks) == [SetHooks(("blocks.0.lin.weight",), HookKind.TENSOR, True)]
    click(qtbot, panel.parameters.table, 0, TensorColumn.HOOK)
    assert bench.sent_of(SetHooks)[-1].enabled is False


def test_space_ticks_the_hook_of_the_current_row(qtbot, panel, bench):
    bench.selection.select("blocks.0")
    qtbot.keyClick(panel.parameters.table, Qt.Key.Key_Down)
    qtbot.keyClick(panel.parameters.table, Qt.Key.Key_Space)
    assert bench.sent_of(SetHooks) == [SetHooks(("blocks.0.lin.bias",), HookKind.TENSOR, True)]


def test_a_source_without_hooks_has_nothing_to_tick(qtbot, panel, bench):
    bench.capabilities = Capability.NONE
    bench.selection.select("blocks.0")
    click(qtbot, panel.parameters.table, 0, TensorColumn.HOOK)
    assert bench.sent == []


def test_ctrl_c_copies_the_row_at_full_precision(qtbot, panel, bench):
    bench.train(1, 0.125)
    bench.selection.select("blocks.0")
    qtbot.keyClick(panel.parameters.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().split("\t")[:2] == ["blocks.0.lin.weight", "(4, 4)"]
    assert "0.125" in QGuiApplication.clipboard().text()


def test_header_menu_shows_and_hides_columns(panel, bench):
    table = panel.parameters.table
    assert table.isColumnHidden(TensorColumn.DTYPE)
    menu = table.column_menu([TensorColumn.DTYPE])
    menu.actions()[0].trigger()
    assert not table.isColumnHidden(TensorColumn.DTYPE)
    menu.close()


def test_report_of_the_selected_tensor_stands_below_the_table(panel, bench):
    bench.selection.select("blocks.0", tensor_fqn="blocks.0.lin.weight")
    bench.store.apply(tensor_report("blocks.0.lin.weight", 12))
    panel.refresh(bench.store)
    shown = texts(panel)
    for text in ("9.42", "−3.1e-4", "0.0213", "−0.41 … 0.38", "3.6e+0", "4.3e-1", "2.4 %"):
        assert text in shown
    assert any(text.startswith("step 12") for text in shown)


def test_a_tensor_without_gradient_says_why(panel, bench):
    bench.selection.select("blocks.0", tensor_fqn="blocks.0.lin.weight")
    report = tensor_report(
        "blocks.0.lin.weight", 0, gradient=None, gradient_histogram=None, gradient_missing="No step was made yet."
    )
    bench.store.apply(report)
    panel.refresh(bench.store)
    assert "No step was made yet." in texts(panel)
    assert not panel.parameters.detail.plot.isVisible()


def test_findings_of_the_module_and_below_are_counted(panel, bench):
    def found(fqn, severity):
        return Finding("V1", Tier.SUSPICION, severity, "t", fqn, "r", ("e",), "a")

    bench.store.apply(FindingsReported((found("blocks.0.lin.weight", Severity.WARNING), found("head", Severity.ERROR))))
    bench.selection.select("blocks.0")
    panel.refresh(bench.store)
    assert "1 finding" in texts(panel)
    bench.selection.select("")
    assert "2 findings" in texts(panel)


def test_copy_button_takes_the_path_along(qtbot, panel, bench):
    bench.selection.select("blocks.1.lin")
    qtbot.mouseClick(panel._header._copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "blocks.1.lin"


def test_a_new_model_with_other_names_empties_the_panel(panel, bench):
    bench.selection.select("blocks.0")
    other = snapshot_of((("", "Other", ()), ("only", "Linear", (("weight", (2, 2)),))))
    bench.store.apply(ModelOpened(other, bench.store.task))
    panel.refresh(bench.store)
    assert "Nothing selected" in texts(panel)


def test_no_step_makes_a_refresh_that_draws_nothing_new(panel, bench):
    bench.train(2)
    bench.selection.select("blocks.0")
    panel.refresh(bench.store)
    changes = []
    panel.parameters.model.dataChanged.connect(lambda *_: changes.append(1))
    panel.refresh(bench.store)
    assert changes == []
    bench.train(1)
    panel.refresh(bench.store)
    assert changes


# -- hooks ------------------------------------------------------------------------------------------------------------


def hook_texts(panel, row):
    return [panel.hooks.model.index(row, column).data() for column in HookColumn]


def test_ticked_hook_shows_what_it_sees_part_by_part(panel, bench):
    bench.selection.select("blocks.0.lin")
    entry = HookEntry(
        "blocks.0.lin", HookKind.FORWARD, HookStatus.ACTIVE, n_fires=1284, us_per_fire=12.34, seen="8 × 4 · float32"
    )
    bench.store.apply(HooksChanged((entry,)))
    keys = [
        SeriesKey(f"forward.{name}", "blocks.0.lin", part=part) for part in ("", "call 2") for name in HOOK_STATISTICS
    ]
    bench.store.apply(SeriesDeclared(0, tuple(keys)))
    values = np.array([0.25, 1.5, 4.0, 0.5, 0, 0.5, 2.5, 8.0, 0.0, 3], dtype=np.float32)
    bench.store.apply(StepRecord(0, 0, 0.0, np.arange(10, dtype=np.int32), values))
    panel.tabs.setCurrentWidget(panel.hooks)
    panel.refresh(bench.store)
    rows = [(row.row_kind, row.kind) for row in panel.hooks.model.rows]
    assert rows[1:4] == [
        (RowKind.HOOK, HookKind.FORWARD),
        (RowKind.NOTE, HookKind.FORWARD),
        (RowKind.PART, HookKind.FORWARD),
    ]
    assert hook_texts(panel, 1) == ["Forward", "2.5e-1", "1.5e+0", "4.0e+0", "50 %", "0"]
    assert hook_texts(panel, 2)[0] == f"8 × 4 · float32 · {exact_count(1284)} fires · 12.3 µs"
    assert hook_texts(panel, 3) == ["call 2", "5.0e-1", "2.5e+0", "8.0e+0", "0 %", "3"]
    assert panel.hooks.table.columnSpan(2, 0) == len(HookColumn)


def test_numbers_and_notes_of_hooks_can_be_read_whole_in_the_first_layout(panel, bench):
    bench.selection.select("blocks.0.lin")
    reason = (
        "torch calls it for a tensor or a tuple of tensors only; this is a BaseModelOutput. Backward can be ticked."
    )
    entries = (
        HookEntry("blocks.0.lin", HookKind.FORWARD, HookStatus.ACTIVE, "", 417, 41.25, "64 × 128 × 768 · float32"),
        HookEntry("blocks.0.lin", HookKind.BACKWARD_PRE, HookStatus.CANNOT_FIRE, reason),
    )
    bench.store.apply(HooksChanged(entries))
    bench.store.apply(
        SeriesDeclared(0, tuple(SeriesKey(f"forward.{name}", "blocks.0.lin") for name in HOOK_STATISTICS))
    )
    values = np.array([-3.04e-10, 1.5e-10, 4.0e-3, 1.0, 12], dtype=np.float32)
    bench.store.apply(StepRecord(0, 0, 0.0, np.arange(5, dtype=np.int32), values))
    panel.tabs.setCurrentWidget(panel.hooks)
    panel.refresh(bench.store)

    table, delegate = panel.hooks.table, panel.hooks.table.itemDelegate()
    model = panel.hooks.model
    shown = [model.index(1, column) for column in list(HookColumn)[1:]] + [model.index(3, HookColumn.HOOK)]
    for index in shown:
        wanted = QFontMetrics(delegate.font(index.data(LOOK_ROLE))).horizontalAdvance(index.data())
        box = 4 + CHECK_COLUMN_PX if index.column() == HookColumn.HOOK else 0
        room = table.visualRect(index).width() - bench.context.theme.px(delegate.padding_px + EDGE_PX + box)
        assert wanted <= room, (index.data(), wanted, room)
    for row, n_lines in ((2, 1), (4, 2)):
        look = model.index(row, 0).data(LOOK_ROLE)
        line = QFontMetrics(delegate.font(look)).height()
        assert n_lines * line <= table.rowHeight(row) < (n_lines + 2) * line
    assert table.rowHeight(3) == bench.context.theme.px(ROW_PX)


def test_hook_that_fired_once_has_one_fire():
    entry = HookEntry("embed", HookKind.FORWARD, HookStatus.ACTIVE, n_fires=1, us_per_fire=41.25)
    assert fires_and_cost(entry) == "1 fire, 41.2 µs a fire"
    assert fires_words(2) == "2 fires"


def test_without_hooks_of_others_it_does_not_deny_those_that_are_ticked(panel, bench):
    bench.selection.select("embed")
    panel.tabs.setCurrentWidget(panel.hooks)
    panel.refresh(bench.store)
    assert "No hooks on this module" in texts(panel)
    bench.store.apply(HooksChanged((HookEntry("embed", HookKind.FORWARD, HookStatus.ACTIVE, n_fires=49),)))
    panel.refresh(bench.store)
    assert "No other hooks on this module" in texts(panel)


def test_calls_of_a_shared_module_stand_in_their_order_whichever_is_seen_first(panel, bench):
    bench.selection.select("blocks.0.lin")
    entry = HookEntry("blocks.0.lin", HookKind.BACKWARD, HookStatus.ACTIVE, n_fires=4, seen="8 × 4")
    bench.store.apply(HooksChanged((entry,)))
    parts = ("call 10", "call 2", "call 1", "")  # as backward meets them
    n = len(HOOK_STATISTICS)
    keys = [SeriesKey(f"backward.{name}", "blocks.0.lin", part=part) for part in parts for name in HOOK_STATISTICS]
    bench.store.apply(SeriesDeclared(0, tuple(keys)))
    values = np.repeat(np.array([10, 2, 1, 0.5], dtype=np.float32), n)
    bench.store.apply(StepRecord(0, 0, 0.0, np.arange(4 * n, dtype=np.int32), values))
    panel.tabs.setCurrentWidget(panel.hooks)
    panel.refresh(bench.store)
    rows = [row for row, it in enumerate(panel.hooks.model.rows) if it.kind is HookKind.BACKWARD]
    shown = [hook_texts(panel, row)[:2] for row in rows if panel.hooks.model.rows[row].row_kind is not RowKind.NOTE]
    assert shown == [["Backward", "5.0e-1"], ["call 1", "1.0e+0"], ["call 2", "2.0e+0"], ["call 10", "1.0e+1"]]


def test_refused_hook_gives_its_reason(panel, bench):
    bench.selection.select("blocks.0.lin")
    entry = HookEntry("blocks.0.lin", HookKind.BACKWARD_PRE, HookStatus.CANNOT_FIRE, reason="In-place output.")
    bench.store.apply(HooksChanged((entry,)))
    panel.tabs.setCurrentWidget(panel.hooks)
    panel.refresh(bench.store)
    assert "In-place output." in [hook_texts(panel, row)[0] for row in range(panel.hooks.model.rowCount())]


@pytest.mark.parametrize("kind", MODULE_KINDS)
def test_each_kind_of_a_module_can_be_ticked_by_mouse(qtbot, panel, bench, kind):
    bench.selection.select("blocks.0.lin")
    panel.tabs.setCurrentWidget(panel.hooks)
    row = [shown.kind for shown in panel.hooks.model.rows].index(kind)
    click(qtbot, panel.hooks.table, row, HookColumn.HOOK)
    assert bench.sent_of(SetHooks) == [SetHooks(("blocks.0.lin",), kind, True)]
    panel.refresh(bench.store)
    assert "requested" in hook_texts(panel, row + 1)[0]


def test_container_cannot_be_ticked_and_says_why(qtbot, panel, bench):
    bench.selection.select("blocks")
    panel.tabs.setCurrentWidget(panel.hooks)
    click(qtbot, panel.hooks.table, 1, HookColumn.HOOK)
    assert bench.sent_of(SetHooks) == []
    assert "container" in panel.hooks.model.index(1, 0).data(Qt.ItemDataRole.ToolTipRole)


def test_everyones_hooks_are_listed(panel, bench, qtmodeltester):
    bench.selection.select("blocks.0.lin")
    found = (FoundHook("forward_pre", "spectral_norm.SpectralNorm", "a/b/spectral_norm.py:99", False),)
    bench.store.apply(ModuleReport("blocks.0.lin", "Linear", "Linear()", "", "", "", "", found))
    panel.tabs.setCurrentWidget(panel.hooks)
    panel.refresh(bench.store)
    model = panel.hooks.found
    assert [model.index(0, column).data() for column in range(4)] == [
        "1",
        "forward_pre",
        "spectral_norm.SpectralNorm",
        "spectral_norm.py:99",
    ]
    qtmodeltester.check(model, force_py=True)
    qtmodeltester.check(panel.hooks.model, force_py=True)


def test_a_hook_that_was_put_on_makes_the_panel_read_everyones_hooks_again(panel, bench):
    bench.selection.select("blocks.0.lin")
    panel.tabs.setCurrentWidget(panel.hooks)
    panel.refresh(bench.store)
    n_before = len(bench.sent_of(RequestModuleReport))
    bench.store.apply(HooksChanged((HookEntry("blocks.0.lin", HookKind.FORWARD, HookStatus.ACTIVE),)))
    panel.refresh(bench.store)
    bench.store.apply(HooksChanged((HookEntry("blocks.0.lin", HookKind.FORWARD, HookStatus.ACTIVE, n_fires=9),)))
    panel.refresh(bench.store)
    assert len(bench.sent_of(RequestModuleReport)) == n_before + 1


# -- documentation ----------------------------------------------------------------------------------------------------


def documentation(fqn):
    location = "/torch/nn/modules/lin.py:7"
    return ClassDocumentation(
        fqn, "torch.nn.Linear", "Applies it.", "forward(self, x)", "class Linear: ...", location, "Help on class Linear"
    )


def test_documentation_shows_words_source_and_place(qtbot, panel, bench):
    bench.selection.select("blocks.0.lin")
    panel.tabs.setCurrentWidget(panel.documentation)
    panel.refresh(bench.store)
    assert "Nothing read yet" in texts(panel)
    assert bench.sent_of(RequestDocumentation) == [RequestDocumentation("blocks.0.lin")]
    bench.store.apply(ModuleReport("blocks.0.lin", "Linear", "Linear(4, 4)", "", "", "", "", extra_repr="4, 4"))
    bench.store.apply(documentation("blocks.0.lin"))
    panel.refresh(bench.store)
    tab = panel.documentation
    qtbot.waitUntil(lambda: "Applies it." in tab.words.toPlainText())
    assert "forward(self, x)" in tab.words.toPlainText()
    assert tab.help.code() == "Help on class Linear"
    assert tab.source.code() == "class Linear: ..."
    assert "4, 4\n" in tab.repr.code()
    assert tab.repr.code().endswith("Linear(4, 4)")
    qtbot.mouseClick(tab.place.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "/torch/nn/modules/lin.py:7"


# -- reports ----------------------------------------------------------------------------------------------------------


def test_reports_are_asked_for_once_a_second_while_the_run_moves(bench):
    now = [0.0]
    feed = ReportFeed(bench.store, bench.send, lambda: now[0])
    feed.look_at("head.weight")
    assert len(bench.sent) == 1
    now[0] = 5.0
    feed.poll()
    assert len(bench.sent) == 1  # no step was made
    bench.train(3)
    feed.poll()
    feed.poll()
    bench.train(1)
    now[0] = 5.5
    feed.poll()
    assert len(bench.sent) == 2
    now[0] = 6.1
    feed.poll()
    assert len(bench.sent) == 3


def test_the_first_step_is_asked_for_at_once(bench):
    feed = ReportFeed(bench.store, bench.send, lambda: 0.0)
    feed.look_at("head.weight")
    bench.train(1)
    feed.poll()
    assert len(bench.sent) == 2  # “no step has been made” would stand beside step 1
    bench.train(1)
    feed.poll()
    assert len(bench.sent) == 2


def test_the_earlier_report_is_the_one_nearest_to_a_hundred_steps_before(bench):
    feed = ReportFeed(bench.store, bench.send, lambda: 0.0)
    feed.look_at("head.weight")
    for step in (0, 40, 90, 120, 195):
        bench.store.apply(tensor_report("head.weight", step))
        assert feed.poll()
    assert (feed.newest.step, feed.earlier.step) == (195, 90)
    feed.look_at("embed.weight")
    assert feed.newest is None


def test_a_run_that_begins_again_is_not_compared_with_the_one_before(bench):
    feed = ReportFeed(bench.store, bench.send, lambda: 0.0)
    feed.look_at("head.weight")
    for step in (500, 3):
        bench.store.apply(tensor_report("head.weight", step))
        feed.poll()
    assert feed.earlier is None


# -- distribution -----------------------------------------------------------------------------------------------------


def pixel_colors(widget):
    image = widget.grab().toImage()
    return {image.pixelColor(x, y).name().upper() for x in range(image.width()) for y in range(image.height())}


def test_non_finite_shares_are_drawn_in_their_own_colour_and_named_under_the_pointer(qtbot, bench):
    theme = bench.context.theme
    plot = MagnitudePlot(theme, None)
    qtbot.addWidget(plot)
    plot.resize(330, 130)
    clean = MagnitudeHistogram(np.array([-3], np.int32), np.array([1.0]), 0.0, 0.0, 0.0, 0.0)
    plot.show_shares(clean, None)
    assert theme.tokens.non_finite not in pixel_colors(plot)
    plot.show_shares(MagnitudeHistogram(clean.exponents, clean.shares * 0.9999, 0.0, 0.0, 0.0, 1e-4), None)
    assert theme.tokens.non_finite in pixel_colors(plot)
    assert plot.bin_text(QPoint(90, 60)) == "NaN: < 0.1 %"


def test_empty_histogram_of_a_tensor_that_is_all_nan_is_not_empty(qtbot, bench):
    plot = MagnitudePlot(bench.context.theme, None)
    qtbot.addWidget(plot)
    plot.resize(330, 130)
    nothing = MagnitudeHistogram(np.zeros(0, np.int32), np.zeros(0), 0.0, 0.0, 0.0, 1.0)
    plot.show_shares(nothing, nothing)
    assert "NaN 100.0 %" in plot.accessibleDescription()
    assert bench.context.theme.tokens.non_finite in pixel_colors(plot)


def test_a_narrow_panel_gives_up_the_norm_until_a_person_chooses_columns(panel, bench):
    bench.selection.select("blocks.0")
    table = panel.parameters.table
    assert not table.isColumnHidden(TensorColumn.NORM)
    panel.resize(272, 740)
    assert table.isColumnHidden(TensorColumn.NORM)
    menu = table.column_menu([TensorColumn.NORM])
    menu.actions()[0].trigger()
    panel.resize(260, 740)
    assert not table.isColumnHidden(TensorColumn.NORM)
    menu.close()


@pytest.mark.parametrize("width", [190, 236, 274, 346])
def test_no_word_of_the_selected_tensor_is_cut(qtbot, panel, bench, width):
    bench.selection.select("blocks.0.lin")
    panel.resize(width, 740)
    bench.store.apply(tensor_report("blocks.0.lin.weight", 3))
    panel.refresh(bench.store)
    detail = panel.parameters.detail
    labels = [label for label in (*detail._names, *detail._values) if label.text()]
    assert len(labels) == 16

    def cut():
        return [label.text() for label in labels if label.width() < needed(label) or right(label) >= width]

    def needed(label):
        return QFontMetrics(label.font()).horizontalAdvance(label.text())

    def right(label):
        return label.mapTo(panel, label.rect().topRight()).x()

    qtbot.waitUntil(lambda: cut() == [])


def test_narrow_table_keeps_its_names_and_gives_up_norm_and_shape(qtbot, panel, bench):
    bench.selection.select("blocks.0")
    panel.resize(190, 560)
    panel.refresh(bench.store)
    table = panel.parameters.table
    qtbot.waitUntil(lambda: table.width() <= 190)
    shown = [column for column in TensorColumn if not table.isColumnHidden(column)]
    assert shown == [TensorColumn.NAME, TensorColumn.HOOK, TensorColumn.GRADIENT]
    assert not table.horizontalScrollBar().isVisible()
    assert table.columnWidth(TensorColumn.NAME) > 80
    panel.resize(346, 560)
    qtbot.waitUntil(lambda: not table.isColumnHidden(TensorColumn.SHAPE))


@pytest.mark.parametrize("width", [190, 274, 346, 600])
def test_buttons_of_the_documentation_are_not_cut(qtbot, panel, bench, width):
    bench.selection.select("blocks.0.lin")
    bench.store.apply(documentation("blocks.0.lin"))
    panel.tabs.setCurrentWidget(panel.documentation)
    panel.resize(width, 740)
    panel.refresh(bench.store)
    buttons = [button for button in panel.documentation.findChildren(QToolButton) if button.isVisible()]
    assert len(buttons) == 7

    def is_whole(button):
        right = button.mapTo(panel, button.rect().topRight()).x()
        needed = max(QFontMetrics(button.font()).horizontalAdvance(button.text()) + 4, 20)
        return button.width() >= needed and right < width

    qtbot.waitUntil(lambda: all(is_whole(button) for button in buttons))


def test_low_panel_gives_its_height_to_the_tabs_and_tells_the_rest_at_the_name(qtbot, panel, bench):
    bench.selection.select("blocks.0.lin")
    about = panel._header._about
    assert about.isVisible()
    panel.setMinimumHeight(1)  # as in a dock
    panel.resize(274, 220)
    qtbot.waitUntil(lambda: not about.isVisible())
    assert "20" in panel._header._name.toolTip()
    panel.resize(274, 500)
    qtbot.waitUntil(about.isVisible)


def test_names_of_usual_buffers_are_whole_in_the_first_layout_of_a_small_window(qtbot):
    kinds = (("running_mean", (32,)), ("running_var", (32,)))
    plain = snapshot_of([("", "Net", ()), ("norm", "BatchNorm1d", kinds)])
    are_buffers = replace(plain.tensors, is_parameter=np.zeros(2, dtype=np.bool_))
    bench = Bench(snapshot=replace(plain, tensors=are_buffers))
    panel = shown_inspector(qtbot, bench)
    panel.tabs.setCurrentWidget(panel.buffers)
    bench.selection.select("norm")
    panel.resize(274, 532)
    table = panel.buffers.table
    qtbot.waitUntil(lambda: table.width() <= 274)
    for row in range(2):
        index = table.model().index(row, TensorColumn.NAME)
        needed = QFontMetrics(table.itemDelegate().font(index.data(LOOK_ROLE))).horizontalAdvance(index.data())
        assert table.columnWidth(TensorColumn.NAME) >= needed + 8
