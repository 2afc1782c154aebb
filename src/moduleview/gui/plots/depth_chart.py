"""The spread of what each module returns, over the order of calls: a line with the old values, one with the new."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.theme import Theme
from moduleview.gui.plots.axes import Axis, Edge, Grid
from moduleview.gui.plots.canvas import BELOW, Canvas, Margins
from moduleview.gui.plots.items import Curve, Marks, cosmetic_pen
from moduleview.gui.plots.limits import AxisLimits
from moduleview.gui.plots.ticks import decade_ticks, step_ticks

_MARGINS = Margins(52, 40, 12, 24)
_MARK_PX = 5
_LEAST_DECADE = -30.0
_BOTTOM_SPACING_PX = 48


@dataclass(frozen=True)
class DepthCall:
    """One call, as it is drawn.

    Attributes:
        name: Of the module, with the number of its call where it has several.
        fqn: Of the module.
        before, after: Standard deviations; NaN where there is none.
    """

    name: str
    fqn: str
    before: float
    after: float


class DepthChart(Canvas):
    """Holds nothing but what it draws. The y axis is logarithmic; a spread of 0, NaN or Inf is a mark at its edge."""

    call_clicked = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, _MARGINS, parent)
        self._calls: Sequence[DepthCall] = ()
        self._at: int | None = None
        self._lines = [Curve(connect="finite"), Curve(connect="finite")]
        self._marks = [Marks(symbol="s", size=_MARK_PX, pxMode=True), Marks(symbol="o", size=_MARK_PX, pxMode=True)]
        for z, item in enumerate((*self._lines, *self._marks)):
            self.add_item(item, float(z))
        left = Axis(self, Edge.LEFT, decade_ticks)
        bottom = Axis(self, Edge.BOTTOM, step_ticks, _BOTTOM_SPACING_PX)
        Grid(self, left=left)
        self._bottom = bottom
        self.decorate(self._draw_crosshair, BELOW)
        self.decorate(self._draw_heading)
        self.decorate(self._draw_edges)
        self.pointer_moved.connect(self._on_pointed)
        self.pointer_left.connect(lambda: self._point(None))
        self.clicked.connect(self._on_clicked)
        self.setAccessibleName(self.tr("Standard deviation of outputs through the depth"))

    def draw_calls(self, calls: Sequence[DepthCall]) -> None:
        """Draw these, in order."""
        self._calls = calls
        self._at = None if self._at is None or self._at >= len(calls) else self._at
        x = np.arange(1, len(calls) + 1, dtype=np.float64)
        decades = [_decades([call.before for call in calls]), _decades([call.after for call in calls])]
        self._colour()
        for line, marks, y in zip(self._lines, self._marks, decades, strict=True):
            line.setData(x, y)
            there = np.isfinite(y)
            marks.setData(x=x[there], y=y[there])
        shown = np.concatenate([y[np.isfinite(y)] for y in decades])
        low, high = (float(shown.min()), float(shown.max())) if len(shown) else (-1.0, 1.0)
        self.set_ranges((0.5, len(calls) + 0.5), AxisLimits(is_log=True).observe(low, high, 0))
        self.setAccessibleDescription(self.reading(len(calls) - 1) if calls else "")
        self.redraw()

    def reading(self, at: int) -> str:
        """``blocks.3.mlp: 5.2e-1 → 1.0e+0``."""
        call = self._calls[at]
        return f"{call.name}: {number_format.gradient(call.before)} → {number_format.gradient(call.after)}"

    # -- inside ----------------------------------------------------------------------------------------------------

    def _colour(self) -> None:
        tokens, px = self.theme.tokens, self.theme.px
        for line, marks, color, dash in zip(
            self._lines, self._marks, (tokens.muted, tokens.series[0]), ((6.0, 3.0), ()), strict=True
        ):
            line.setPen(cosmetic_pen(color, dash=dash))
            marks.setPen(None)
            marks.setBrush(QColor(color))
            marks.setSize(px(_MARK_PX))

    def _draw_heading(self, painter: QPainter) -> None:
        """What the lines are; what stands at the pointer; what the axis is."""
        tokens, px = self.theme.tokens, self.theme.px
        painter.setFont(self.theme.ui_font(11))
        metrics = painter.fontMetrics()
        x, y = self.area.left(), px(14)
        for color, text in ((tokens.muted, self.tr("old values")), (tokens.series[0], self.tr("new values"))):
            painter.fillRect(QRectF(round(x), y - px(5), px(12), 2), QColor(color))
            painter.setPen(QColor(tokens.muted))
            painter.drawText(QPointF(round(x + px(16)), y), text)
            x += px(16 + 16) + metrics.horizontalAdvance(text)
        if self._at is None:
            text = self.tr("std of outputs, in the order of calls")
        else:
            painter.setFont(self.theme.mono_font())
            painter.setPen(QColor(tokens.text))
            text = self.reading(self._at)
        width = round(self.width() - self.area.left() - px(4))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideLeft, width)
        painter.drawText(QPointF(self.area.left(), px(31)), shown)

    def _draw_crosshair(self, painter: QPainter) -> None:
        if self._at is not None and not self.is_for_file:
            painter.setPen(cosmetic_pen(self.theme.tokens.text, dash=(3.0, 3.0)))
            x = round(self.x_px(self._at + 1))
            painter.drawLine(QPointF(x, self.area.top()), QPointF(x, self.area.bottom() - 1))

    def _draw_edges(self, painter: QPainter) -> None:
        """A mark at the edge where a spread cannot stand on the axis: pink above for NaN and Inf, below for zero."""
        tokens, size = self.theme.tokens, self.theme.px(6)
        for at, call in enumerate(self._calls):
            x = round(self.x_px(at + 1)) - size // 2
            for value, color in ((call.before, tokens.muted), (call.after, tokens.series[0])):
                if not math.isfinite(value):
                    painter.fillRect(QRectF(x, self.area.top(), size, 4), QColor(tokens.non_finite))
                elif value <= 0:
                    painter.fillRect(QRectF(x, self.area.bottom() - 4, size, 4), QColor(color))

    def _point(self, at: int | None) -> None:
        if at != self._at:
            self._at = at
            self.redraw()

    def _call_at(self, at: QPointF) -> int | None:
        inside = self._calls and self.area.left() <= at.x() <= self.area.right()
        return min(max(round(self.x_at(at)) - 1, 0), len(self._calls) - 1) if inside else None

    def _on_pointed(self, at: QPointF) -> None:
        self._point(self._call_at(at))

    def _on_clicked(self, at: QPointF) -> None:
        call = self._call_at(at)
        if call is not None:
            self.call_clicked.emit(self._calls[call].fqn)


def _decades(values: Sequence[float]) -> NDArray[np.float64]:
    """log10, NaN where there is none."""
    array = np.asarray(values, dtype=np.float64)
    good = np.isfinite(array) & (array > 10**_LEAST_DECADE)
    return np.where(good, np.log10(np.where(good, array, 1.0)), np.nan)
