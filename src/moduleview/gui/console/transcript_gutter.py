"""The words at the left of a console's text: what is input, what was printed, what is an error."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QTextBlock
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint
from moduleview.telemetry.console_messages import OutputKind

_KINDS = tuple(OutputKind)
_ROLES = {OutputKind.INPUT: "accent", OutputKind.STDERR: "warning", OutputKind.TRACEBACK: "error"}


class TranscriptGutter(QWidget):
    """One word where a kind of text begins; none where it goes on."""

    def __init__(self, text: QPlainTextEdit, theme: Theme) -> None:
        super().__init__(text)
        self._text = text
        self._theme = theme
        self._words = {
            OutputKind.STDOUT: self.tr("out"),
            OutputKind.STDERR: self.tr("err"),
            OutputKind.RESULT: "=",
            OutputKind.TRACEBACK: self.tr("error"),
            OutputKind.NOTE: self.tr("note"),
        }
        self.setAccessibleName(self.tr("What each line is"))
        text.updateRequest.connect(self._on_update)

    def word(self, state: int) -> str:
        """What stands beside a line with this state; cells have their number."""
        cell, kind = divmod(state, len(_KINDS))
        return self._words.get(_KINDS[kind], f"{cell} >")

    def wanted_width(self) -> int:
        """Pixels for the longest word."""
        metrics = self._text.fontMetrics()
        longest = max(metrics.horizontalAdvance(word) for word in (*self._words.values(), "9999 >"))
        return longest + self._theme.px(14)

    def sizeHint(self) -> QSize:
        """As wide as the words."""
        return QSize(self.wanted_width(), 0)

    @safe_paint
    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the words of the lines in sight."""
        painter = QPainter(self)
        tokens = self._theme.tokens
        painter.fillRect(event.rect(), QColor(tokens.raised))
        painter.setFont(self._text.font())
        height = self._text.fontMetrics().height()
        for block, top in self._blocks_in_sight(event.rect()):
            state = block.userState()
            if state < 0 or block.previous().userState() == state:
                continue
            painter.setPen(QColor(getattr(tokens, _ROLES.get(_KINDS[state % len(_KINDS)], "muted"))))
            place = QRect(0, top, self.width() - self._theme.px(6), height)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight, self.word(state))
        painter.end()

    def _blocks_in_sight(self, area: QRect) -> Iterator[tuple[QTextBlock, int]]:
        text = self._text
        block = text.firstVisibleBlock()
        top = round(text.blockBoundingGeometry(block).translated(text.contentOffset()).top())
        while block.isValid() and top <= area.bottom():
            yield block, top
            top += round(text.blockBoundingRect(block).height())
            block = block.next()

    def _on_update(self, rect: QRect, n_pixels: int) -> None:
        if n_pixels:
            self.scroll(0, n_pixels)
        else:
            self.update(0, rect.y(), self.width(), rect.height())
