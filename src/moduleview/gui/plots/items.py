"""pyqtgraph's items as we use them: painting guarded, no antialiasing, nothing to click."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from moduleview.gui.widgets.safe_paint import safe_paint

_EVERYWHERE = QRectF(-1e9, -1e6, 2e9, 2e6)


class Curve(pg.PlotCurveItem):  # type: ignore[misc]
    """A line, broken where a value is NaN.

    It says that it is everywhere, since what is drawn is always in view: pyqtgraph would look for the smallest and the
    largest value four times a frame, which costs as much as the painting.
    """

    def boundingRect(self) -> QRectF:
        """All of the plane."""
        return _EVERYWHERE

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
    """The area between the smallest and the largest value: a rectangle a point, none where either is NaN.

    Rectangles, not a polygon: filling a jagged outline costs twenty times as much (1.4 ms against 0.07 ms a band).
    """

    def __init__(self) -> None:
        super().__init__()
        self._boxes = PrimitiveArray(QRectF, 4)
        self._n_boxes = 0
        self._brush = QBrush(Qt.BrushStyle.NoBrush)

    def set_color(self, color: QColor) -> None:
        """Fill with this colour, its opacity included."""
        if self._brush != QBrush(color):
            self._brush = QBrush(color)
            self.update()

    def set_edges(self, left: Any, widths: Any, low: Any, high: Any) -> None:
        """Take (m,) float64 each: where each rectangle begins, and how wide it is; all empty draws nothing."""
        finite = np.isfinite(low) & np.isfinite(high)
        left, bottom, top, widths = left[finite], low[finite], high[finite], widths[finite]
        self._n_boxes = len(left)
        if self._n_boxes:
            self._boxes.resize(self._n_boxes)
            boxes = self._boxes.ndarray()
            boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3] = left, bottom, widths, top - bottom
        self.update()

    def boundingRect(self) -> QRectF:
        """All of the plane."""
        return _EVERYWHERE

    @safe_paint
    def paint(self, painter: QPainter, _option: Any, _widget: Any) -> None:
        """Fill the area."""
        if self._n_boxes:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._brush)
            painter.drawRects(*self._boxes.drawargs())


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
