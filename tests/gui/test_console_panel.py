"""The Console panel: typing, running, recalling, and what comes back, however much of it."""

import gc
import time

import pytest
from inspector_parts import EVERYTHING, Bench
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QApplication

from moduleview.gui.console.transcript import MAXIMUM_LINES, cell_of, kind_of
from moduleview.gui.panels.console import ConsolePanel
from moduleview.gui.tree.tree_menus import TreeMenus
from moduleview.telemetry.commands import Capability, InterruptCode
from moduleview.telemetry.console_book import MAXIMUM_CHARACTERS, ConsoleBook
from moduleview.telemetry.console_messages import (
    CellEnded,
    CellOutcome,
    CellPrinted,
    CellStarted,
    CodeCompleted,
    CompleteCode,
    NamesRebound,
    OutputKind,
    OutputPart,
    RunCell,
)
from real_window import open_in, real_window, wait
from toy_tasks import toy_task


@pytest.fixture
def bench(qapp):
    return Bench(EVERYTHING | Capability.INTERVENE)


@pytest.fixture
def panel(qtbot, bench):
    panel = ConsolePanel(bench.context)
    qtbot.addWidget(panel)
    panel.resize(800, 240)
    with qtbot.waitExposed(panel):
        panel.show()
    panel.activateWindow()
    panel.input.setFocus()
    qtbot.waitUntil(panel.input.hasFocus)
    return panel


def enter(qtbot, panel, text=""):
    qtbot.keyClicks(panel.input, text)
    panel.input.popup.close()
    qtbot.keyClick(panel.input, Qt.Key.Key_Return)


def give(panel, bench, *records):
    for record in records:
        bench.store.apply(record)
    panel.refresh(bench.store)


def done(panel, bench, cell, *parts, outcome=CellOutcome.DONE):
    code = next(command.code for command in bench.sent_of(RunCell) if command.cell == cell)
    printed = (CellPrinted(cell, tuple(OutputPart(kind, text) for kind, text in parts)),) if parts else ()
    give(panel, bench, CellStarted(cell, code, 0), *printed, CellEnded(cell, outcome, 0.001))


def shown(panel):
    """(cell, kind, text) of every line."""
    block, found = panel.transcript.document().begin(), []
    while block.isValid():
        if block.userState() >= 0:
            found.append((cell_of(block.userState()), kind_of(block.userState()), block.text()))
        block = block.next()
    return found


def laid_out(qtbot, panel):
    qtbot.waitUntil(lambda: not panel.transcript.is_busy)


def test_enter_sends_the_cell_with_what_is_selected(qtbot, panel, bench):
    bench.selection.select("blocks.0")
    enter(qtbot, panel, "module")
    assert bench.sent_of(RunCell) == [RunCell(1, "module", "blocks.0")]
    assert panel.input.code() == ""
    assert "blocks.0" in panel.input.placeholderText()


def test_an_open_block_takes_more_lines_and_runs_after_an_empty_one(qtbot, panel, bench):
    enter(qtbot, panel, "for i in range(2):")
    assert not bench.sent_of(RunCell)
    enter(qtbot, panel, "print(i)")
    assert not bench.sent_of(RunCell)
    enter(qtbot, panel)
    assert [command.code for command in bench.sent_of(RunCell)] == ["for i in range(2):\n    print(i)"]


