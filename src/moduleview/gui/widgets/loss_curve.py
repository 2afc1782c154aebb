"""A small curve of a loss that was recorded: no axes, no scale, only its course and where it stopped being a number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint

_HEIGHT_PX, _MARGIN_TOP_PX, _MARGIN_BOTTOM_PX, _LABEL_MARGIN_PX = 64, 9, 13, 12
_WASH = 0.25  # opacity, over a dead stretch
_HIGH = 0.6  # a curve that ends above this would run through its name at the top
_LEAST_RANGE = 0.5  # of the largest loss: noise on a loss that does not fall stays flat
_LOG_FROM_RATIO = 1e3  # a loss that leaps so far is flat on a linear scale but for its last step


class LossCurve(QWidget):
    """The head of a sample's card. Follows the theme by itself.

    Args:
        losses: (n,) float32; not finite where the loss was not.
        is_faulty: Drawn in the warning's colour.
        theme: Colours and measures.
        parent: The card.
    """

    def __init__(self, losses: NDArray[np.float32], is_faulty: bool, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._is_faulty = is_faulty
        self._losses = losses
        self._heights = _heights(losses)
        finite = np.isfinite(losses)
        self._points = QPolygonF()
        self._first_dead = int(np.argmin(finite)) if not finite.all() else None
        self.setAccessibleName(self.tr("Course of the loss"))
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def sizeHint(self) -> QSize:
        """A fixed height; the width is the card's."""
        return QSize(self._theme.px(120), self._theme.px(_HEIGHT_PX))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the curve out for the new width; painting only draws it."""
        super().resizeEvent(event)
        self._points = self._make_points()

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground with the card's round corners, the wash, the curve and its name."""
        tokens, px = self._theme.tokens, self._theme.px
        painter = QPainter(self)
        ground = _round_topped(QRectF(self.rect()), px(4) - 1)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(ground, QColor(tokens.raised))
        painter.setClipPath(ground)
        self._draw_wash(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(QColor(tokens.warning if self._is_faulty else tokens.series[0]), 1))
        painter.drawPolyline(self._points)
        painter.setPen(QPen(QColor(tokens.border), 1))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)
        self._draw_name(painter)

    def _make_points(self) -> QPolygonF:
        n_alive = len(self._losses) if self._first_dead is None else self._first_dead
        top, bottom = self._theme.px(_MARGIN_TOP_PX), self.height() - self._theme.px(_MARGIN_BOTTOM_PX)
        x = np.arange(n_alive) * ((self.width() - 1) / max(len(self._losses) - 1, 1))
        y = bottom - (bottom - top) * self._heights[:n_alive]
        return QPolygonF([QPointF(*point) for point in zip(x.tolist(), y.tolist(), strict=True)])

    def _x_of(self, step: int) -> float:
        return step * (self.width() - 1) / max(len(self._losses) - 1, 1)

    def _draw_wash(self, painter: QPainter) -> None:
        if self._first_dead is None:
            return
        x = round(self._x_of(self._first_dead))
        wash = QColor(self._theme.tokens.non_finite)
        wash.setAlphaF(_WASH)
        painter.fillRect(QRectF(x, 0, self.width() - x, self.height()), wash)
        painter.setPen(QColor(self._theme.tokens.text))
        painter.setFont(self._theme.mono_font(11, bold=True))
        gap, width = self._theme.px(8), painter.fontMetrics().horizontalAdvance("NaN")
        has_room = x + width + 2 * gap <= self.width()
        painter.drawText(QPointF(x + gap if has_room else x - gap - width, self._theme.px(16)), "NaN")

    def _draw_name(self, painter: QPainter) -> None:
        if not len(self._losses):
            return
        painter.setFont(self._theme.ui_font(11))
        painter.setPen(QColor(self._theme.tokens.muted))
        text = self.tr("loss")
        if self._first_dead is not None:
            return  # the wash says enough, and stands in its place
        margin, inset = self._theme.px(_LABEL_MARGIN_PX), self._theme.px(6)
        where = QRectF(self.rect()).adjusted(margin, inset, -margin, -inset)
        last = self._heights[-max(1, len(self._heights) // 4) :]
        side = Qt.AlignmentFlag.AlignBottom if last.max() > _HIGH else Qt.AlignmentFlag.AlignTop
        painter.drawText(where, Qt.AlignmentFlag.AlignRight | side, text)

    def _on_theme_changed(self) -> None:
        self.setFixedHeight(self._theme.px(_HEIGHT_PX))
        self._points = self._make_points()
        self.update()


def _heights(losses: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n,) in 0..1 from the smallest finite loss to the largest; NaN where the loss was not finite."""
    values = losses.astype(np.float64)
    values[~np.isfinite(values)] = np.nan
    if not np.isfinite(values).any():
        return values
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if low > 0 and high > _LOG_FROM_RATIO * low:
        values, low, high = np.log10(values), float(np.log10(low)), float(np.log10(high))
    elif high > 0:
        low = min(low, (1 - _LEAST_RANGE) * high)
    if high == low:
        return np.where(np.isfinite(values), 0.5, np.nan)
    return (values - low) / (high - low)


def _round_topped(rect: QRectF, radius: float) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(rect.adjusted(0, 0, 0, radius * 2), radius, radius)
    clip = QPainterPath()
    clip.addRect(rect)
    return path.intersected(clip)
