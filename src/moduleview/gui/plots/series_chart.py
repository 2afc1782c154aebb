"""Lines against the step: raw and smoothed, their band where a pixel holds several steps, the crosshair, gaps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.theme import Theme
from moduleview.gui.plots.axes import Axis, Edge, Grid, draw_tag
from moduleview.gui.plots.canvas import ABOVE, Canvas, Margins
from moduleview.gui.plots.chart_lines import FADED, Line, LineAxes, LineStyle, Scale, lone_points, value_at
from moduleview.gui.plots.curve_points import CurvePoints
from moduleview.gui.plots.edge_marks import mark_spans
from moduleview.gui.plots.items import cosmetic_pen
from moduleview.gui.plots.limits import AxisLimits
from moduleview.gui.plots.run_time import RunTime
from moduleview.gui.plots.ticks import decade_ticks, linear_ticks, step_ticks, time_ticks

LEFT_AXIS_PX = 72
_MARGINS = Margins(LEFT_AXIS_PX, 8, 14, 36)
_TICK_PX, _POINT_PX = 6, 4
_NEAR_PX = 40.0


class SeriesChart(Canvas):
    """At most 16 lines. Draws what it is given and says where the pointer is; holds no choice of its own."""

    step_pointed = Signal(object)  # int or None
    nearest_changed = Signal(object)  # number of the line at the pointer, or None

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, _MARGINS, parent)
        self.axes = LineAxes(Scale(is_log=True))
        self._limits = AxisLimits(is_log=True)
        self._lines: list[Line] = []
        self._drawn: list[tuple[CurvePoints, LineStyle]] = []
        self._looked_at: tuple[tuple[float, float], tuple[bool, ...]] | None = None  # steps, and hidden lines
        self._crosshair: int | None = None
        self._pointer: QPointF | None = None
        self._nearest: int | None = None
        self.points_at_first_line = False  # the crosshair reads the first line wherever the pointer is
        self._steps = Axis(self, Edge.BOTTOM, step_ticks)
        self._values = Axis(self, Edge.LEFT, decade_ticks)
        Grid(self, left=self._values, bottom=self._steps)
        self.decorate(self._draw_ticks)
        self.decorate(self._draw_lone_points, ABOVE)
        self.decorate(self._draw_crosshair, ABOVE + 1)
        self.pointer_moved.connect(self._on_pointer_moved)
        self.pointer_left.connect(self._on_pointer_left)

    @property
    def right_margin(self) -> int:
        """Logical pixels right of the data."""
        return _MARGINS.right

    @property
    def is_log(self) -> bool:
        """The value axis is logarithmic."""
        return self.axes.scale.is_log

    def set_log(self, is_log: bool) -> None:
        """Take a logarithmic or a linear value axis; ``draw_lines`` follows."""
        self.axes = replace(self.axes, scale=Scale(is_log=is_log))
        self._values.make_ticks = decade_ticks if is_log else linear_ticks
        self.forget_limits()

    def set_run_time(self, run_time: RunTime | None) -> None:
        """Let the x axis be seconds of training, or with None the step; ``draw_lines`` follows."""
        self.axes = replace(self.axes, run_time=run_time)
        self._steps.make_ticks = step_ticks if run_time is None else time_ticks

    def step_under(self, position: QPointF) -> float:
        """The step, with a fraction, under a position."""
        return self.axes.step_at(self.x_at(position))

    def forget_limits(self) -> None:
        """The next lines have nothing to do with those before: find the value axis anew."""
        self._limits = AxisLimits(is_log=self.is_log)

    def draw_lines(
        self,
        lines: Sequence[tuple[CurvePoints, LineStyle]],
        steps: tuple[float, float],
        *,
        has_smooth: bool,
        is_following: bool = True,
    ) -> None:
        """Draw these lines over these steps.

        Args:
            lines: Points and looks of each.
            steps: At the left and the right edge.
            has_smooth: The smoothed line is drawn over a faint one.
            is_following: The newest step stays at the right edge: the value axis is kept calm meanwhile.
        """
        self._drawn = list(lines)
        self._look_elsewhere(steps, is_following=is_following)
        while len(self._lines) < len(lines):
            self._lines.append(Line(self))
        for line in self._lines[len(lines) :]:
            line.hide()
        for line, (points, style) in zip(self._lines, lines, strict=False):
            line.draw(points, style, self.axes, has_smooth=has_smooth)
        low, high = self.axes.x_of(np.array(steps)).tolist()
        self.set_ranges((low, high), self._value_range(steps))
        self._tag_crosshair()
        self.redraw()

    @property
    def has_below(self) -> bool:
        """Something that is drawn is zero or less, where a logarithmic axis has no place for it."""
        return self.is_log and any(
            bool((points.low <= 0).any()) for points, style in self._drawn if not style.is_hidden
        )

    def set_crosshair(self, step: int | None) -> None:
        """Show the crosshair at a step, or nowhere."""
        if step != self._crosshair:
            self._crosshair = step
            self._tag_crosshair()
            self.redraw()

    def bring_to_front(self, number: int | None) -> None:
        """Draw one line over the others, at full strength; None draws all alike."""
        for at, line in enumerate(self._lines):
            line.set_z(5.0 if at == number else 0.0)

    def _look_elsewhere(self, steps: tuple[float, float], *, is_following: bool) -> None:
        """Who zooms, goes back in time or hides a line sees the rest at its own height, not at that of a spike before.

        While the newest step is followed the axis stays calm: see ``AxisLimits``.
        """
        now = steps, tuple(style.is_hidden for _points, style in self._drawn)
        before, self._looked_at = self._looked_at, now
        if before is None or before == now:
            return
        is_as_wide = math.isclose(before[0][1] - before[0][0], steps[1] - steps[0], rel_tol=1e-6)
        if before[1] != now[1] or not is_following or not is_as_wide:
            self.forget_limits()

    def _tag_crosshair(self) -> None:
        step, run_time = self._crosshair, self.axes.run_time
        if step is None:
            self._steps.tag = None
        elif run_time is None:
            self._steps.tag = (float(step), number_format.exact_count(step))
        else:
            x = self._x_of_step(step)
            self._steps.tag = (x, number_format.duration(x))

    def _x_of_step(self, step: float) -> float:
        return float(self.axes.x_of(np.array([step], dtype=np.float64))[0])

    def _value_range(self, steps: tuple[float, float]) -> tuple[float, float]:
        extremes: list[float] = []
        for points, style in self._drawn:
            if style.is_hidden:
                continue
            inside = (points.steps + points.n_steps > steps[0]) & (points.steps <= steps[1])
            heights = np.concatenate([self.axes.scale.of(points.low[inside]), self.axes.scale.of(points.high[inside])])
            heights = heights[np.isfinite(heights)]
            if len(heights):
                extremes += [float(heights.min()), float(heights.max())]
        if not extremes:
            return self._limits.known or ((-4.0, 1.0) if self.is_log else (0.0, 1.0))
        return self._limits.observe(min(extremes), max(extremes), int(steps[1]))

    # -- drawing ---------------------------------------------------------------------------------------------------

    def _draw_ticks(self, painter: QPainter) -> None:
        """What is not finite: a mark at the upper edge; on a logarithmic axis zero and less: one at the lower edge."""
        color = QColor(self.theme.tokens.non_finite)
        size = self.theme.px(_TICK_PX)
        low, high = (self.axes.step_at(x) for x in self.x_range)
        width = max(2.0, min(round(self.area.width() / (high - low)), self.theme.px(4)))
        painter.setClipRect(self.area)
        for points, style in self._drawn:
            if style.is_hidden:
                continue
            for x, span in self._spans(points, points.non_finite, width):
                painter.fillRect(QRectF(x, self.area.top(), span, size), color)
            if self.is_log:
                for x, span in self._spans(points, points.high <= 0.0, width):
                    painter.fillRect(QRectF(x, self.area.bottom() - size, span, size), QColor(style.color))

    def _spans(self, points: CurvePoints, marked: NDArray[np.bool_], width: float) -> list[tuple[float, float]]:
        left, low, high = self.area.left(), *self.x_range
        scale = self.area.width() / (high - low)
        return mark_spans(
            points.steps[marked],
            points.n_steps[marked],
            lambda steps: left + (self.axes.x_of(steps) - low) * scale,
            width,
        )

    def _draw_lone_points(self, painter: QPainter) -> None:
        """A square where a line has no second point: the first step, or a value between two gaps."""
        painter.setClipRect(self.area)
        side = self.theme.px(_POINT_PX)
        for points, style in self._drawn:
            if style.is_hidden:
                continue
            color = QColor(style.color)
            color.setAlphaF(FADED if style.is_faded else 1.0)
            for step, height in zip(*(found.tolist() for found in lone_points(points, self.axes.scale)), strict=True):
                left, top = round(self.x_px(self._x_of_step(step)) - side / 2), round(self.y_px(height) - side / 2)
                painter.fillRect(QRectF(left, top, side, side), color)

    def _draw_crosshair(self, painter: QPainter) -> None:
        step = self._crosshair
        if step is None or self._steps.tag is None or not self.x_range[0] <= self._x_of_step(step) <= self.x_range[1]:
            return
        tokens = self.theme.tokens
        pen = cosmetic_pen(tokens.text, dash=(3.0, 3.0))
        painter.setPen(pen)
        x = round(self.x_px(self._x_of_step(step)))
        painter.drawLine(QPointF(x, self.area.top()), QPointF(x, self.area.bottom() - 1))
        draw_tag(painter, self, Edge.BOTTOM, *self._steps.tag)
        height = self._height_at(self._nearest, step)
        if self._nearest is None or height is None or not self.y_range[0] <= height <= self.y_range[1]:
            return
        painter.setPen(pen)
        y = round(self.y_px(height))
        painter.drawLine(QPointF(self.area.left(), y), QPointF(self.area.right() - 1, y))
        painter.setPen(cosmetic_pen(self._drawn[self._nearest][1].color))
        painter.setBrush(QColor(tokens.panel))
        half = self.theme.px(3)
        painter.drawRect(QRectF(x - half, y - half, 2 * half, 2 * half))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        text = number_format.gradient(self.axes.scale.value(height))
        draw_tag(painter, self, Edge.LEFT, height, text)

    # -- pointer ---------------------------------------------------------------------------------------------------

    def _on_pointer_moved(self, at: QPointF) -> None:
        is_inside = self.area.contains(at)
        self._pointer = at if is_inside else None
        step = round(self.step_under(at)) if is_inside else None
        self.step_pointed.emit(None if step is None or step < 0 else step)
        nearest = None if step is None else self._nearest_line(step, at.y())
        if nearest != self._nearest:
            self._nearest = nearest
            self.nearest_changed.emit(nearest)
        self.redraw()

    def _on_pointer_left(self) -> None:
        self._pointer = None
        self.step_pointed.emit(None)
        if self._nearest is not None:
            self._nearest = None
            self.nearest_changed.emit(None)
        self.redraw()

    def _nearest_line(self, step: int, y_px: float) -> int | None:
        if self.points_at_first_line:
            return 0 if self._drawn else None
        best, best_px = None, float(self.theme.px(_NEAR_PX))
        for number, (_points, style) in enumerate(self._drawn):
            height = None if style.is_hidden else self._height_at(number, step)
            if height is not None and abs(self.y_px(height) - y_px) < best_px:
                best, best_px = number, abs(self.y_px(height) - y_px)
        return best

    def _height_at(self, number: int | None, step: int) -> float | None:
        if number is None or number >= len(self._drawn):
            return None
        value = value_at(self._drawn[number][0], step)
        if value is None or not np.isfinite(value) or (self.is_log and value <= 0):
            return None
        return float(np.log10(value)) if self.is_log else value
