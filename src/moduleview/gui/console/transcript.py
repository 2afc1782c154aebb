"""What cells were and what they gave, in order; each kind of text has its colour and its word at the left."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor, QPalette, QResizeEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from moduleview.gui.console.transcript_gutter import TranscriptGutter
from moduleview.gui.look.theme import Theme
from moduleview.telemetry.console_book import Piece
from moduleview.telemetry.console_messages import OutputKind
from moduleview.telemetry.display_names import displayable

MAXIMUM_LINES = 5_000
_LINES_AT_ONCE = 120  # about 3 ms
_ROLES = {
    OutputKind.INPUT: "accent",
    OutputKind.STDOUT: "text",
    OutputKind.STDERR: "warning",
    OutputKind.RESULT: "text",
    OutputKind.TRACEBACK: "error",
    OutputKind.NOTE: "muted",
}
_KINDS = tuple(OutputKind)
_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


class Transcript(QPlainTextEdit):
    """Read-only; keeps its last 5 000 lines. A flood is laid out in slices, so that the window stays quick."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._waiting: deque[tuple[int, str, bool]] = deque()  # state of a line, its text, whether its end came
        self._is_open = False  # the last line may go on
        self.setReadOnly(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUndoRedoEnabled(False)
        self.setMaximumBlockCount(MAXIMUM_LINES)
        self.setProperty("role", "code")
        self.setAccessibleName(self.tr("What the console gave"))
        self._gutter = TranscriptGutter(self, theme)
        self._goes_on = QTimer(self, singleShot=True, interval=0)
        self._goes_on.setObjectName("transcript.goes_on")
        self._goes_on.timeout.connect(self._lay_out_some)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @property
    def is_busy(self) -> bool:
        """Lines are still to be laid out."""
        return bool(self._waiting)

    def add(self, pieces: Iterable[Piece]) -> None:
        """Show more."""
        for piece in pieces:
            state = state_of(piece.cell, piece.part.kind)
            text = piece.part.text
            is_whole = piece.part.kind in (OutputKind.INPUT, OutputKind.NOTE)
            lines = text.split("\n")
            if len(lines) > 1 and not lines[-1]:
                lines.pop()
                is_whole = True
            last = len(lines) - 1
            self._waiting.extend((state, line, is_whole or at < last) for at, line in enumerate(lines))
        while len(self._waiting) > MAXIMUM_LINES:
            self._waiting.popleft()
        self._lay_out_some()

    def forget(self) -> None:
        """Begin empty."""
        self._waiting.clear()
        self._is_open = False
        self.clear()
        self._gutter.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The words stand beside the text, and who looks at the end goes on looking at it."""
        bar = self.verticalScrollBar()
        follows = bar.value() >= bar.maximum()
        super().resizeEvent(event)
        self._gutter.make_room()
        if follows:
            bar.setValue(bar.maximum())

    # -- inside ----------------------------------------------------------------------------------------------------

    def _lay_out_some(self) -> None:
        bar = self.verticalScrollBar()
        follows = bar.value() >= bar.maximum()
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        for _ in range(min(_LINES_AT_ONCE, len(self._waiting))):
            self._lay_out(cursor, *self._waiting.popleft())
        cursor.endEditBlock()
        if follows:
            bar.setValue(bar.maximum())
        self._gutter.update()
        if self._waiting:
            self._goes_on.start()

    def _lay_out(self, cursor: QTextCursor, state: int, line: str, is_ended: bool) -> None:
        goes_on = self._is_open and cursor.block().userState() == state
        if not goes_on and (self._is_open or cursor.block().userState() >= 0):
            cursor.insertBlock()
        cursor.block().setUserState(state)
        if "\r" in line:
            if goes_on:
                cursor.movePosition(QTextCursor.MoveOperation.StartOfBlock, QTextCursor.MoveMode.KeepAnchor)
                cursor.removeSelectedText()
            line = next((part for part in reversed(line.split("\r")) if part), "")
        cursor.insertText(_clean(line), self._formats[kind_of(state)])
        self._is_open = not is_ended

    def _on_theme_changed(self) -> None:
        tokens = self._theme.tokens
        self.setFont(self._theme.mono_font(11))
        self.document().setDocumentMargin(self._theme.px(4))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, QColor(tokens.panel))
        palette.setColor(QPalette.ColorRole.Text, QColor(tokens.text))
        self.setPalette(palette)
        self._formats = {kind: _format(getattr(tokens, role), kind) for kind, role in _ROLES.items()}
        self._color_again()
        self._gutter.make_room()

    def _color_again(self) -> None:
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        block = self.document().begin()
        while block.isValid():
            if block.userState() >= 0:
                cursor.setPosition(block.position())
                cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
                cursor.setCharFormat(self._formats[kind_of(block.userState())])
            block = block.next()
        cursor.endEditBlock()


def state_of(cell: int, kind: OutputKind) -> int:
    """A line's cell and kind as one number, which Qt keeps with it."""
    return cell * len(_KINDS) + _KINDS.index(kind)


def kind_of(state: int) -> OutputKind:
    """Back again."""
    return _KINDS[state % len(_KINDS)]


def cell_of(state: int) -> int:
    """Back again."""
    return state // len(_KINDS)


def _format(color: str, kind: OutputKind) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setForeground(QColor(color))
    if kind is OutputKind.INPUT:
        made.setFontWeight(600)
    made.setFontItalic(kind is OutputKind.NOTE)
    return made


def _clean(line: str) -> str:
    """Without what a terminal would obey; tabs stay."""
    if line.isprintable():
        return line
    parts: Sequence[str] = _TERMINAL_CODES.sub("", line).split("\t")
    return "\t".join(displayable(part, 10 * len(part)) for part in parts)
