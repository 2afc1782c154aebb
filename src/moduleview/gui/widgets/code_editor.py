"""An editor for a few lines of Python: colours, indentation, names that may stand at the cursor, a marked line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPalette, QResizeEvent, QTextCursor, QTextFormat
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QTextEdit, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.code_gutter import CodeGutter
from moduleview.gui.widgets.code_highlighter import CodeHighlighter
from moduleview.gui.widgets.completion_popup import CompletionPopup
from moduleview.gui.widgets.indentation import INDENT, break_line, erase_indentation, indent, is_in_indentation

MINIMUM_PREFIX = 2  # letters after which names are offered unasked; after a dot at once
_WORD = re.compile(r"[^\W\d]\w*$")
_LEFT_TO_POPUP = (
    Qt.Key.Key_Enter,
    Qt.Key.Key_Return,
    Qt.Key.Key_Escape,
    Qt.Key.Key_Tab,
    Qt.Key.Key_Backtab,
)
_ENTER = (Qt.Key.Key_Enter, Qt.Key.Key_Return)

Complete = Callable[[str, int], Sequence[str]]


class CodeEditor(QPlainTextEdit):
    """Python to write. Follows the theme by itself.

    Tab and Shift+Tab move lines by four columns, Enter keeps the indentation, Ctrl+Space offers names; Escape and then
    Tab leaves the editor by keyboard.

    Args:
        theme: Colours, fonts, zoom.
        complete: Gives the names that may stand at a position of the text, the last word of a dotted name only; those
            that do not begin as what is typed are left out here. Must be quick. Names that come later are given to
            ``set_completions``, and asked for by ``completions_wanted``.
        has_line_numbers: With numbers at the left.
    """

    run_asked = Signal()  # Ctrl+Enter
    completions_wanted = Signal(str, int)  # the text and the cursor's position in it

    def __init__(
        self,
        theme: Theme,
        complete: Complete | None = None,
        parent: QWidget | None = None,
        *,
        has_line_numbers: bool = True,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._complete = complete
        self._asked: tuple[str, int] | None = None
        self._lets_tab_leave = False
        self._mark: tuple[int, str] | None = None
        self._highlighter = CodeHighlighter(self.document(), follows_typing=True)
        self._gutter = CodeGutter(self, theme) if has_line_numbers else None
        self._popup = CompletionPopup(self, theme)
        self._popup.activated[str].connect(self._on_chosen)  # type: ignore[index]
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setProperty("role", "code")
        self.setAccessibleName(self.tr("Code"))
        self.blockCountChanged.connect(self._make_room)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    # -- text ------------------------------------------------------------------------------------------------------

    def code(self) -> str:
        """The text."""
        return self.toPlainText()

    def set_code(self, text: str) -> None:
        """Begin with other text; what was typed before cannot be undone into it."""
        if text != self.toPlainText():
            self.setPlainText(text)
        self.clear_mark()

    def mark_line(self, line: int, message: str) -> None:
        """Show a line, from 1, as wrong, and say why in its tip; it goes when the text is changed by hand."""
        self._mark = (line, message)
        self._show_mark()
        block = self.document().findBlockByNumber(line - 1)
        if block.isValid() and not block.isVisible():
            return
        if block.isValid():
            cursor = QTextCursor(block)
            if not self.hasFocus():
                self.setTextCursor(cursor)
            self.ensureCursorVisible()

    def clear_mark(self) -> None:
        """No line is wrong."""
        self._mark = None
        self._show_mark()

    @property
    def marked(self) -> tuple[int, str] | None:
        """The wrong line, from 1, and why."""
        return self._mark

    # -- completion ------------------------------------------------------------------------------------------------

    def set_completions(self, names: Sequence[str], text: str, position: int) -> None:
        """Names for what ``completions_wanted`` asked; nothing happens where the text has changed since."""
        if self._asked == (text, position) == (self.toPlainText(), self.textCursor().position()) and self.hasFocus():
            self._popup.offer(names, self._prefix())

    def offer_names(self) -> None:
        """Offer the names that may stand at the cursor."""
        text, position = self.toPlainText(), self.textCursor().position()
        self._asked = (text, position)
        self.completions_wanted.emit(text, position)
        if self._complete is not None:
            self._popup.offer(self._complete(text, position), self._prefix())

    @property
    def popup(self) -> CompletionPopup:
        """The list of names."""
        return self._popup

    def _prefix(self) -> str:
        cursor = self.textCursor()
        found = _WORD.search(cursor.block().text()[: cursor.positionInBlock()])
        return found.group() if found else ""

    def _on_chosen(self, name: str) -> None:
        cursor = self.textCursor()
        for _ in self._prefix():
            cursor.deletePreviousChar()
        cursor.insertText(name)
        self.setTextCursor(cursor)

    # -- keys ------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Indentation, names and running; all else is Qt's."""
        if self._popup.is_open and event.key() in _LEFT_TO_POPUP and not event.modifiers():
            event.ignore()
            return
        lets_tab_leave, self._lets_tab_leave = self._lets_tab_leave, event.key() == Qt.Key.Key_Escape
        if self._lets_tab_leave:
            event.ignore()
        elif lets_tab_leave and event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            QWidget.focusNextPrevChild(self, event.key() == Qt.Key.Key_Tab)  # the editor's own keeps Tab
        elif not self._take_key(event):
            super().keyPressEvent(event)
            self._after_typing(event.text())

    def _take_key(self, event: QKeyEvent) -> bool:
        """What this editor does itself."""
        has_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        key = event.key()
        if key in _ENTER and has_control:
            self.run_asked.emit()
        elif key == Qt.Key.Key_Space and has_control:
            self.offer_names()
        elif self.isReadOnly():
            return False
        elif key in _ENTER and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            break_line(self.textCursor())
            self.ensureCursorVisible()
            self.clear_mark()
        elif key == Qt.Key.Key_Tab and not has_control:
            indent(self.textCursor(), 1)
        elif key == Qt.Key.Key_Backtab:
            indent(self.textCursor(), -1)
        elif key == Qt.Key.Key_Backspace and not event.modifiers() and is_in_indentation(self.textCursor()):
            erase_indentation(self.textCursor())
        else:
            return False
        return True

    def _after_typing(self, typed: str) -> None:
        if typed and self._mark is not None:
            self.clear_mark()
        is_name = typed.isidentifier() or typed.isdigit()
        if typed == "." or (is_name and len(self._prefix()) >= MINIMUM_PREFIX) or (self._popup.is_open and is_name):
            self.offer_names()
        elif self._popup.is_open and typed:
            if self._prefix():
                self.offer_names()
            else:
                self._popup.close()

    # -- look ------------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The numbers stand beside the text."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self, _n_lines: int = 0) -> None:
        if self._gutter is not None:
            self._gutter.make_room()

    def _show_mark(self) -> None:
        line, message = self._mark or (None, "")
        self.setToolTip(message)
        if self._gutter is not None:
            self._gutter.mark(line)
        block = self.document().findBlockByNumber(line - 1) if line else None
        if block is None or not block.isValid():
            self.setExtraSelections([])
            return
        selection = QTextEdit.ExtraSelection()
        selection.cursor = QTextCursor(block)
        tint = QColor(self._theme.tokens.error)
        tint.setAlpha(36)
        selection.format.setBackground(tint)
        selection.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
        self.setExtraSelections([selection])

    def _on_theme_changed(self) -> None:
        tokens = self._theme.tokens
        font = self._theme.mono_font(12)
        self.setFont(font)
        self.setTabStopDistance(INDENT * QFontMetricsF(font).horizontalAdvance(" "))
        self.document().setDocumentMargin(self._theme.px(6))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, QColor(tokens.inset))
        palette.setColor(QPalette.ColorRole.Text, QColor(tokens.text))
        palette.setColor(QPalette.ColorRole.PlaceholderText, QColor(tokens.muted))
        self.setPalette(palette)
        self._highlighter.set_tokens(tokens)
        self._make_room()
        self._show_mark()
