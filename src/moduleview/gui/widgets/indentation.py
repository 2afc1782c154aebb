"""What Enter, Tab, Shift+Tab and Backspace do to the indentation of Python; each is one step of undo."""

from __future__ import annotations

from PySide6.QtGui import QTextCursor

INDENT = 4  # columns


def break_line(cursor: QTextCursor) -> None:
    """Begin a line as far in as this one, and further in where this one opens a block."""
    before = cursor.block().text()[: cursor.positionInBlock()]
    indentation = before[: len(before) - len(before.lstrip())]
    opens = before.rstrip().endswith(":")
    cursor.insertText("\n" + indentation + " " * (INDENT if opens else 0))


def indent(cursor: QTextCursor, direction: int) -> None:
    """Move the chosen lines in (1) or out (-1); where none are chosen, in means spaces at the cursor."""
    if direction > 0 and not cursor.hasSelection():
        cursor.insertText(" " * (INDENT - cursor.positionInBlock() % INDENT))
        return
    document = cursor.document()
    first, last = _chosen_lines(cursor)
    cursor.beginEditBlock()
    for number in range(first, last + 1):
        _shift(QTextCursor(document.findBlockByNumber(number)), direction)
    cursor.endEditBlock()


def is_in_indentation(cursor: QTextCursor) -> bool:
    """Only spaces stand before the cursor, at least one."""
    before = cursor.block().text()[: cursor.positionInBlock()]
    return not cursor.hasSelection() and bool(before) and not before.strip(" ")


def erase_indentation(cursor: QTextCursor) -> None:
    """Take the spaces before the cursor back to the next step of indentation."""
    cursor.beginEditBlock()
    for _ in range(_beyond_step(cursor.positionInBlock())):
        cursor.deletePreviousChar()
    cursor.endEditBlock()


def _shift(start: QTextCursor, direction: int) -> None:
    text = start.block().text()
    if direction > 0:
        start.insertText(" " * INDENT if text.strip() else "")
        return
    for _ in range(_beyond_step(len(text) - len(text.lstrip(" ")))):
        start.deleteChar()


def _beyond_step(width: int) -> int:
    """Columns that stand beyond the next step to the left; 0 at the margin."""
    return (width - 1) % INDENT + 1 if width else 0


def _chosen_lines(cursor: QTextCursor) -> tuple[int, int]:
    """First and last line of the selection; a line of which nothing is selected is none of it."""
    document = cursor.document()
    first, last = (document.findBlock(at) for at in (cursor.selectionStart(), cursor.selectionEnd()))
    ends_before = cursor.hasSelection() and cursor.selectionEnd() == last.position() and first != last
    return first.blockNumber(), last.blockNumber() - ends_before
