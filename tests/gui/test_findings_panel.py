"""The Findings panel: facts before suspicions, filters with counts, a jump to node and step."""

from itertools import pairwise

import pytest
from inspector_parts import Bench
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton

from moduleview.gui.models.findings_model import FindingColumn
from moduleview.gui.panel import Badge
from moduleview.gui.panels.findings import FindingsPanel
from moduleview.telemetry.records import Finding, FindingsReported, RunChanged, RunState, Severity, Tier

TIED = Finding("S5", Tier.FACT, Severity.INFORMATION, "Tied", "embed", "r", ("head.weight is embed.weight",), "Nothing")
SPIKE = Finding(
    "V3",
    Tier.SUSPICION,
    Severity.WARNING,
    "Gradient spike",
    "blocks.0.lin",
    "rule 3",
    ("z = 14.6", "more"),
    "Look",
    1258,
)
NAN = Finding(
    "S14", Tier.FACT, Severity.ERROR, "Non-finite gradient", "head.weight", "rule 14", ("norm = NaN",), "Lower it", 1260
)


@pytest.fixture
def bench(qapp):
    return Bench()


@pytest.fixture
def panel(qtbot, bench):
    panel = FindingsPanel(bench.context)
    qtbot.addWidget(panel)
    panel.resize(960, 220)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def show(panel, bench, *findings):
    bench.store.set_detected(findings)
    panel.refresh(bench.store)


def titles(panel):
    return [panel.model.index(row, FindingColumn.TITLE).data() for row in range(panel.model.rowCount())]


def texts(panel):
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]


def test_nothing_wrong_says_how_much_was_looked_at(panel, bench):
    bench.store.apply(FindingsReported((), n_checks=5))
    panel.refresh(bench.store)
    assert "No errors, no warnings" in texts(panel)
    assert any("5 structure checks passed. 4 detectors start with the first steps." in text for text in texts(panel))
    bench.train(1)
    panel.refresh(bench.store)
    assert any("4 detectors watch the run." in text for text in texts(panel))


def test_without_a_number_no_number_is_made_up(panel, bench):
    bench.store.apply(FindingsReported(()))
    panel.refresh(bench.store)
    assert any("Structure checks found nothing." in text for text in texts(panel))


def test_without_a_model_nothing_is_said_to_have_passed(panel, bench):
    bench.store.forget_model()
    panel.refresh(bench.store)
    assert "No model open" in texts(panel)


def test_information_is_offered_from_the_empty_state(qtbot, panel, bench):
    bench.store.apply(FindingsReported((TIED,), n_checks=5))
    panel.refresh(bench.store)
    assert any("head.weight is embed.weight" in text for text in texts(panel))
    (button,) = [b for b in panel.empty.findChildren(QPushButton) if b.isVisible()]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert titles(panel) == ["S5 Tied"]


@pytest.mark.parametrize(("height", "has_icon"), [(300, True), (130, False), (106, False), (96, False)])
def test_in_a_low_panel_the_information_is_still_read_whole(qtbot, panel, bench, height, has_icon):
    bench.store.apply(FindingsReported((TIED,), n_checks=5))
    panel.refresh(bench.store)
    panel.setMinimumHeight(1)  # as in a dock
    panel.resize(700, height)
    empty = panel.empty
    qtbot.waitUntil(lambda: empty._picture.isVisible() == has_icon)
    assert empty._note.isVisible()

    def lies_apart():
        shown = [part.geometry() for part in (empty._title, empty._line, empty._note) if part.isVisible()]
        return all(one.bottom() < next_one.top() for one, next_one in pairwise(shown))

    qtbot.waitUntil(lies_apart)


def test_panel_behind_a_tab_says_what_it_has_while_the_next_model_has_no_findings_yet(panel, bench):
    bench.store.apply(FindingsReported((TIED,), n_checks=5))
    panel.refresh(bench.store)
    bench.store.apply(FindingsReported((), n_checks=5))
    bench.context.theme.set_zoom(1.25)  # not refreshed, and asked to lay itself out
    panel.filter_bar.severities[Severity.ERROR].click()
    assert any("head.weight is embed.weight" in text for text in texts(panel))


def test_facts_come_first_and_are_never_mixed_with_suspicions(panel, bench):
    panel.filter_bar.severities[Severity.INFORMATION].click()
    show(panel, bench, SPIKE, TIED, NAN)
    assert titles(panel) == ["S14 Non-finite gradient", "S5 Tied", "V3 Gradient spike"]


