"""The two samples over the distribution: a filled square for now, a line for the earlier step."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint

_SAMPLE, _LINE, _GAP, _BETWEEN = 10, 12, 5, 12


class StepLegend(QWidget):
    """Steps with their samples, right-aligned; nothing for a step that is not there."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._now = ""
        self._earlier = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Steps shown"))
        theme.changed.connect(self.updateGeometry)

    def show_steps(self, now: int | None, earlier: int | None) -> None:
        """Name the steps."""
        self._now = "" if now is None else number_format.exact_count(now)
        self._earlier = "" if earlier is None else number_format.exact_count(earlier)
        self.setAccessibleDescription(f"{self._now} {self._earlier}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for both."""
        px, metrics = self._theme.px, QFontMetrics(self._theme.mono_font(11))
        width = 0
        if self._now:
            width += px(_SAMPLE) + px(_GAP) + metrics.horizontalAdvance(self._now)
        if self._earlier:
            width += px(_BETWEEN) + px(_LINE) + px(_GAP) + metrics.horizontalAdvance(self._earlier)
        return QSize(width, px(16))

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """Samples and steps."""
        painter, px, tokens = QPainter(self), self._theme.px, self._theme.tokens
        font = self._theme.mono_font(11)
        painter.setFont(font)
        middle, x = self.height() // 2, 0
        if self._now:
            painter.fillRect(QRect(x, middle - px(_SAMPLE) // 2, px(_SAMPLE), px(_SAMPLE)), QColor(tokens.series[0]))
            x += px(_SAMPLE) + px(_GAP)
            x = self._text(painter, x, self._now) + px(_BETWEEN)
        if self._earlier:
            painter.fillRect(QRect(x, middle - 1, px(_LINE), max(px(1), 1)), QColor(tokens.text))
            self._text(painter, x + px(_LINE) + px(_GAP), self._earlier)

    def _text(self, painter: QPainter, x: int, text: str) -> int:
        painter.setPen(QColor(self._theme.tokens.muted))
        width = painter.fontMetrics().horizontalAdvance(text)
        box = QRect(x, 0, width + 2, self.height())
        painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)
        return x + width
