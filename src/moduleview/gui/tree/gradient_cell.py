"""Paints a gradient cell: a swatch in the map's colour, the number, a sparkline."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QPainter, QPen, QPolygon

from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.look.number_format import NO_VALUE, gradient
from moduleview.gui.models.gradient_rows import GradientHistory
from moduleview.gui.tree.sparkline import sparkline_runs
from moduleview.gui.tree.tree_look import PADDING_PX, TreeLook

_SWATCH_PX = (10, 14)
_GAP_PX = 6
_SPARKLINE_PX = (44, 16)
_LEAST_SPARKLINE_PX = 20
_N_CHARACTERS = 6
_KEPT_LINES = 256


class GradientCell:
    """Draws gradient cells; keeps the lines of histories that have not changed."""

    def __init__(self, look: TreeLook, scale: GradientScale) -> None:
        self._look = look
        self._scale = scale
        self._lines: dict[tuple[int, int], tuple[GradientHistory, list[QPolygon]]] = {}

    @staticmethod
    def widths(look: TreeLook) -> tuple[int, int]:
        """Width of the column without and with a sparkline, in pixels."""
        number = round(look.number_metrics.horizontalAdvance("0" * _N_CHARACTERS))
        least = look.px(PADDING_PX + _SWATCH_PX[0] + _GAP_PX) + number
        return least, least + look.px(PADDING_PX + _SPARKLINE_PX[0] + 4)

    def paint(
        self, painter: QPainter, cell: QRect, node: int, history: GradientHistory | None, is_selected: bool
    ) -> None:
        """Draw the cell of one module."""
        look = self._look
        value = None if history is None else history.latest
        left, swatch_width = cell.x() + look.px(PADDING_PX), look.px(_SWATCH_PX[0])
        painter.setFont(look.number_font)
        if value is None or history is None:
            painter.setPen(look.on_selection if is_selected else look.faint)
            dash = look.number_metrics.horizontalAdvance(NO_VALUE)
            painter.drawText(left + round((swatch_width - dash) / 2), look.baseline(cell), NO_VALUE)
            return
        height = look.px(_SWATCH_PX[1])
        top = cell.y() + (cell.height() - height) // 2
        painter.fillRect(left, top, swatch_width, height, self._scale.color(value, look.tokens))
        painter.setPen(look.on_selection if is_selected else look.text)
        number_left = left + swatch_width + look.px(_GAP_PX)
        text = gradient(value)
        painter.drawText(number_left, look.baseline(cell), text)
        end = number_left + round(
            look.number_metrics.horizontalAdvance(text)
        )  # an exponent of two digits needs more room
        line = QRect(cell)
        line.setLeft(max(cell.x() + self.widths(look)[0], end) + look.px(PADDING_PX))
        self._paint_line(painter, line, node, history, is_selected)

    def _paint_line(
        self, painter: QPainter, cell: QRect, node: int, history: GradientHistory, is_selected: bool
    ) -> None:
        look = self._look
        left = cell.left()
        width = min(look.px(_SPARKLINE_PX[0]), cell.right() - look.px(3) - left)
        if width < look.px(_LEAST_SPARKLINE_PX):
            return
        painter.setPen(QPen(look.on_selection if is_selected else look.muted, 1))
        top = cell.y() + (cell.height() - look.px(_SPARKLINE_PX[1])) // 2
        painter.translate(left, top)
        for line in self._line(node, history, width):
            painter.drawPolyline(line)
        painter.translate(-left, -top)

    def _line(self, node: int, history: GradientHistory, width: int) -> list[QPolygon]:
        kept = self._lines.get((node, width))
        if kept is not None and kept[0] is history:
            return kept[1]
        runs = sparkline_runs(history, width, self._look.px(_SPARKLINE_PX[1]))
        lines = [QPolygon([QPoint(x, y) for x, y in (run if len(run) > 1 else run * 2)]) for run in runs]
        if len(self._lines) >= _KEPT_LINES:
            self._lines.clear()
        self._lines[node, width] = (history, lines)
        return lines
