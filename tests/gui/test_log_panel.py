"""The Log panel: newest line followed, filter, copy, clear, and a flood that it does not drown in."""

import time

import pytest
from inspector_parts import Bench
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from moduleview.gui.models.log_model import LogColumn
from moduleview.gui.panels.log import LogPanel
from moduleview.telemetry.records import LogLine
from moduleview.telemetry.store import N_LOG_LINES


@pytest.fixture
def bench(qapp):
    return Bench()


@pytest.fixture
def panel(qtbot, bench):
    panel = LogPanel(bench.context)
    qtbot.addWidget(panel)
    panel.resize(960, 220)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def log(panel, bench, *texts, stream="stdout"):
    for text in texts:
        bench.store.apply(LogLine(1_700_000_000.25, stream, text))
    panel.refresh(bench.store)


def lines(panel):
    return [panel.model.index(row, LogColumn.TEXT).data() for row in range(panel.model.rowCount())]


def visible_texts(panel):
    return [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]


def test_lines_come_in_order_with_their_stream(panel, bench):
    assert "Nothing printed yet" in visible_texts(panel)
    log(panel, bench, "one", "two")
    log(panel, bench, "three", stream="stderr")
    assert lines(panel) == ["one", "two", "three"]
    assert panel.model.index(2, LogColumn.STREAM).data() == "stderr"
    assert panel.model.index(0, LogColumn.TIME).data().endswith(".250")


def test_filter_shows_matching_lines_only_new_ones_too(qtbot, panel, bench):
    log(panel, bench, "loss 1.0", "saved")
    qtbot.keyClicks(panel.filter, "LOSS")
    assert lines(panel) == ["loss 1.0"]
    log(panel, bench, "loss 0.5", "saved again")
    assert lines(panel) == ["loss 1.0", "loss 0.5"]
    panel.filter.setText("nothing like this")
    assert "No line matches" in visible_texts(panel)
    panel.filter.clear()
    assert len(lines(panel)) == 4


def test_terminal_codes_are_left_out_and_control_characters_written_out(panel, bench):
    log(panel, bench, "\x1b[31mred\x1b[0m", "a\u202eb\x07")
    assert lines(panel) == ["red", "a\\u202eb\\x07"]


def test_copy_takes_lines_as_they_were(qtbot, panel, bench):
    log(panel, bench, "one", "x" * 5000)
    panel.table.selectRow(1)
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().split("\t")[2] == "x" * 5000
    panel.table.clearSelection()
    panel.copy.click()
    assert len(QGuiApplication.clipboard().text().splitlines()) == 2


def test_clear_forgets_the_lines_so_far(panel, bench):
    log(panel, bench, "one")
    panel.clear.click()
    assert lines(panel) == []
    log(panel, bench, "two")
    assert lines(panel) == ["two"]


def test_the_newest_line_is_followed_until_a_person_scrolls_up(qtbot, panel, bench):
    bar = panel.table.verticalScrollBar()
    log(panel, bench, *(str(i) for i in range(200)))
    assert bar.value() == bar.maximum()
    qtbot.keyClick(panel.table, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    assert not panel.follow.isChecked()
    log(panel, bench, "new")
    assert bar.value() == 0
    panel.follow.click()
    assert bar.value() == bar.maximum()


def test_lines_kept_are_bounded_and_the_newest(panel, bench):
    for first in range(0, 3 * N_LOG_LINES, 4000):
        log(panel, bench, *(str(i) for i in range(first, min(first + 4000, 3 * N_LOG_LINES))))
    shown = lines(panel)
    assert len(shown) == N_LOG_LINES
    assert shown == [str(i) for i in range(2 * N_LOG_LINES, 3 * N_LOG_LINES)]


def test_a_flood_between_two_frames_costs_no_more_than_what_is_kept(panel, bench):
    """Row 40 of the fault list: a million lines; what this panel does of it, a frame at a time."""
    worst_s = 0.0
    for _ in range(5):
        for number in range(2 * N_LOG_LINES):
            bench.store.apply(LogLine(0.0, "stdout", f"line {number}"))
        start = time.thread_time()
        panel.refresh(bench.store)
        worst_s = max(worst_s, time.thread_time() - start)
    assert panel.model.rowCount() == N_LOG_LINES
    assert worst_s < 0.1
