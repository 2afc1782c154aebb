"""Shares of a tensor's elements by magnitude: a bin a power of two; zero, subnormal, Inf and NaN stand apart."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint
from moduleview.telemetry.tensor_numbers import MagnitudeHistogram

_SPECIAL_WIDTH, _GAP, _AXIS_HEIGHT, _TOP = 98, 8, 22, 16
_SPECIAL_BAR = 12
_LABEL_EVERY = 52  # px a decade label needs
_FEWEST_BINS = 24
_LOG2_OF_10 = math.log2(10.0)


class MagnitudePlot(QWidget):
    """Bars now, an outline of an earlier step. Follows the theme by itself.

    The four bins left of the axis are drawn against 100 % of the elements, the others against the highest bin, whose
    share is written above: many zeros must not flatten the rest. A share that is not zero has at least one pixel, and
    two left of the axis.
    """

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._now: MagnitudeHistogram | None = None
        self._earlier: MagnitudeHistogram | None = None
        self._range: tuple[int, int] | None = None  # exponents; only widens while one tensor is looked at
        self.setAccessibleName(self.tr("Distribution of magnitudes"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        theme.changed.connect(self.update)

    def forget(self) -> None:
        """Another tensor: its range has nothing to do with the one before."""
        self._now = self._earlier = self._range = None
        self.update()

    def show_shares(self, now: MagnitudeHistogram | None, earlier: MagnitudeHistogram | None) -> None:
        """Draw two histograms; either may be missing."""
        self._now, self._earlier = now, earlier
        ends = [end for shown in (now, earlier) if shown is not None for end in _ends(shown)]
        if self._range is not None:
            ends += self._range
        if ends:
            low, high = min(ends), max(ends)
            missing = max(_FEWEST_BINS - (high - low + 1), 0)
            self._range = (low - missing // 2, high + (missing + 1) // 2)
        self.setAccessibleDescription(self._summary())
        self.update()

    def sizeHint(self) -> QSize:
        """As in the mock-up at 346 px."""
        return QSize(self._theme.px(330), self._theme.px(130))

    def minimumSizeHint(self) -> QSize:
        """Below this the bars say nothing."""
        return QSize(self._theme.px(150), self._theme.px(72))

    def event(self, event: QEvent) -> bool:
        """A tooltip for the bin under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.bin_text(event.pos()), self)
            return True
        return super().event(event)

    def bin_text(self, at: QPoint) -> str:
        """What the bin under a point holds, "" beside all bins."""
        if self._now is None or self._range is None:
            return ""
        special = self._special_rect()
        if special.contains(at):
            index = min((at.x() - special.x()) * 4 // max(special.width(), 1), 3)
            return f"{_special_names()[index]}: {_percent(_special_shares(self._now)[index])}"
        bins = self._bins_rect()
        if not bins.contains(at):
            return ""
        low, high = self._range
        exponent = low + int((at.x() - bins.x()) * (high - low + 1) / bins.width())
        share = _share_of(self._now, exponent)
        return f"2^{exponent} … 2^{exponent + 1} ({2.0**exponent:.1e} …): {_percent(share)}"

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """Grid, bars, outline, labels."""
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setFont(self._theme.mono_font(11))
        special, bins = self._special_rect(), self._bins_rect()
        painter.setPen(QPen(QColor(tokens.grid), 1))
        for share in (0.0, 0.5):
            y = bins.y() + round(bins.height() * share)
            painter.drawLine(bins.left(), y, bins.right(), y)
        self._paint_special(painter, special)
        if self._range is not None:
            self._paint_bins(painter, bins, self._range)
        painter.setPen(QPen(QColor(tokens.strong), 1))
        for block in (special, bins):
            painter.drawLine(block.left(), block.bottom() + 1, block.right(), block.bottom() + 1)

    # -- parts -----------------------------------------------------------------------------------------------------

    def _paint_special(self, painter: QPainter, rect: QRect) -> None:
        tokens, px = self._theme.tokens, self._theme.px
        shares = (0.0,) * 4 if self._now is None else _special_shares(self._now)
        width = rect.width() / 4
        for index, (name, share) in enumerate(zip(_special_names(), shares, strict=True)):
            left = rect.x() + round(width * index)
            color = tokens.series[0] if index < 2 else tokens.non_finite
            height = _bar_height(share, rect.height(), 2)
            x = left + round((width - px(_SPECIAL_BAR)) / 2)
            painter.fillRect(QRect(x, rect.bottom() + 1 - height, px(_SPECIAL_BAR), height), QColor(color))
            painter.setPen(QColor(tokens.muted))
            label = QRect(left, rect.bottom() + 1, round(width), px(_AXIS_HEIGHT))
            painter.drawText(label, Qt.AlignmentFlag.AlignCenter, name)

    def _paint_bins(self, painter: QPainter, rect: QRect, ends: tuple[int, int]) -> None:
        tokens = self._theme.tokens
        now, earlier = _over(self._now, ends), _over(self._earlier, ends)
        highest = max(float(now.max()), float(earlier.max()), 1e-12)
        edges = rect.x() + np.round(np.arange(len(now) + 1) * rect.width() / len(now)).astype(int)
        color = QColor(tokens.series[0])
        for index in np.flatnonzero(now).tolist():
            height = _bar_height(float(now[index]) / highest, rect.height(), 1)
            width = max(int(edges[index + 1] - edges[index]) - 1, 1)
            painter.fillRect(QRect(int(edges[index]), rect.bottom() + 1 - height, width, height), color)
        if earlier.any():
            painter.setPen(QPen(QColor(tokens.text), 1))
            painter.drawPolyline(_outline(earlier / highest, edges, rect))
        self._paint_labels(painter, rect, ends, highest)

    def _paint_labels(self, painter: QPainter, rect: QRect, ends: tuple[int, int], highest: float) -> None:
        px, (low, high) = self._theme.px, ends
        painter.setPen(QColor(self._theme.tokens.muted))
        if self._now is not None or self._earlier is not None:
            above = QRect(rect.x(), 0, rect.width(), px(_TOP) - px(2))
            painter.drawText(above, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), _percent(highest))
        per_decade = rect.width() / (high - low + 1) * _LOG2_OF_10
        every = max(1, math.ceil(px(_LABEL_EVERY) / per_decade))
        first = math.ceil(low / _LOG2_OF_10 / every) * every
        half = px(_LABEL_EVERY) // 2
        for decade in range(first, math.floor((high + 1) / _LOG2_OF_10) + 1, every):
            x = rect.x() + round((decade - low / _LOG2_OF_10) * per_decade)
            x = min(max(x, rect.x() + half - px(8)), rect.right() - half + px(8))
            box = QRect(x - half, rect.bottom() + 1, 2 * half, px(_AXIS_HEIGHT))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, number_format.gradient(10.0**decade, 1))

    def _special_rect(self) -> QRect:
        px = self._theme.px
        width = min(px(_SPECIAL_WIDTH), self.width() // 2)
        return QRect(0, px(_TOP), width, self.height() - px(_TOP) - px(_AXIS_HEIGHT))

    def _bins_rect(self) -> QRect:
        special = self._special_rect()
        left = special.right() + 1 + self._theme.px(_GAP)
        return QRect(left, special.y(), max(self.width() - left, 1), special.height())

    def _summary(self) -> str:
        if self._now is None:
            return self.tr("nothing to show")
        parts = zip(_special_names(), _special_shares(self._now), strict=True)
        return ", ".join(f"{name} {_percent(share)}" for name, share in parts)


def _special_names() -> tuple[str, str, str, str]:
    return "0", "sub", "Inf", "NaN"


def _special_shares(histogram: MagnitudeHistogram) -> tuple[float, float, float, float]:
    return histogram.zero, histogram.subnormal, histogram.inf, histogram.nan


def _ends(histogram: MagnitudeHistogram) -> list[int]:
    filled = histogram.exponents[histogram.shares > 0]
    return [int(filled.min()), int(filled.max())] if len(filled) else []


def _share_of(histogram: MagnitudeHistogram, exponent: int) -> float:
    return float(histogram.shares[histogram.exponents == exponent].sum())


def _over(histogram: MagnitudeHistogram | None, ends: tuple[int, int]) -> NDArray[np.float64]:
    """Shares of all exponents from the first to the last of ``ends``."""
    low, high = ends
    shares = np.zeros(high - low + 1)
    if histogram is not None:
        inside = (histogram.exponents >= low) & (histogram.exponents <= high)
        shares[histogram.exponents[inside] - low] = histogram.shares[inside]
    return shares


def _bar_height(share: float, full: int, least: int) -> int:
    return 0 if share <= 0 else max(least, round(share * full))


def _outline(shares: NDArray[np.float64], edges: NDArray[np.int64], rect: QRect) -> QPolygonF:
    """A staircase over the bins that are not empty, down to the axis at both ends."""
    filled = np.flatnonzero(shares)
    floor = rect.bottom() + 0.5
    points = [QPointF(float(edges[filled[0]]) + 0.5, floor)]
    for index in range(int(filled[0]), int(filled[-1]) + 1):
        y = floor - round(float(shares[index]) * rect.height())
        points += [QPointF(float(edges[index]) + 0.5, y), QPointF(float(edges[index + 1]) + 0.5, y)]
    return QPolygonF([*points, QPointF(points[-1].x(), floor)])


def _percent(share: float) -> str:
    """``6.2 %``; a trace is not nothing."""
    return "< 0.1 %" if 0 < share < 0.001 else f"{share * 100:.1f} %"
