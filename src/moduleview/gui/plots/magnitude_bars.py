"""The distribution of magnitudes at one step as bars, with an earlier step as an outline."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPolygonF
from PySide6.QtWidgets import QToolTip, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.plots.axes import Axis, Edge, Grid
from moduleview.gui.plots.canvas import Canvas
from moduleview.gui.plots.items import cosmetic_pen
from moduleview.gui.plots.limits import AxisLimits
from moduleview.gui.plots.magnitude_axis import MAGNITUDE_MARGINS, MagnitudeAxis
from moduleview.gui.plots.magnitude_shares import SPECIAL, bin_at, bin_name, edge_decade
from moduleview.gui.plots.special_bins import (
    SPECIAL_NAMES,
    draw_special_bars,
    percent,
    special_rects,
    special_words,
)
from moduleview.gui.plots.ticks import Ticks, linear_ticks

_LEFT_SPACING_PX = 34
_ALL_PERCENT = 104.0  # a bar of all elements ends below the edge


class MagnitudeBars(Canvas):
    """Holds nothing but what it draws.

    The four bins left of the axis are drawn against all elements, the others against the percentages at the left: many
    zeros must not flatten the rest.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, MAGNITUDE_MARGINS, parent)
        self._now: NDArray[np.float64] | None = None
        self._earlier: NDArray[np.float64] | None = None
        self._bins = (0, 0)
        self._limits = AxisLimits(is_log=False)
        self.magnitudes = MagnitudeAxis(self)
        left = Axis(self, Edge.LEFT, percent_ticks, _LEFT_SPACING_PX)
        Grid(self, left=left)
        self.decorate(self._draw_bars)
        self.setAccessibleName(self.tr("Distribution of magnitudes"))

    def forget_limits(self) -> None:
        """Another tensor: its shares have nothing to do with those before."""
        self._limits = AxisLimits(is_log=False)

    def draw_bars(
        self,
        now: NDArray[np.float64],
        earlier: NDArray[np.float64] | None,
        bins: tuple[int, int],
        step: int,
    ) -> None:
        """Draw (68,) shares of a step and of an earlier one between two bins, both of them included."""
        self._now, self._earlier, self._bins = now, earlier, bins
        shown = [part[bins[0] : bins[1] + 1] for part in (now, earlier) if part is not None]
        highest = max(float(part.max()) for part in shown)
        _, top = self._limits.observe(0.0, max(highest * 100, 0.1), step)
        top = min(top, _ALL_PERCENT)
        self.set_ranges(self.magnitudes.decades(bins), (0.0, top))
        self.setAccessibleDescription(special_words(now.tolist()))
        self.redraw()

    def bin_text(self, at: QPointF) -> str:
        """What the bin under a point holds, "" beside all bins."""
        if self._now is None:
            return ""
        for number, rect in enumerate(special_rects(self.magnitudes.special_block)):
            if rect.contains(at):
                return f"{SPECIAL_NAMES[number]}: {percent(float(self._now[SPECIAL[number]]))}"
        if not self.area.contains(at):
            return ""
        number = min(max(bin_at(self.x_at(at)), self._bins[0]), self._bins[1])
        return f"{bin_name(number)}: {percent(float(self._now[number]))}"

    def viewportEvent(self, event: QEvent) -> bool:
        """A tooltip for the bin under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.bin_text(QPointF(event.pos())), self)
            return True
        return bool(super().viewportEvent(event))

    def _draw_bars(self, painter: QPainter) -> None:
        if self._now is None:
            return
        theme = self.theme
        draw_special_bars(painter, theme, self.magnitudes.special_block, self._now)
        first, last = self._bins
        edges = [round(self.x_px(edge_decade(number))) for number in range(first, last + 2)]
        color = QColor(theme.tokens.series[0])
        for number in range(first, last + 1):
            share = float(self._now[number])
            if share > 0:
                left, right = edges[number - first], edges[number - first + 1]
                top = min(round(self.y_px(share * 100)), round(self.area.bottom()) - 1)
                painter.fillRect(QRectF(left, top, max(right - left - 1, 1), self.area.bottom() - top), color)
        if self._earlier is not None:
            painter.setPen(cosmetic_pen(theme.tokens.text))
            heights = [round(self.y_px(float(share) * 100)) for share in self._earlier[first : last + 1]]
            painter.drawPolyline(outline(edges, heights, self.area.bottom()))


def outline(edges: list[int], heights: list[int], floor: float) -> QPolygonF:
    """A staircase over bins from edge to edge, down to the floor at both ends."""
    points = [QPointF(edges[0] + 0.5, floor)]
    for number, height in enumerate(heights):
        points += [QPointF(edges[number] + 0.5, height), QPointF(edges[number + 1] + 0.5, height)]
    return QPolygonF([*points, QPointF(points[-1].x(), floor)])


def percent_ticks(low: float, high: float, most: int) -> Ticks:
    """Ticks of an axis in percent."""
    ticks = linear_ticks(low, high, most)
    return Ticks(tuple((at, f"{label} %") for at, label in ticks.major))
