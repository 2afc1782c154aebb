import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.code_editor import CodeEditor

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support grabbing the keyboard")  # of the open list
TAB, BACKTAB, ENTER = Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Return
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def editor(qtbot):
    page = QWidget()
    theme = Theme(page)
    editor = CodeEditor(theme, lambda _text, _position: ["weight", "weights_seen", "bias"], page)
    other = QLineEdit(page)
    layout = QVBoxLayout(page)
    layout.addWidget(editor)
    layout.addWidget(other)
    page.resize(500, 300)
    qtbot.addWidget(page)
    page.show()
    page.activateWindow()
    editor.setFocus()
    qtbot.waitUntil(editor.hasFocus)
    editor.other, editor.page = other, page
    return editor


def colour_at(editor, line, column):
    block = editor.document().findBlockByNumber(line)
    for span in block.layout().formats():
        if span.start <= column < span.start + span.length:
            return span.format.foreground().color().name()
    return None


def select(editor, first, last):
    cursor = editor.textCursor()
    cursor.setPosition(first)
    cursor.setPosition(last, QTextCursor.MoveMode.KeepAnchor)
    editor.setTextCursor(cursor)


def test_enter_keeps_the_indentation_and_goes_further_in_after_a_colon(editor, qtbot):
    qtbot.keyClicks(editor, "if x:")
    qtbot.keyClick(editor, ENTER)
    qtbot.keyClicks(editor, "y")
    qtbot.keyClick(editor, ENTER)
    qtbot.keyClicks(editor, "z")
    assert editor.code() == "if x:\n    y\n    z"


def test_tab_fills_up_to_four_and_backspace_takes_a_step_back(editor, qtbot):
    qtbot.keyClicks(editor, "  ")
    qtbot.keyClick(editor, TAB)
    assert editor.code() == "    "
    qtbot.keyClick(editor, TAB)
    qtbot.keyClick(editor, Qt.Key.Key_Backspace)
    assert editor.code() == "    "


def test_chosen_lines_move_in_and_out_together_in_one_step_of_undo(editor, qtbot):
    editor.set_code("a\nb\n\nc\nd")
    select(editor, 0, 6)
    qtbot.keyClick(editor, TAB)
    assert editor.code() == "    a\n    b\n\n    c\nd"
    qtbot.keyClick(editor, BACKTAB)
    assert editor.code() == "a\nb\n\nc\nd"
    editor.undo()
    assert editor.code() == "    a\n    b\n\n    c\nd"


def test_escape_and_then_tab_leaves_the_editor(editor, qtbot):
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    qtbot.keyClick(editor, TAB)
    qtbot.waitUntil(editor.other.hasFocus)
    assert editor.code() == ""


def test_typing_two_letters_offers_the_names_that_begin_so(editor, qtbot):
    qtbot.keyClicks(editor, "x = we")
    assert editor.popup.is_open
    assert editor.popup.completionCount() == 2
    qtbot.keyClick(editor.popup.popup(), ENTER)
    assert editor.code() == "x = weight"
    assert not editor.popup.is_open


def test_dot_offers_all_names_and_a_bracket_takes_the_list_away(editor, qtbot):
    qtbot.keyClicks(editor, "m.")
    assert editor.popup.completionCount() == 3
    qtbot.keyClicks(editor, "(")
    assert not editor.popup.is_open
    assert editor.code() == "m.("


def test_names_that_come_later_are_offered_only_for_the_text_they_were_asked_for(editor, qtbot):
    asked = []
    editor._complete = None
    editor.completions_wanted.connect(lambda *what: asked.append(what))
    qtbot.keyClicks(editor, "m.")
    editor.set_completions(["late"], "other", 2)
    assert not editor.popup.is_open
    editor.set_completions(["late"], *asked[-1])
    assert editor.popup.is_open


def test_control_and_enter_asks_to_run_and_types_nothing(editor, qtbot):
    with qtbot.waitSignal(editor.run_asked):
        qtbot.keyClick(editor, ENTER, CONTROL)
    assert editor.code() == ""


def test_opening_a_long_string_colours_the_lines_after_it(editor, qtbot):
    editor.set_code("\nimport this\n")
    keyword = colour_at(editor, 1, 0)
    editor.moveCursor(QTextCursor.MoveOperation.Start)
    qtbot.keyClicks(editor, 's = """')
    assert keyword is not None
    assert colour_at(editor, 1, 0) == colour_at(editor, 0, 5) != keyword
    qtbot.keyClicks(editor, '"""')
    assert colour_at(editor, 1, 0) == keyword


def test_wrong_line_is_marked_with_its_reason_until_one_types(editor, qtbot):
    editor.set_code("a\nb\nc")
    editor.mark_line(2, "SyntaxError: no")
    assert editor.marked == (2, "SyntaxError: no")
    assert editor.toolTip() == "SyntaxError: no"
    assert [one.cursor.blockNumber() for one in editor.extraSelections()] == [1]
    qtbot.keyClicks(editor, "x")
    assert editor.marked is None
    assert editor.extraSelections() == []


def test_mark_beyond_the_last_line_is_no_line(editor):
    editor.set_code("a")
    editor.mark_line(7, "far")
    assert editor.extraSelections() == []
