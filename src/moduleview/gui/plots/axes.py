"""Axes, grid and inverted tags, drawn in pixels: 1 px lines, ticks outward, labels in 11 px monospace."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter

from moduleview.gui.plots.canvas import Canvas
from moduleview.gui.plots.items import cosmetic_pen
from moduleview.gui.plots.ticks import Ticks

MakeTicks = Callable[[float, float, int], Ticks]
_MAJOR_PX, _MINOR_PX = 5, 2
_LABEL_GAP_PX = 3
_MOST_WITHOUT_ROOM = 8
_LEFT_SPACING_PX, _BOTTOM_SPACING_PX = 28, 90  # at least so far apart are two labels


class Edge(Enum):
    """Where an axis stands."""

    LEFT = "left"
    BOTTOM = "bottom"


class Axis:
    """One axis of a canvas. What its ticks are, ``make_ticks`` says: (low, high, most) -> ``Ticks``."""

    def __init__(
        self, canvas: Canvas, edge: Edge, make_ticks: MakeTicks, spacing_px: int | None = None, *, has_line: bool = True
    ) -> None:
        self._canvas = canvas
        self._edge = edge
        self.make_ticks = make_ticks
        self._has_line = has_line
        self.tag: tuple[float, str] | None = (
            None  # a value in inverted colours; labels that it would cover are left out
        )
        default = _LEFT_SPACING_PX if edge is Edge.LEFT else _BOTTOM_SPACING_PX
        self._spacing_px = default if spacing_px is None else spacing_px
        canvas.decorate(self._draw)

    def ticks(self) -> Ticks:
        """Those of the range in force: in a narrow plot closer than they should be, rather than none."""
        low, high = self._canvas.y_range if self._edge is Edge.LEFT else self._canvas.x_range
        area = self._canvas.area
        length = area.height() if self._edge is Edge.LEFT else area.width()
        most = max(1, int(length / self._canvas.theme.px(self._spacing_px)))
        ticks = self.make_ticks(low, high, most)
        while not ticks.major and most < _MOST_WITHOUT_ROOM:
            most *= 2
            ticks = self.make_ticks(low, high, most)
        return ticks

    def _draw(self, painter: QPainter) -> None:
        tokens, area = self._canvas.theme.tokens, self._canvas.area
        ticks = self.ticks()
        painter.setPen(cosmetic_pen(tokens.strong))
        if self._has_line and self._edge is Edge.LEFT:
            painter.drawLine(QPointF(area.left() - 1, area.top()), QPointF(area.left() - 1, area.bottom()))
        elif self._has_line:
            painter.drawLine(QPointF(area.left() - 1, area.bottom()), QPointF(area.right() - 1, area.bottom()))
        for at in ticks.minor:
            self._draw_tick(painter, at, _MINOR_PX)
        for at, _label in ticks.major:
            self._draw_tick(painter, at, _MAJOR_PX)
        painter.setPen(QColor(tokens.muted))
        painter.setFont(self._canvas.theme.mono_font())
        metrics = painter.fontMetrics()
        for at, label in ticks.major:
            self._draw_label(painter, metrics, at, label)

    def _draw_tick(self, painter: QPainter, at: float, length_px: int) -> None:
        area, length = self._canvas.area, self._canvas.theme.px(length_px)
        if self._edge is Edge.LEFT:
            y = min(round(self._canvas.y_px(at)), area.bottom())
            painter.drawLine(QPointF(area.left() - 1 - length, y), QPointF(area.left() - 2, y))
        else:
            x = min(round(self._canvas.x_px(at)), area.right() - 1)
            painter.drawLine(QPointF(x, area.bottom() + 1), QPointF(x, area.bottom() + length))

    def _draw_label(self, painter: QPainter, metrics: QFontMetrics, at: float, label: str) -> None:
        area, px = self._canvas.area, self._canvas.theme.px
        width = metrics.horizontalAdvance(label)
        gap = px(_MAJOR_PX + _LABEL_GAP_PX)
        if self._edge is Edge.LEFT:
            y = self._canvas.y_px(at) + metrics.capHeight() / 2
            y = min(max(y, area.top() + metrics.capHeight()), area.bottom() + metrics.capHeight() / 2)
            painter.drawText(QPointF(area.left() - 1 - gap - width, round(y)), label)
            return
        x = self._canvas.x_px(at) - width / 2
        x = min(max(x, 0.0), self._canvas.width() - width)
        if self.tag is not None:
            tag = tag_box(self._canvas, self._edge, *self.tag)
            if tag.left() - px(4) < x + width and x < tag.right() + px(4):
                return
        painter.drawText(QPointF(round(x), area.bottom() + gap + metrics.ascent()), label)


class Grid:
    """Lines behind the data at the major ticks."""

    def __init__(self, canvas: Canvas, *, left: Axis | None = None, bottom: Axis | None = None) -> None:
        self._canvas, self._left, self._bottom = canvas, left, bottom
        canvas.decorate(self._draw, -10.0)

    def _draw(self, painter: QPainter) -> None:
        area = self._canvas.area
        painter.setPen(cosmetic_pen(self._canvas.theme.tokens.grid))
        for at, _label in self._left.ticks().major if self._left else ():
            y = round(self._canvas.y_px(at))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right() - 1, y))
        for at, _label in self._bottom.ticks().major if self._bottom else ():
            x = min(round(self._canvas.x_px(at)), area.right() - 1)
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom() - 1))


def tag_box(canvas: Canvas, edge: Edge, at: float, text: str) -> QRectF:
    """Where the tag of a value stands on an axis."""
    area, px = canvas.area, canvas.theme.px
    metrics = QFontMetrics(canvas.theme.mono_font())
    width, height = metrics.horizontalAdvance(text) + px(12), px(17)
    if edge is Edge.LEFT:
        y = min(max(round(canvas.y_px(at) - height / 2), 0), round(area.bottom()) - height)
        return QRectF(area.left() - 1 - width, y, width, height)
    x = min(max(round(canvas.x_px(at) - width / 2), 0), canvas.width() - width)
    return QRectF(x, area.bottom() + 2, width, height)


def draw_tag(painter: QPainter, canvas: Canvas, edge: Edge, at: float, text: str) -> None:
    """A value in inverted colours on an axis."""
    tokens, box = canvas.theme.tokens, tag_box(canvas, edge, at, text)
    painter.setFont(canvas.theme.mono_font())
    painter.fillRect(box, QColor(tokens.text))
    painter.setPen(QColor(tokens.panel))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
