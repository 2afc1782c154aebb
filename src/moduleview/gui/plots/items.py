"""pyqtgraph's items as we use them: painting guarded, no antialiasing, nothing to click."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen

from moduleview.gui.plots.safe_paint import safe_paint


class Curve(pg.PlotCurveItem):  # type: ignore[misc]
    """A line, broken where a value is NaN."""

    @safe_paint
    def paint(self, painter: QPainter, option: Any, widget: Any) -> None:
        """Draw the line."""
        super().paint(painter, option, widget)


class Image(pg.ImageItem):  # type: ignore[misc]
    """A picture of (rows, columns, 4) bytes."""

    @safe_paint
    def paint(self, painter: QPainter, *arguments: Any) -> None:
        """Draw the picture, pixels as they are."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        super().paint(painter, *arguments)


class Marks(pg.ScatterPlotItem):  # type: ignore[misc]
    """Marks of a fixed size in pixels."""

    @safe_paint
    def paint(self, painter: QPainter, *arguments: Any) -> None:
        """Draw the marks."""
        super().paint(painter, *arguments)


class Band(pg.GraphicsObject):  # type: ignore[misc]
    """The area between the smallest and the largest value, broken where either is NaN."""

    def __init__(self) -> None:
        super().__init__()
        self._path = QPainterPath()
        self._brush = QBrush(Qt.BrushStyle.NoBrush)
        self._bounds = QRectF()

    def set_color(self, color: QColor) -> None:
        """Fill with this colour, its opacity included."""
        self._brush = QBrush(color)
        self.update()

    def set_edges(self, x: Any, low: Any, high: Any) -> None:
        """Take (m,) float64 each; all empty draws nothing."""
        self.prepareGeometryChange()
        self._path = QPainterPath()
        finite = np.isfinite(low) & np.isfinite(high)
        edges = [0, *((finite[1:] != finite[:-1]).nonzero()[0] + 1).tolist(), len(x)] if len(x) else [0]
        for begin, end in pairwise(edges):
            if not finite[begin]:
                continue
            outline = pg.functions.arrayToQPath(
                np.concatenate([x[begin:end], x[begin:end][::-1]]),
                np.concatenate([high[begin:end], low[begin:end][::-1]]),
            )
            self._path.addPath(outline)
        self._bounds = self._path.boundingRect()
        self.update()

    def boundingRect(self) -> QRectF:
        """Of the area, in data."""
        return self._bounds

    @safe_paint
    def paint(self, painter: QPainter, _option: Any, _widget: Any) -> None:
        """Fill the area."""
        painter.fillPath(self._path, self._brush)


def cosmetic_pen(color: str, opacity: float = 1.0, dash: tuple[float, ...] = ()) -> QPen:
    """A pen of 1 px at any zoom; ``dash`` in pixels, on and off in turn."""
    tint = QColor(color)
    tint.setAlphaF(opacity)
    pen = QPen(tint, 1.0)
    pen.setCosmetic(True)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    if dash:
        pen.setDashPattern(list(dash))
    return pen
