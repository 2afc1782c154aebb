"""Where a cell is typed: Enter runs what is whole, Up and Down go through the cells before it."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QSizePolicy, QWidget

from moduleview.gui.console.cell_history import CellHistory
from moduleview.gui.console.completeness import is_complete
from moduleview.gui.console.prompts import without_prompts
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.code_editor import CodeEditor

_MAXIMUM_LINES = 6
_SHARE_OF_ROOM = 0.35  # of the panel's height, at most
_ENTER = (Qt.Key.Key_Enter, Qt.Key.Key_Return)


class CellInput(CodeEditor):
    """As high as what stands in it, up to six lines."""

    interrupt_asked = Signal()  # Ctrl+C with nothing selected

    def __init__(self, theme: Theme, history: CellHistory, parent: QWidget) -> None:
        super().__init__(theme, None, parent, has_line_numbers=False)
        self._history = history
        self._is_recalling = False
        self._room = 0
        self.setAccessibleName(self.tr("Python to run"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.textChanged.connect(self._on_text_changed)
        self.blockCountChanged.connect(lambda _n: self.updateGeometry())
        theme.changed.connect(self.updateGeometry)

    def insert_code(self, code: str) -> None:
        """Put code where the cursor is, and the focus with it."""
        self.textCursor().insertText(code)
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """What is pasted or dropped, as text without the prompts of another console."""
        if source.hasText() and not self.isReadOnly():
            self.textCursor().insertText(without_prompts(source.text()))
            self.ensureCursorVisible()

    def take_code(self) -> str:
        """What was typed; the input is empty afterwards."""
        code = self.toPlainText().rstrip()
        self.set_code("")
        return code

    def set_room(self, height: int) -> None:
        """Pixels that the panel has, for all that stands in it."""
        self._room = height
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """One line at least."""
        n_most = int(_SHARE_OF_ROOM * self._room / self.fontMetrics().lineSpacing()) if self._room else _MAXIMUM_LINES
        n_lines = max(1, min(self.blockCount(), n_most, _MAXIMUM_LINES))
        frame = 2 * (round(self.document().documentMargin()) + self.frameWidth()) + self._theme.px(
            4
        )  # else a bar shows
        bar = self.horizontalScrollBar()
        room = bar.sizeHint().height() if bar.isVisible() else 0
        return QSize(super().sizeHint().width(), n_lines * self.fontMetrics().lineSpacing() + frame + room)

    def minimumSizeHint(self) -> QSize:
        """It never gives way to what was printed."""
        return QSize(self._theme.px(80), self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Run, recall, interrupt; all else is the editor's."""
        if self.popup.is_open or not self._take_cell_key(event):
            super().keyPressEvent(event)

    def _take_cell_key(self, event: QKeyEvent) -> bool:
        key = event.key()
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        has_selection = self.textCursor().hasSelection()
        if modifiers == Qt.KeyboardModifier.ControlModifier and key == Qt.Key.Key_C and not has_selection:
            self.interrupt_asked.emit()
        elif modifiers == Qt.KeyboardModifier.ShiftModifier and key in _ENTER:  # another line, indented as this one
            super().keyPressEvent(QKeyEvent(event.type(), key, Qt.KeyboardModifier.NoModifier, event.text()))
        elif modifiers:
            return False
        elif key in _ENTER and self.textCursor().atEnd() and is_complete(self.toPlainText()):
            self.run_asked.emit()
        elif key == Qt.Key.Key_Tab and self._is_after_name():
            self.offer_names()
        else:
            return key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._recall(is_back=key == Qt.Key.Key_Up)
        return True

    def _is_after_name(self) -> bool:
        cursor = self.textCursor()
        before = cursor.block().text()[: cursor.positionInBlock()]
        return not cursor.hasSelection() and before[-1:] not in ("", " ", "\t")

    def _recall(self, *, is_back: bool) -> bool:
        cursor = self.textCursor()
        edge = 0 if is_back else self.blockCount() - 1
        if cursor.hasSelection() or cursor.blockNumber() != edge:
            return False
        code = self._history.earlier(self.toPlainText()) if is_back else self._history.later()
        if code is not None:
            self._is_recalling = True
            self.set_code(code)
            self._is_recalling = False
            self.moveCursor(QTextCursor.MoveOperation.End)
        return True

    def _on_text_changed(self) -> None:
        self.updateGeometry()
        if not self._is_recalling:
            self._history.leave()
