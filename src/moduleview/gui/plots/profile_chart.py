"""The profile itself: a square and a bar for each row of the map, on a logarithmic axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QResizeEvent
from PySide6.QtWidgets import QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.theme import Theme
from moduleview.gui.plots.axes import Axis, Edge, Grid
from moduleview.gui.plots.canvas import BELOW, Canvas, Margins
from moduleview.gui.plots.color_bar import LINE_PX
from moduleview.gui.plots.event_strip import STRIP_PX
from moduleview.gui.plots.items import Curve, Marks, cosmetic_pen
from moduleview.gui.plots.limits import AxisLimits
from moduleview.gui.plots.map_columns import ZERO
from moduleview.gui.plots.map_rows import MapRows
from moduleview.gui.plots.row_axis import RowAxis
from moduleview.gui.plots.ticks import decade_ticks

_AXIS_PX = 22
_NARROW = Margins(42, STRIP_PX, 16, _AXIS_PX + LINE_PX)
_WIDE = Margins(72, STRIP_PX, 14, _AXIS_PX + LINE_PX)
_WIDE_FROM_PX = 300
_SQUARE_PX, _BAR_PX = 6, 7
_LEAST_BLOCK_PX = 4
_LABEL_SPACING_PX = 40
_LINE_OPACITY = 0.6
_LEGEND_BELOW_PX = 35


@dataclass(frozen=True, eq=False)
class ProfileColumn:
    """Some rows at one step: (n,) log10 of their norms; Inf is not finite, NaN was not measured."""

    step: int
    first_row: int
    decades: NDArray[np.float32]


class ProfileChart(Canvas):
    """Shares its rows with the map: same height, same order."""

    row_clicked = Signal(int)
    row_pointed = Signal(object)  # int or None

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, _NARROW, parent)
        self._limits = AxisLimits(is_log=True)
        self._steps: tuple[int | None, int | None] = (None, None)
        self._selected: tuple[int, int] | None = None
        self._non_finite: list[int] = []
        self.decorate(self._draw_tint, BELOW - 1)
        self._links = Curve(connect="pairs")
        self._before = Marks(symbol=_bar(), size=_BAR_PX, pxMode=True)
        self._now = Marks(symbol="s", size=_SQUARE_PX, pxMode=True)
        for z, item in enumerate((self._links, self._before, self._now)):
            self.add_item(item, float(z))
        self._axis = Axis(self, Edge.BOTTOM, decade_ticks, _LABEL_SPACING_PX)
        Axis(self, Edge.LEFT, lambda _low, _high, _most: decade_ticks(0.1, 0.2, 0))
        Grid(self, bottom=self._axis)
        self.row_axis = RowAxis(self, is_short=True)
        self.decorate(self._draw_blocks, BELOW)
        self.decorate(self._draw_legend)
        self.clicked.connect(self._on_clicked)
        self.pointer_moved.connect(lambda at: self.row_pointed.emit(self._row_at(at)))
        self.pointer_left.connect(lambda: self.row_pointed.emit(None))

    def draw_profile(
        self,
        rows: MapRows,
        now: ProfileColumn | None,
        before: ProfileColumn | None,
        limits: tuple[int, int],
        seen: tuple[float, float],
    ) -> None:
        """Draw both columns on the decades of the colour scale, or more where a value lies outside."""
        self.row_axis.rows = rows
        self._steps = (None if now is None else now.step, None if before is None else before.step)
        drawn = next((column for column in (now, before) if column is not None), None)
        first, n_rows = (0, 0) if drawn is None else (drawn.first_row, len(drawn.decades))
        heights = np.arange(first, first + n_rows, dtype=np.float64) + 0.5
        nothing = np.full(n_rows, np.nan)
        x_now, x_before = (nothing if c is None else _finite(c.decades) for c in (now, before))
        self._non_finite = [] if now is None else (first + np.flatnonzero(np.isinf(now.decades))).tolist()
        both = np.isfinite(x_now) & np.isfinite(x_before)
        pairs_x = np.stack([x_before[both], x_now[both]], axis=1).reshape(-1)
        self._links.setData(pairs_x, np.repeat(heights[both], 2))
        self._colour()
        for item, x in ((self._now, x_now), (self._before, x_before)):
            there = np.isfinite(x)
            item.setData(x=x[there], y=heights[there])
        values = np.concatenate([x_now[np.isfinite(x_now)], x_before[np.isfinite(x_before)]])
        low, high = float(limits[0]), float(limits[1])
        if len(values):
            widest = self._limits.observe(float(values.min()), float(values.max()), self._steps[0] or 0)
            low, high = min(low, math.floor(widest[0])), max(high, math.ceil(widest[1]))
        self.set_ranges((low, high), (seen[1], seen[0]))
        self.redraw()

    def set_selected(self, fqn: str | None, rows: MapRows | None) -> None:
        """Tint the rows of a module or parameter."""
        self._selected = self.row_axis.select(fqn, rows)
        self.redraw()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """A wide profile has room for whole names."""
        if hasattr(self, "row_axis"):
            is_wide = self.width() >= self.theme.px(_WIDE_FROM_PX)
            self.row_axis.is_short = not is_wide
            self.set_margins(_WIDE if is_wide else _NARROW)
        super().resizeEvent(event)

    def _colour(self) -> None:
        tokens, px = self.theme.tokens, self.theme.px
        self._links.setPen(cosmetic_pen(tokens.series[0], _LINE_OPACITY))
        self._now.setPen(None)
        self._now.setBrush(QColor(tokens.series[0]))
        self._now.setSize(px(_SQUARE_PX))
        self._before.setPen(cosmetic_pen(tokens.muted))
        self._before.setSize(px(_BAR_PX))

    def _draw_tint(self, painter: QPainter) -> None:
        if self._selected is not None:
            top, bottom = (
                min(max(round(self.y_px(row)), self.area.top()), self.area.bottom()) for row in self._selected
            )
            box = QRectF(self.area.left(), top, self.area.width(), bottom - top)
            painter.fillRect(box, QColor(self.theme.tokens.selection))

    def _draw_blocks(self, painter: QPainter) -> None:
        rows = self.row_axis.rows
        painter.setPen(cosmetic_pen(self.theme.tokens.grid))
        bottom, top = self.y_range
        lowest = _LEAST_BLOCK_PX / self.area.height() * (bottom - top)
        for block in () if rows is None else rows.blocks_between(top, bottom):
            if block.end - block.first < lowest:
                continue  # lines that close to each other would be a grey area
            y = round(self.y_px(block.end))
            if self.area.top() < y < self.area.bottom():
                painter.drawLine(QPointF(self.area.left(), y), QPointF(self.area.right() - 1, y))
        size = self.theme.px(6)
        for row in self._non_finite:
            y = round(self.y_px(row + 0.5) - 2)
            if self.area.top() <= y <= self.area.bottom():
                painter.fillRect(QRectF(self.area.right() - size, y, size, 4), QColor(self.theme.tokens.non_finite))

    def _draw_legend(self, painter: QPainter) -> None:
        tokens, px = self.theme.tokens, self.theme.px
        now, before = self._steps
        painter.setFont(self.theme.mono_font())
        metrics = painter.fontMetrics()
        texts = [number_format.exact_count(step) for step in (now, before) if step is not None]
        width = sum(metrics.horizontalAdvance(text) + px(12) for text in texts) + px(22) * (len(texts) - 1)
        x = max(self.area.left(), self.area.center().x() - width / 2)
        middle = round(self.area.bottom() + px(_LEGEND_BELOW_PX))
        for number, text in enumerate(texts):
            if number == 0 and now is not None:
                painter.fillRect(QRectF(round(x), middle - px(3), px(6), px(6)), QColor(tokens.series[0]))
            else:
                painter.fillRect(QRectF(round(x) + 2, middle - px(4), 1, px(7)), QColor(tokens.muted))
            painter.setPen(QColor(tokens.muted))
            painter.drawText(QPointF(round(x + px(12)), round(middle + metrics.capHeight() / 2)), text)
            x += metrics.horizontalAdvance(text) + px(12 + 22)

    def _row_at(self, at: QPointF) -> int | None:
        rows = self.row_axis.rows
        if rows is None or not len(rows) or not self.area.top() <= at.y() < self.area.bottom():
            return None
        return min(max(int(self.y_at(at)), 0), len(rows) - 1)

    def _on_clicked(self, at: QPointF) -> None:
        row = self._row_at(at)
        if row is not None:
            self.row_clicked.emit(row)


def _finite(decades: NDArray[np.float32]) -> NDArray[np.float64]:
    """Decades that can be drawn: neither not finite, nor not measured, nor those of zero."""
    shown = decades.astype(np.float64)
    return np.where(np.isfinite(shown) & (shown > ZERO), shown, np.nan)


def _bar() -> QPainterPath:
    path = QPainterPath()
    path.moveTo(0, -0.5)
    path.lineTo(0, 0.5)
    return path
