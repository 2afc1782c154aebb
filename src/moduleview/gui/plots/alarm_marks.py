"""Marks where an alarm rang, on the curve that crossed its threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from moduleview.gui.plots.canvas import ABOVE
from moduleview.gui.plots.series_chart import SeriesChart
from moduleview.telemetry.changes_messages import AlarmRang

_MARK_PX = 10


class AlarmMarks:
    """A diamond at the step and the value of each ring, as in the strip above the map."""

    def __init__(self, chart: SeriesChart) -> None:
        self._chart = chart
        self._rings: tuple[AlarmRang, ...] = ()
        chart.decorate(self._draw, ABOVE)

    def set_rings(self, rings: Sequence[AlarmRang]) -> None:
        """Show these, which belong to lines that are drawn."""
        if self._rings != (found := tuple(rings)):
            self._rings = found
            self._chart.redraw()

    def places(self) -> list[QPointF]:
        """Middles of the marks that are in sight, one a pixel.

        At the upper edge where the value is not finite; at the lower one where a logarithmic axis has no place for it.
        """
        chart, area = self._chart, self._chart.area
        values = np.array([ring.value for ring in self._rings], dtype=np.float64)
        heights = chart.axes.scale.of(values)
        steps = chart.axes.x_of(np.array([ring.step for ring in self._rings], dtype=np.float64))
        (left, right), (low, high) = chart.x_range, chart.y_range
        x = area.left() + (steps - left) / (right - left) * area.width()
        y = area.bottom() - (heights - low) / (high - low) * area.height()
        y = np.where(np.isfinite(heights), y, area.bottom())
        y = np.where(np.isfinite(values), np.clip(y, area.top(), area.bottom()), area.top())
        is_in_sight = (x >= area.left()) & (x <= area.right())
        found = np.unique(np.round(np.stack([x[is_in_sight], y[is_in_sight]], axis=1)), axis=0)
        return [QPointF(*place) for place in found.tolist()]

    def _draw(self, painter: QPainter) -> None:
        theme = self._chart.theme
        half = theme.px(_MARK_PX) / 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.tokens.accent))
        for at in self.places():
            corners = ((0.0, -half), (half, 0.0), (0.0, half), (-half, 0.0))
            painter.drawPolygon(QPolygonF([at + QPointF(dx, dy) for dx, dy in corners]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
