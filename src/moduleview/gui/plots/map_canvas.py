"""The gradient map itself: rows of modules against steps, as one image."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.look.theme import Theme
from moduleview.gui.plots.axes import Axis, Edge
from moduleview.gui.plots.canvas import ABOVE, BELOW, Canvas, Margins
from moduleview.gui.plots.color_bar import LINE_PX, ColorBar
from moduleview.gui.plots.event_strip import STRIP_PX, EventStrip
from moduleview.gui.plots.hatch import HATCH_PX, draw_hatch
from moduleview.gui.plots.items import Image, cosmetic_pen
from moduleview.gui.plots.map_columns import MapColumns
from moduleview.gui.plots.map_picture import color_table, make_picture
from moduleview.gui.plots.map_rows import MapRows
from moduleview.gui.plots.row_axis import RowAxis
from moduleview.gui.plots.ticks import step_ticks

AXIS_PX = 22
_MARGINS = Margins(72, STRIP_PX, 14, AXIS_PX + LINE_PX)
_WHITE = "white"


class MapCanvas(Canvas):
    """Draws columns that it is given; where a person points, ``row_at`` and ``step_at`` say."""

    def __init__(self, theme: Theme, scale: GradientScale, parent: QWidget | None = None) -> None:
        super().__init__(theme, _MARGINS, parent)
        self._scale = scale
        self._crosshair: int | None = None
        self._selected: tuple[int, int] | None = None
        self._edges = (0.0, 0.0)  # where the first column begins and the newest ends
        self._has_gaps = False  # columns in which nobody measured
        self._image = Image(axisOrder="row-major")
        self.add_item(self._image)
        self._image.setVisible(False)
        Axis(self, Edge.BOTTOM, step_ticks)
        self.row_axis = RowAxis(self)
        self.events = EventStrip(self)
        self.color_bar = ColorBar(self, scale)
        self.decorate(self._draw_gaps, BELOW)
        self.decorate(self._draw_marks, ABOVE + 1)

    def draw_map(
        self, rows: MapRows, columns: MapColumns, steps: tuple[float, float], seen: tuple[float, float]
    ) -> None:
        """Draw these columns over these steps, and the rows between the edges ``seen``."""
        self.row_axis.rows = rows
        shown, first, end = columns.shown, columns.seen.start, columns.seen.stop
        self._image.setVisible(bool(shown.size))
        if shown.size:
            low, high = self._scale.limits
            self.color_bar.look_at(columns.decades)
            self._has_gaps = bool(np.isnan(columns.decades).any())
            table = color_table(self._scale.map_name, self.theme.tokens)
            picture = make_picture(shown, (low, high), table, columns.is_held)
            self._image.setImage(picture, autoLevels=False, levels=None)
            width = shown.shape[1] * columns.width
            self._edges = (columns.first_step - 0.5, columns.first_step - 0.5 + width)
            self._image.setRect(QRectF(columns.first_step - 0.5, first, width, end - first))
        self.set_ranges(steps, (seen[1], seen[0]))
        self.redraw()

    def set_selected(self, fqn: str | None, rows: MapRows | None) -> None:
        """Frame the rows of a module or parameter."""
        self._selected = self.row_axis.select(fqn, rows)
        self.redraw()

    def set_crosshair(self, step: int | None) -> None:
        """Show the crosshair at a step, or nowhere."""
        if step != self._crosshair:
            self._crosshair = step
            self.redraw()

    def row_at(self, position: QPointF) -> int | None:
        """The row at a height, also left of the map where its name stands."""
        rows = self.row_axis.rows
        if rows is None or not self.area.top() <= position.y() < self.area.bottom() or position.x() > self.area.right():
            return None
        return min(max(int(self.y_at(position)), 0), len(rows) - 1) if len(rows) else None

    def step_at(self, position: QPointF) -> int | None:
        """The step under a position inside the map."""
        step = round(self.x_at(position))
        return step if self.area.contains(position) and step >= 0 else None

    def _draw_gaps(self, painter: QPainter) -> None:
        """Under the columns, which are transparent where nobody measured."""
        if not self._has_gaps or not self._image.isVisible():
            return
        left, right = (min(max(round(self.x_px(edge)), self.area.left()), self.area.right()) for edge in self._edges)
        box = QRectF(left, self.area.top(), right - left, self.area.height())
        draw_hatch(painter, box, self.theme.tokens.border, self.theme.px(HATCH_PX))

    def _draw_marks(self, painter: QPainter) -> None:
        area = self.area
        if self._selected is not None and self._image.isVisible():
            top, bottom = (min(max(round(self.y_px(row)), area.top()), area.bottom()) for row in self._selected)
            painter.setPen(cosmetic_pen(_WHITE))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if bottom > top:  # beside the first and the last column: a spike there must not be covered
                left, right = area.left() - 1, min(round(self.x_px(self._edges[1])), area.right())
                painter.drawRect(QRectF(left, top, max(right - left, 1), bottom - top - 1))
        step = self._crosshair
        if step is not None and self.x_range[0] <= step <= self.x_range[1]:
            painter.setPen(cosmetic_pen(_WHITE, dash=(3.0, 3.0)))
            x = round(self.x_px(step))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom() - 1))
