"""A chart with its legend at the right, which ends the chart where the map's columns end."""

from __future__ import annotations

from PySide6.QtCore import QPoint
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.plots.legend import Legend
from moduleview.gui.plots.series_chart import SeriesChart

_LEGEND_PX, _LEGEND_LEAST_PX = 189, 150


class ChartWithLegend(QWidget):
    """What is drawn together, and exported together."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._edge: int | None = None
        self.chart, self.legend = SeriesChart(theme, self), Legend(theme, self)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self._row.addWidget(self.chart, 1)
        self._row.addWidget(self.legend)

    def fit(self, right_edge: int | None) -> None:
        """End the chart where the map's columns end on the screen, so that a step is one column through both."""
        self._edge = right_edge
        px = self._theme.px
        width = px(_LEGEND_PX)
        if right_edge is not None and self.isVisible():
            wanted = self.mapToGlobal(QPoint(self.width(), 0)).x() - right_edge - px(self.chart.right_margin)
            if px(_LEGEND_LEAST_PX) <= wanted <= self.width() // 2:
                width = wanted
        self.legend.setFixedWidth(min(width, max(px(_LEGEND_LEAST_PX), self.width() * 2 // 5)))
        self._row.activate()  # a request to lay out made while one is under way is lost

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The legend keeps its width, the chart takes the rest."""
        super().resizeEvent(event)
        self.fit(self._edge)