def test_shift_enter_adds_a_line_and_control_enter_runs(qtbot, panel, bench):
    qtbot.keyClicks(panel.input, "a = 1")
    qtbot.keyClick(panel.input, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClicks(panel.input, "a")
    qtbot.keyClick(panel.input, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert [command.code for command in bench.sent_of(RunCell)] == ["a = 1\na"]


def test_each_kind_of_text_has_its_word_and_its_colour(qtbot, panel, bench):
    enter(qtbot, panel, "f()")
    kinds = (OutputKind.STDOUT, OutputKind.STDERR, OutputKind.RESULT, OutputKind.TRACEBACK, OutputKind.NOTE)
    done(panel, bench, 1, *((kind, f"a {kind}\nand more\n") for kind in kinds))
    laid_out(qtbot, panel)
    lines = shown(panel)
    assert lines[0] == (1, OutputKind.INPUT, "f()")
    assert [text for _, kind, text in lines if kind is OutputKind.STDERR] == ["a stderr", "and more"]
    gutter = panel.transcript._gutter
    block, words, colors = panel.transcript.document().begin(), [], set()
    while block.isValid():
        words.append(gutter.word(block.userState()))
        colors.add((block.userState(), block.begin().fragment().charFormat().foreground().color().name()))
        block = block.next()
    assert list(dict.fromkeys(words)) == ["1 >", "out", "err", "=", "error", "note"]
    assert len({color for _, color in colors}) >= 5


def test_text_that_goes_on_stays_on_its_line_and_a_bar_is_drawn_over(qtbot, panel, bench):
    enter(qtbot, panel, "f()")
    done(
        panel,
        bench,
        1,
        (OutputKind.STDOUT, "one "),
        (OutputKind.STDOUT, "two\n"),
        (OutputKind.STDERR, "\r10 %"),
        (OutputKind.STDERR, "\r99 %\n"),
        (OutputKind.STDOUT, "\x1b[31mred\x1b[0m\ta\u202eb"),
    )
    laid_out(qtbot, panel)
    assert [text for _, _, text in shown(panel)] == ["f()", "one two", "99 %", "red\ta\\u202eb"]


def test_what_is_pasted_loses_its_prompts_and_runs_as_one_cell(qtbot, panel, bench):
    QGuiApplication.clipboard().setText(">>> a = 1\n>>> for i in range(a):\n...     print(i)\n0\n")
    qtbot.keyClick(panel.input, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert panel.input.code() == "a = 1\nfor i in range(a):\n    print(i)"
    qtbot.keyClick(panel.input, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert [command.code for command in bench.sent_of(RunCell)] == ["a = 1\nfor i in range(a):\n    print(i)"]


def test_up_recalls_what_begins_as_typed_and_down_brings_it_back(qtbot, panel, bench):
    for number, code in enumerate(("x = 1", "model", "y = 2"), start=1):
        enter(qtbot, panel, code)
        done(panel, bench, number)
    qtbot.keyClicks(panel.input, "m")
    qtbot.keyClick(panel.input, Qt.Key.Key_Up)
    assert panel.input.code() == "model"
    qtbot.keyClick(panel.input, Qt.Key.Key_Up)
    assert panel.input.code() == "model"
    qtbot.keyClick(panel.input, Qt.Key.Key_Down)
    assert panel.input.code() == "m"


def test_history_is_kept_between_two_starts(qtbot, panel, bench):
    panel.input.set_code("x = 'é'")
    panel.input.moveCursor(QTextCursor.MoveOperation.End)
    enter(qtbot, panel)
    other = ConsolePanel(bench.context)
    qtbot.addWidget(other)
    other.restore_kept(panel.kept())
    assert other.history.cells == ("x = 'é'",)
    other.restore_kept("broken")
    assert other.history.cells == ("x = 'é'",)


def test_one_cell_at_a_time_and_control_c_interrupts_it(qtbot, panel, bench):
    enter(qtbot, panel, "f()")
    enter(qtbot, panel, "g()")
    assert len(bench.sent_of(RunCell)) == 1
    assert "not over yet" in bench.notices[-1]
    assert panel.input.code().startswith("g()")
    qtbot.keyClick(panel.input, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert bench.sent_of(InterruptCode) == [InterruptCode(1)]
    done(panel, bench, 1, outcome=CellOutcome.INTERRUPTED)
    enter(qtbot, panel)
    assert [command.cell for command in bench.sent_of(RunCell)] == [1, 2]


def test_control_c_copies_where_something_is_selected(qtbot, panel, bench):
    enter(qtbot, panel, "f()")
    qtbot.keyClicks(panel.input, "copied")
    panel.input.selectAll()
    qtbot.keyClick(panel.input, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert not bench.sent_of(InterruptCode)
    assert QGuiApplication.clipboard().text() == "copied"


def test_what_takes_long_is_said_with_a_way_to_end_it(qtbot, panel, bench):
    enter(qtbot, panel, "f()")
    assert not panel.interrupt.isVisible()
    qtbot.waitUntil(panel.interrupt.isVisible)
    assert "waits for the step" in panel.status.text(time.monotonic())
    give(panel, bench, CellStarted(1, "f()", 3))
    assert "training waits" in panel.status.text(time.monotonic() + 2)
    qtbot.mouseClick(panel.interrupt, Qt.MouseButton.LeftButton)
    assert bench.sent_of(InterruptCode) == [InterruptCode(1)]
    assert "when the call that it is in returns" in panel.status.text(time.monotonic() + 2)
    give(panel, bench, CellEnded(1, CellOutcome.INTERRUPTED, 1.0))
    assert not panel.interrupt.isVisible()


@pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard")  # of the open list
def test_names_are_asked_for_one_question_at_a_time_and_stale_answers_are_dropped(qtbot, panel, bench):
    qtbot.keyClicks(panel.input, "model.")
    assert bench.sent_of(CompleteCode) == [CompleteCode(1, "mo", None)]
    give(panel, bench, CodeCompleted(1, ("model",)))
    assert not panel.input.popup.is_open
    assert bench.sent_of(CompleteCode)[1:] == [CompleteCode(2, "model.", None)]
    qtbot.keyClicks(panel.input, "ha")
    give(panel, bench, CodeCompleted(1, ("model",)), CodeCompleted(2, ("half", "head")))
    assert not panel.input.popup.is_open
    assert bench.sent_of(CompleteCode)[2:] == [CompleteCode(3, "model.ha", None)]
    give(panel, bench, CodeCompleted(3, ("half",)))
    assert panel.input.popup.is_open
    qtbot.keyClick(panel.input.popup.popup(), Qt.Key.Key_Return)
    assert panel.input.code() == "model.half"


def test_a_line_for_the_console_is_put_where_the_cursor_is(qtbot, panel, bench):
    qtbot.keyClicks(panel.input, "f()")
    panel.input.popup.close()
    panel.input.moveCursor(QTextCursor.MoveOperation.Left)
    bench.context.handovers.insert_code('model.get_submodule("a")')
    assert panel.input.code() == 'f(model.get_submodule("a"))'


def test_another_model_ends_what_was_on_its_way_and_keeps_the_text(qtbot, panel, bench):
    enter(qtbot, panel, "f()")
    give(panel, bench, CellStarted(1, "f()", 0))
    bench.store.books.forget()
    panel.refresh(bench.store)
    assert panel.status.cell is None
    enter(qtbot, panel, "g()")
    done(panel, bench, 2)
    laid_out(qtbot, panel)
    texts = [text for _, _, text in shown(panel)]
    assert texts[0] == "f()"
    assert "names that were made before are gone" in texts[1]


def test_a_new_run_says_what_stayed(qtbot, panel, bench):
    enter(qtbot, panel, "f()")
    done(panel, bench, 1)
    bench.store.books.forget()
    give(panel, bench, NamesRebound(2))
    laid_out(qtbot, panel)
    assert "2 names of your own stayed" in shown(panel)[-1][2]


def test_clear_empties_the_text_and_says_what_the_console_is_for(qtbot, panel, bench):
    enter(qtbot, panel, "f()")
    done(panel, bench, 1)
    laid_out(qtbot, panel)
    assert panel.transcript.isVisible()
    panel.clear.click()
    assert not panel.transcript.isVisible()
    enter(qtbot, panel, "g()")
    done(panel, bench, 2)
    laid_out(qtbot, panel)
    assert [text for _, _, text in shown(panel)] == ["g()"]


@pytest.fixture
def own_garbage_only():
    """As in the program: the collector runs at the clock's ticks, not within what is timed."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("own_garbage_only")
def test_a_hundred_thousand_lines_hold_the_window_for_no_frame_and_its_memory_is_bounded(qtbot, panel, bench):
    enter(qtbot, panel, "f()")
    text = "\n".join(f"line {number} {'x' * 60}" for number in range(2_000)) + "\n"
    give(panel, bench, CellStarted(1, "f()", 0))
    slowest_s = 0.0
    for _ in range(50):
        bench.store.apply(CellPrinted(1, (OutputPart(OutputKind.STDOUT, text),)))
        begin_s = time.thread_time()
        panel.refresh(bench.store)
        slowest_s = max(slowest_s, time.thread_time() - begin_s)
    while panel.transcript.is_busy:
        begin_s = time.thread_time()
        QApplication.processEvents()
        slowest_s = max(slowest_s, time.thread_time() - begin_s)
    assert slowest_s < 0.016 * 3  # tests share their cores; alone it is under 16 ms
    assert panel.transcript.blockCount() <= MAXIMUM_LINES
    assert "line 1999" in shown(panel)[-1][2]


def test_the_book_keeps_the_newest_text_only():
    book = ConsoleBook()
    for number in range(50):
        book.take(CellPrinted(1, (OutputPart(OutputKind.STDOUT, f"{number}" + "x" * (MAXIMUM_CHARACTERS // 10)),)))
    kept = book.since(0)
    assert len(kept) < 11
    assert kept[-1].part.text.startswith("49")
    assert len(book.since(book.n_taken - 1)) == 1
    assert not book.since(book.n_taken)


def test_the_end_is_followed_until_a_person_scrolls_up(qtbot, panel, bench):
    enter(qtbot, panel, "f()")
    give(panel, bench, CellStarted(1, "f()", 0))
    give(panel, bench, CellPrinted(1, (OutputPart(OutputKind.STDOUT, "a line\n" * 80),)))
    laid_out(qtbot, panel)
    bar = panel.transcript.verticalScrollBar()
    assert bar.value() == bar.maximum()
    bar.setValue(0)
    give(panel, bench, CellPrinted(1, (OutputPart(OutputKind.STDOUT, "a line\n" * 80),)))
    laid_out(qtbot, panel)
    assert bar.value() == 0


def test_input_grows_with_its_lines_and_leaves_room_for_the_text(qtbot, panel, bench):
    low = panel.input.height()
    for _ in range(20):
        qtbot.keyClick(panel.input, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: panel.input.height() > low)
    assert panel.input.height() < 240 // 2 + 20
    assert panel.rect().contains(panel.input.mapTo(panel, QPoint(0, panel.input.height() - 1)))


def test_a_low_panel_shows_the_whole_input(qtbot, panel, bench):
    panel.resize(400, 110)
    enter(qtbot, panel, "f()")
    for _ in range(5):
        qtbot.keyClick(panel.input, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(panel.interrupt.isVisible)
    qtbot.waitUntil(lambda: panel.input.geometry().bottom() < panel.height())
    assert panel.input.height() >= panel.input.fontMetrics().lineSpacing()


def test_use_in_console_brings_the_console_forward_and_its_cell_runs_in_the_live_model(qapp, tmp_path):
    with real_window(tmp_path) as window:
        open_in(window, toy_task)
        docks = window.contents.docks
        console, modules = docks.dock("console"), docks.dock("modules").panel
        assert not console.is_shown
        chosen = {action.text(): action for action in modules.findChild(TreeMenus).of_node(1).actions()}[
            "Use in console"
        ]
        chosen.trigger()
        wait(lambda: console.is_shown, "the console")
        panel = console.panel
        assert panel.input.code() == 'model.get_submodule("0")'
        rows = docks.dock("inspector").panel.parameters
        window.contents.selection.select("0")
        wait(lambda: rows.model.rowCount() > 0, "the parameters")
        panel.input.set_code("")
        {action.text(): action for action in rows.menu_of(0).actions()}["Use in console"].trigger()
        assert panel.input.code() == 'model.get_parameter("0.weight")'
        panel.input.set_code(panel.input.code() + ".shape")
        panel.input.run_asked.emit()
        wait(lambda: any("torch.Size([8, 4])" in text for _, _, text in shown(panel)), "the answer")
