"""The line under the map: colour bar with its limits, and what stands for NaN, no gradient and not measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPolygonF

from moduleview.gui.look.colormap import lookup_table
from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.plots.canvas import Canvas
from moduleview.gui.plots.hatch import HATCH_PX, draw_hatch
from moduleview.gui.plots.items import cosmetic_pen

LINE_PX = 28
_BAR_WIDTH_PX, _LEAST_BAR_PX, _HEIGHT_PX, _ARROW_PX = 160, 48, 10, 7
_GAP_PX, _SWATCH_GAP_PX = 16, 6
_BELOW_AREA_PX = 35  # from the lower edge of the map to the middle of the line


@dataclass(frozen=True)
class _Swatch:
    """What a cell without a number looks like, and what it means."""

    text: str
    fill: str
    outline: str
    is_there: bool
    is_hatched: bool = False


class ColorBar:
    """Draws itself below the step axis of a canvas. It ends in an arrow where values are beyond its limits."""

    def __init__(self, canvas: Canvas, scale: GradientScale) -> None:
        self._canvas, self._scale = canvas, scale
        self.is_saturated_below = self.is_saturated_above = False
        self._has_non_finite = self._has_none = self._has_gaps = False
        canvas.decorate(self._draw)

    def look_at(self, decades: NDArray[np.float32]) -> None:
        """Take what is drawn: of (rows, columns) log10, as ``MapColumns`` gives them."""
        low, high = self._scale.limits
        finite = decades[np.isfinite(decades)]
        self.is_saturated_above = bool(finite.size and finite.max() > high)
        self.is_saturated_below = bool(finite.size and finite.min() < low)
        self._has_non_finite = bool(np.isposinf(decades).any())
        self._has_none = bool(np.isneginf(decades).any())
        self._has_gaps = bool(np.isnan(decades).any())

    def _draw(self, painter: QPainter) -> None:
        theme, area = self._canvas.theme, self._canvas.area
        tokens, px = theme.tokens, theme.px
        low, high = self._scale.limits
        middle = area.bottom() + px(_BELOW_AREA_PX)
        painter.setFont(theme.mono_font())
        swatches, rest = self._fitting(painter, f"1e{high:+d}")
        width = max(min(px(_BAR_WIDTH_PX), rest), px(_LEAST_BAR_PX))
        bar = QRectF(area.left(), middle - px(_HEIGHT_PX) // 2, width, px(_HEIGHT_PX))
        table = lookup_table(self._scale.map_name)
        image = QImage(table.tobytes(), 256, 1, 768, QImage.Format.Format_RGB888)
        painter.drawImage(bar, image)
        self._draw_arrows(painter, bar, table[[0, 255]].tolist())
        painter.setPen(QColor(tokens.muted))
        shift = px(_ARROW_PX + 1) if self.is_saturated_below else 0
        left = QRectF(0, bar.top() - px(5), bar.left() - px(8) - shift, bar.height() + px(10))
        painter.drawText(left, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"1e{low:+d}")
        x = self._draw_text(painter, bar.right() + px(14), middle, f"1e{high:+d}")
        for swatch in swatches:
            x = self._draw_swatch(painter, x + px(_GAP_PX), middle, swatch)
            x = self._draw_text(painter, x, middle, swatch.text)

    def _swatches(self) -> list[_Swatch]:
        tokens, translate = self._canvas.theme.tokens, QCoreApplication.translate
        return [
            _Swatch(translate("ColorBar", "NaN, Inf"), tokens.non_finite, tokens.non_finite, self._has_non_finite),
            _Swatch(translate("ColorBar", "no gradient"), tokens.not_measured, tokens.strong, self._has_none),
            _Swatch(
                translate("ColorBar", "not measured"), tokens.panel, tokens.strong, self._has_gaps, is_hatched=True
            ),
        ]

    def _fitting(self, painter: QPainter, high: str) -> tuple[list[_Swatch], float]:
        """Those that there is room for beside a short bar, and what is left for the bar: half a word says nothing.

        Where not all have room, those that can be seen in the map.
        """
        px, metrics = self._canvas.theme.px, painter.fontMetrics()
        room = self._canvas.width() - self._canvas.area.left() - px(14 + _ARROW_PX) - metrics.horizontalAdvance(high)
        swatches = sorted(self._swatches(), key=lambda swatch: not swatch.is_there)
        around = px(_GAP_PX) + px(_HEIGHT_PX) + px(_SWATCH_GAP_PX)
        kept: list[_Swatch] = []
        for swatch in swatches:
            width = around + metrics.horizontalAdvance(swatch.text)
            if room - width < px(_LEAST_BAR_PX):
                break
            kept.append(swatch)
            room -= width
        return [swatch for swatch in self._swatches() if swatch in kept], room

    def _draw_arrows(self, painter: QPainter, bar: QRectF, ends: list[list[int]]) -> None:
        size = self._canvas.theme.px(_ARROW_PX)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(cosmetic_pen(self._canvas.theme.tokens.strong))
        half = bar.height() / 2
        if self.is_saturated_above:
            x = bar.right() + 1.5
            painter.setBrush(QBrush(QColor(*ends[1])))
            painter.drawPolygon(
                QPolygonF([QPointF(x, bar.top()), QPointF(x + size, bar.top() + half), QPointF(x, bar.bottom())])
            )
        if self.is_saturated_below:
            x = bar.left() - 1.5
            painter.setBrush(QBrush(QColor(*ends[0])))
            painter.drawPolygon(
                QPolygonF([QPointF(x, bar.top()), QPointF(x - size, bar.top() + half), QPointF(x, bar.bottom())])
            )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _draw_swatch(self, painter: QPainter, x: float, middle: float, swatch: _Swatch) -> float:
        px = self._canvas.theme.px
        size = px(_HEIGHT_PX)
        box = QRectF(round(x), middle - size // 2, size - 1, size - 1)
        painter.fillRect(box, QColor(swatch.fill))
        if swatch.is_hatched:
            draw_hatch(painter, box, swatch.outline, px(HATCH_PX) // 2)
        painter.setPen(cosmetic_pen(swatch.outline))
        painter.drawRect(box)
        return x + size + px(_SWATCH_GAP_PX)

    def _draw_text(self, painter: QPainter, x: float, middle: float, text: str) -> float:
        metrics = painter.fontMetrics()
        painter.setPen(QColor(self._canvas.theme.tokens.muted))
        painter.drawText(QPointF(round(x), round(middle + metrics.capHeight() / 2)), text)
        return x + metrics.horizontalAdvance(text)
