"""The singular values of a matrix, the largest first, on a logarithmic axis, with the line below which none counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.plots.axes import Axis, Edge, Grid
from moduleview.gui.plots.canvas import Canvas, Margins
from moduleview.gui.plots.items import Curve, cosmetic_pen
from moduleview.gui.plots.ticks import decade_ticks, step_ticks
from moduleview.telemetry.lab_views import SpectrumAnswered

_MARGINS = Margins(64, 10, 14, 22)
_DOTS_UP_TO = 200
_MOST_DECADES = 20.0


class LabSpectrum(Canvas):
    """A line, and a dot a value where there are few."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, _MARGINS, parent)
        self._decades: NDArray[np.float64] = np.zeros(0)
        self._tolerance: float | None = None
        self._curve = Curve()
        self.add_item(self._curve)
        bottom, left = Axis(self, Edge.BOTTOM, step_ticks), Axis(self, Edge.LEFT, decade_ticks)
        Grid(self, left=left, bottom=bottom)
        self.decorate(self._draw_marks)
        self.setAccessibleName(self.tr("Singular values"))
        theme.changed.connect(self._set_pen)
        self._set_pen()

    def draw_answer(self, answer: SpectrumAnswered) -> None:
        """Draw these values; zeros stand at the lower edge."""
        values = answer.values[np.isfinite(answer.values)]
        positive = values[values > 0]
        self._tolerance = float(np.log10(answer.tolerance)) if answer.tolerance > 0 else None
        if not positive.size:
            self._decades = np.zeros(0)
            self._curve.setData([], [])
            self.redraw()
            return
        top, bottom = float(np.log10(positive.max())), float(np.log10(positive.min()))
        low = max(bottom, top - _MOST_DECADES) - 0.15
        high = max(top + 0.15, low + 1.0)
        with np.errstate(divide="ignore"):
            self._decades = np.maximum(np.log10(values), low)
        self.set_ranges((-0.5, max(len(values) - 0.5, 0.5)), (low, high))
        self._curve.setData(np.arange(len(values), dtype=np.float64), self._decades)
        self.redraw()

    def _draw_marks(self, painter: QPainter) -> None:
        tokens, area = self.theme.tokens, self.area
        if 0 < len(self._decades) <= _DOTS_UP_TO:
            for at, decade in enumerate(self._decades.tolist()):
                center = QPointF(round(self.x_px(at)), round(self.y_px(decade)))
                painter.fillRect(QRectF(center.x() - 2, center.y() - 2, 4, 4), QColor(tokens.series[0]))
        if self._tolerance is not None and self.y_range[0] < self._tolerance < self.y_range[1]:
            y = round(self.y_px(self._tolerance))
            painter.setPen(cosmetic_pen(tokens.text, dash=(3.0, 3.0)))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right() - 1, y))
            painter.setFont(self.theme.ui_font(11))
            painter.setPen(QColor(tokens.muted))
            box = QRectF(area.left(), y - self.theme.px(18), area.width() - self.theme.px(4), self.theme.px(16))
            painter.drawText(box, Qt.AlignmentFlag.AlignRight, self.tr("tolerance of the rank"))

    def _set_pen(self) -> None:
        self._curve.setPen(cosmetic_pen(self.theme.tokens.series[0]))
