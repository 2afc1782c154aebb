"""Line numbers at the left of an editor, and the mark of the line that is wrong."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, Qt
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint


class CodeGutter(QWidget):
    """Stands in the left margin of the editor's viewport. The editor says where its lines are.

    Args:
        editor: Whose lines; a plain text editor whose protected geometry is asked for through Qt.
        theme: Colours and sizes.
    """

    def __init__(self, editor: QPlainTextEdit, theme: Theme) -> None:
        super().__init__(editor)
        self._editor = editor
        self._theme = theme
        self._marked: int | None = None
        self.setAccessibleName(self.tr("Line numbers"))
        editor.updateRequest.connect(self._on_update)

    def mark(self, line: int | None) -> None:
        """Show one line, from 1, as wrong; None for no line."""
        self._marked = line
        self.update()

    def wanted_width(self) -> int:
        """Pixels that the numbers need now."""
        digits = max(2, len(str(self._editor.blockCount())))
        return self._editor.fontMetrics().horizontalAdvance("9") * digits + self._theme.px(14)

    def sizeHint(self) -> QSize:
        """As wide as the numbers."""
        return QSize(self.wanted_width(), 0)

    @safe_paint
    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the numbers of the lines in sight."""
        painter = QPainter(self)
        tokens = self._theme.tokens
        painter.fillRect(event.rect(), QColor(tokens.raised))
        painter.setFont(self._editor.font())
        height = self._editor.fontMetrics().height()
        for line, top in self._lines_in_sight(event.rect()):
            is_marked = line == self._marked
            painter.setPen(QColor(tokens.error if is_marked else tokens.muted))
            place = QRect(0, top, self.width() - self._theme.px(6), height)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight, str(line))
            if is_marked:
                painter.fillRect(QRect(0, top, self._theme.px(3), height), QColor(tokens.error))
        painter.end()

    def _lines_in_sight(self, area: QRect) -> list[tuple[int, int]]:
        """Numbers from 1 and their tops in pixels."""
        editor = self._editor
        block = editor.firstVisibleBlock()
        top = round(editor.blockBoundingGeometry(block).translated(editor.contentOffset()).top())
        lines = []
        while block.isValid() and top <= area.bottom():
            lines.append((block.blockNumber() + 1, top))
            top += round(editor.blockBoundingRect(block).height())
            block = block.next()
        return lines

    def _on_update(self, rect: QRect, n_pixels: int) -> None:
        if n_pixels:
            self.scroll(0, n_pixels)
        else:
            self.update(0, rect.y(), self.width(), rect.height())
