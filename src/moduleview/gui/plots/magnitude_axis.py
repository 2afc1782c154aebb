"""What plots of magnitudes have in common along x: bins left of the axis, decades, the range of the tensor's type."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from moduleview.gui.plots.axes import Axis, Edge, Grid
from moduleview.gui.plots.canvas import BELOW, Canvas, Margins
from moduleview.gui.plots.dtype_ranges import DtypeRange
from moduleview.gui.plots.items import cosmetic_pen
from moduleview.gui.plots.magnitude_shares import DECADES_A_BIN, edge_decade
from moduleview.gui.plots.special_bins import SPECIAL_PX, draw_special_axis
from moduleview.gui.plots.ticks import decade_ticks

_LEFT_PX, _GAP_PX = 12, 60  # labels of the axis stand in the gap
MAGNITUDE_MARGINS = Margins(_LEFT_PX + SPECIAL_PX + _GAP_PX, 28, 14, 26)
_RANGE_ABOVE_PX, _END_PX = 8, 3


class MagnitudeAxis:
    """Draws itself around a canvas whose x axis is log10 of a magnitude."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._dtype, self._range = "", DtypeRange(0, 0, 0)
        bottom = Axis(canvas, Edge.BOTTOM, decade_ticks, 60)
        Grid(canvas, bottom=bottom)
        canvas.decorate(self._draw_special_axis)
        canvas.decorate(self._draw_range, BELOW)

    @property
    def special_block(self) -> QRectF:
        """Where the four bins left of the axis stand."""
        area, px = self._canvas.area, self._canvas.theme.px
        width = px(SPECIAL_PX)
        return QRectF(area.left() - px(_GAP_PX) - width, area.top(), width, area.height())

    def set_dtype(self, dtype: str, limits: DtypeRange | None) -> None:
        """Draw the range of a type; none for one without."""
        self._dtype, self._range = (dtype, limits) if limits is not None else ("", DtypeRange(0, 0, 0))

    @staticmethod
    def decades(bins: tuple[int, int]) -> tuple[float, float]:
        """The x range that shows the bins from the first to the last."""
        return edge_decade(bins[0]), edge_decade(bins[1] + 1)

    def _draw_special_axis(self, painter: QPainter) -> None:
        draw_special_axis(painter, self._canvas.theme, self.special_block)

    def _draw_range(self, painter: QPainter) -> None:
        """A line over the data from the smallest to the largest normal number, dashed below it."""
        if not self._dtype:
            return
        tokens, px, area = self._canvas.theme.tokens, self._canvas.theme.px, self._canvas.area
        y = area.top() - px(_RANGE_ABOVE_PX)
        ends = [self._clipped_px(exponent) for exponent in (self._range.subnormal, self._range.normal, self._range.end)]
        for left, right, dash in ((ends[0], ends[1], (2.0, 2.0)), (ends[1], ends[2], ())):
            if right > left:
                painter.setPen(cosmetic_pen(tokens.strong, dash=dash))
                painter.drawLine(QPointF(left, y), QPointF(right - 1, y))
        painter.setPen(cosmetic_pen(tokens.strong))
        for x in ends:
            if area.left() < x < area.right():
                painter.drawLine(QPointF(x, y - px(_END_PX)), QPointF(x, y + px(_END_PX)))
        self._name_ranges(painter, ends, y)

    def _name_ranges(self, painter: QPainter, ends: list[float], y: float) -> None:
        translate, px = QCoreApplication.translate, self._canvas.theme.px
        painter.setFont(self._canvas.theme.ui_font(11))
        painter.setPen(QColor(self._canvas.theme.tokens.muted))
        metrics = painter.fontMetrics()
        names = (
            translate("MagnitudeAxis", "subnormal"),
            translate("MagnitudeAxis", "normal in {0}").format(self._dtype),
        )
        for left, right, name in zip(ends[:2], ends[1:], names, strict=True):
            if right - left > metrics.horizontalAdvance(name) + px(8):
                box = QRectF(left, y - px(18), right - left, px(16))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, name)

    def _clipped_px(self, exponent: int) -> float:
        area = self._canvas.area
        return min(max(round(self._canvas.x_px(exponent * DECADES_A_BIN)), area.left()), area.right())
