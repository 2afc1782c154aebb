"""Two small histograms in a cell: an outline of the values before, bars of those after."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionViewItem

from moduleview.gui.initialise.preview_model import CHANGE_ROLE
from moduleview.gui.models.cell_guard import Index
from moduleview.gui.widgets.cell_delegate import CellDelegate
from moduleview.telemetry.initialising_messages import Spread, TensorChange

WIDTH_PX = 96
_HEIGHT_PX = 18


class SpreadDelegate(CellDelegate):
    """Paints as all cells are painted, and histograms where there are some."""

    def paint_content(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """The histograms, or the text."""
        change = index.data(CHANGE_ROLE)
        if isinstance(change, TensorChange):
            self._paint_spreads(painter, option.rect, change)
        else:
            super().paint_content(painter, option, index)

    def _paint_spreads(self, painter: QPainter, cell: QRect, change: TensorChange) -> None:
        px, tokens = self.theme.px, self.theme.tokens
        height = px(_HEIGHT_PX)
        width = min(px(WIDTH_PX), cell.width() - px(8))
        box = QRect(cell.x() + px(4), cell.y() + (cell.height() - height) // 2, width, height)
        spreads = [spread for spread in (change.before, change.after) if spread is not None]
        if not spreads or width < px(20):
            return
        highest = max(float(np.max(spread.shares)) for spread in spreads) or 1.0
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if change.after is not None:
            _paint_bars(painter, box, change.after, highest, QColor(tokens.series[0]))
        if change.before is not None:
            painter.setPen(QPen(QColor(tokens.text), 1))
            painter.drawPolyline(_outline(box, change.before, highest))
        painter.setPen(QPen(QColor(tokens.strong), 1))
        painter.drawLine(box.left(), box.bottom() + 1, box.right(), box.bottom() + 1)


def _paint_bars(painter: QPainter, box: QRect, spread: Spread, highest: float, color: QColor) -> None:
    edges = _edges(box, len(spread.shares))
    for number, share in enumerate(spread.shares.tolist()):
        if share > 0:
            top = max(1, round(share / highest * box.height()))
            left, right = edges[number], edges[number + 1]
            painter.fillRect(QRectF(left, box.bottom() + 1 - top, max(right - left, 1), top), color)


def _outline(box: QRect, spread: Spread, highest: float) -> QPolygonF:
    """A staircase over the bins that hold something."""
    edges, floor = _edges(box, len(spread.shares)), box.bottom() + 0.5
    filled = np.flatnonzero(spread.shares)
    if not len(filled):
        return QPolygonF()
    first, last = int(filled[0]), int(filled[-1])
    points = [QPointF(edges[first] + 0.5, floor)]
    for number in range(first, last + 1):
        share = float(spread.shares[number])
        y = floor - (max(1, round(share / highest * (box.height() - 1))) if share > 0 else 0)
        points += [QPointF(edges[number] + 0.5, y), QPointF(edges[number + 1] - 0.5, y)]
    return QPolygonF([*points, QPointF(points[-1].x(), floor)])


def _edges(box: QRect, n_bins: int) -> list[int]:
    return [box.x() + round(number * box.width() / n_bins) for number in range(n_bins + 1)]