def test_toggles_carry_counts_and_filter(panel, bench):
    show(panel, bench, SPIKE, NAN, TIED)
    labels = [toggle.text() for toggle in panel.filter_bar.severities.values()]
    assert labels == ["Errors 1", "Warnings 1", "Information 1"]
    panel.filter_bar.severities[Severity.ERROR].click()
    assert titles(panel) == ["V3 Gradient spike"]
    panel.filter_bar.tiers[Tier.SUSPICION].click()
    assert titles(panel) == []
    assert "Nothing to show with these filters" in texts(panel)


def test_errors_and_warnings_are_counted_after_the_title_even_when_unseen(panel, bench):
    panel.hide()
    assert panel.badge(bench.store) is None
    bench.store.set_detected((TIED, SPIKE))
    assert panel.badge(bench.store) == Badge("1", "warning")
    bench.store.set_detected((TIED, SPIKE, NAN))
    assert panel.badge(bench.store) == Badge("2", "error")


def test_selected_finding_opens_in_three_parts(panel, bench):
    show(panel, bench, SPIKE)
    shown = texts(panel)
    assert "Rule (suspicion, statistical)" in shown
    assert "rule 3" in shown
    assert "z = 14.6\nmore" in shown
    assert "Look" in shown


def test_a_click_on_jump_selects_the_node_and_sets_the_crosshair(qtbot, panel, bench):
    show(panel, bench, SPIKE, NAN)
    rect = panel.table.visualRect(panel.model.index(1, FindingColumn.JUMP))
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    assert (bench.selection.fqn, bench.selection.crosshair_step) == ("blocks.0.lin", 1258)


def test_enter_jumps_to_the_module_of_a_parameter(qtbot, panel, bench):
    show(panel, bench, NAN)
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert (bench.selection.fqn, bench.selection.tensor_fqn) == ("head", "head.weight")
    assert bench.selection.crosshair_step == 1260


def test_a_node_that_is_gone_is_said_to_be_gone(qtbot, panel, bench):
    show(panel, bench, Finding("S1", Tier.FACT, Severity.ERROR, "t", "no.such", "r", ("e",), "a"))
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert bench.selection.fqn is None
    assert any("no.such" in notice for notice in bench.notices)
    assert not panel.detail.jump.isEnabled()


def test_pause_is_offered_while_it_runs(qtbot, panel, bench):
    show(panel, bench, SPIKE)
    assert not panel.detail.pause.isVisible()
    bench.store.apply(RunChanged(RunState.RUNNING))
    panel.refresh(bench.store)
    qtbot.mouseClick(panel.detail.pause, Qt.MouseButton.LeftButton)
    assert bench.actions == ["run.pause"]


def test_the_selected_row_stays_when_another_finding_comes_before_it(panel, bench):
    show(panel, bench, SPIKE)
    show(panel, bench, NAN, SPIKE)
    assert panel.table.currentIndex().row() == 1
    assert "rule 3" in texts(panel)


UNREGISTERED = Finding(
    "S1",
    Tier.FACT,
    Severity.ERROR,
    "Unregistered module",
    "",
    "rule 1",
    ("2 modules",),
    "Use nn.ModuleList",
    source="nets/net.py:12",
    fix="self.layers = nn.ModuleList(layers)",
)


def test_the_corrected_code_is_shown_and_copied(qtbot, panel, bench):
    bench.store.apply(FindingsReported((UNREGISTERED,)))
    panel.refresh(bench.store)
    assert panel.detail.fix.isVisibleTo(panel)
    assert panel.detail.fix.code.code() == UNREGISTERED.fix
    qtbot.mouseClick(panel.detail.fix.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == UNREGISTERED.fix


def test_a_click_on_the_source_copies_file_and_line(qtbot, panel, bench):
    bench.store.apply(FindingsReported((UNREGISTERED,)))
    panel.refresh(bench.store)
    assert panel.detail.source.link.text() == "net.py:12"
    qtbot.mouseClick(panel.detail.source.link, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == UNREGISTERED.source


def test_a_finding_without_code_or_place_shows_neither(panel, bench):
    show(panel, bench, SPIKE)
    assert not panel.detail.fix.isVisibleTo(panel)
    assert not panel.detail.source.isVisibleTo(panel)
