"""How the values of a tensor are spread, evenly from the smallest to the largest; NaN and Inf are counted apart."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF
from PySide6.QtGui import QColor, QHelpEvent, QPainter
from PySide6.QtWidgets import QToolTip, QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.theme import Theme
from moduleview.gui.plots.axes import Axis, Edge, Grid
from moduleview.gui.plots.canvas import Canvas, Margins
from moduleview.gui.plots.ticks import Ticks, linear_ticks
from moduleview.telemetry.lab_views import HistogramAnswered

_MARGINS = Margins(64, 10, 14, 22)


class LabHistogram(Canvas):
    """A bar a bin; one that is not empty is at least a pixel high."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, _MARGINS, parent)
        self._edges, self._counts = np.zeros(0), np.zeros(0, np.int64)
        bottom = Axis(self, Edge.BOTTOM, linear_ticks, 72)
        left = Axis(self, Edge.LEFT, _count_ticks)
        Grid(self, left=left, bottom=bottom)
        self.decorate(self._draw_bars)
        self.setAccessibleName(self.tr("Histogram of the values"))

    def draw_answer(self, answer: HistogramAnswered) -> None:
        """Draw these counts."""
        self._edges, self._counts = answer.edges, answer.counts
        if len(self._edges) > 1:
            low, high = float(self._edges[0]), float(self._edges[-1])
            if not high > low:
                low, high = low - 0.5, high + 0.5
            self.set_ranges((low, high), (0.0, max(float(self._counts.max()), 1.0) * 1.04))
        self.redraw()

    def bin_text(self, at: QPointF) -> str:
        """The bin under a point, "" beside all of them."""
        if len(self._edges) < 2 or not self.area.contains(at):
            return ""
        number = int(np.searchsorted(self._edges, self.x_at(at), side="right")) - 1
        number = min(max(number, 0), len(self._counts) - 1)
        ends = (number_format.plain(float(end)) for end in self._edges[number : number + 2])
        return f"{' … '.join(ends)}: {number_format.exact_count(int(self._counts[number]))}"

    def viewportEvent(self, event: QEvent) -> bool:
        """A tooltip for the bin under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.bin_text(QPointF(event.pos())), self)
            return True
        return bool(super().viewportEvent(event))

    def _draw_bars(self, painter: QPainter) -> None:
        if len(self._edges) < 2:
            return
        color, floor = QColor(self.theme.tokens.series[0]), self.area.bottom()
        edges = [round(self.x_px(float(edge))) for edge in self._edges]
        if edges[-1] == edges[0]:  # all values are the same: one bar in the middle
            edges = [round(self.area.center().x()) - 6, round(self.area.center().x()) + 6]
        for number, count in enumerate(self._counts.tolist()[: len(edges) - 1]):
            if count:
                top = min(round(self.y_px(count)), round(floor) - 1)
                width = max(edges[number + 1] - edges[number] - 1, 1)
                painter.fillRect(QRectF(edges[number], top, width, floor - top), color)


def _count_ticks(low: float, high: float, most: int) -> Ticks:
    ticks = linear_ticks(low, high, most)
    return Ticks(tuple((at, number_format.short_count(round(at))) for at, _label in ticks.major if at == round(at)))
