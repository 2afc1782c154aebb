"""What stands at the left of a text's lines and scrolls with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QTextBlock
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint


class Beside(NamedTuple):
    """What stands beside one line.

    Attributes:
        text: A word or a number.
        role: Its colour, by its name in the theme.
        has_stripe: With a stripe of that colour at the edge.
    """

    text: str
    role: str = "muted"
    has_stripe: bool = False


class TextGutter(QWidget):
    """Stands in the left margin of the viewport of a text. Subclasses say what stands in it.

    Args:
        text: Whose lines; its protected geometry is asked for through Qt.
        theme: Colours and sizes.
    """

    def __init__(self, text: QPlainTextEdit, theme: Theme) -> None:
        super().__init__(text)
        self._text = text
        self._theme = theme
        text.updateRequest.connect(self._on_update)

    def beside(self, block: QTextBlock) -> Beside | None:
        """What stands beside a line; None for nothing."""
        raise NotImplementedError

    def widest(self) -> str:
        """As wide as the widest text that may stand in it."""
        raise NotImplementedError

    def make_room(self) -> None:
        """Take the place at the left of the text, now that its size or font may be another one."""
        width = self.sizeHint().width()
        self._text.setViewportMargins(width, 0, 0, 0)
        area = self._text.contentsRect()
        self.setGeometry(area.left(), area.top(), width, area.height())

    def sizeHint(self) -> QSize:
        """As wide as what stands in it."""
        return QSize(self._text.fontMetrics().horizontalAdvance(self.widest()) + self._theme.px(14), 0)

    @safe_paint
    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what stands beside the lines in sight."""
        painter = QPainter(self)
        tokens = self._theme.tokens
        painter.fillRect(event.rect(), QColor(tokens.raised))
        painter.setFont(self._text.font())
        height = self._text.fontMetrics().height()
        for block, top in self._blocks_in_sight(event.rect()):
            beside = self.beside(block)
            if beside is None:
                continue
            color = QColor(getattr(tokens, beside.role))
            painter.setPen(color)
            place = QRect(0, top, self.width() - self._theme.px(6), height)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight, beside.text)
            if beside.has_stripe:
                painter.fillRect(QRect(0, top, self._theme.px(3), height), color)
        painter.end()

    def _blocks_in_sight(self, area: QRect) -> Iterator[tuple[QTextBlock, int]]:
        """Lines, and their tops in pixels."""
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
