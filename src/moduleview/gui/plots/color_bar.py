"""The line under the map: colour bar with its limits, the colour of NaN and Inf, the colour of not measured."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPolygonF

from moduleview.gui.look.colormap import lookup_table
from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.plots.canvas import Canvas
from moduleview.gui.plots.items import cosmetic_pen

LINE_PX = 28
_BAR_WIDTH_PX, _HEIGHT_PX, _ARROW_PX = 160, 10, 7
_BELOW_AREA_PX = 35  # from the lower edge of the map to the middle of the line


class ColorBar:
    """Draws itself below the step axis of a canvas. It ends in an arrow where values are beyond its limits."""

    def __init__(self, canvas: Canvas, scale: GradientScale) -> None:
        self._canvas, self._scale = canvas, scale
        self.is_saturated_below = self.is_saturated_above = False
        canvas.decorate(self._draw)

    def _draw(self, painter: QPainter) -> None:
        theme, area = self._canvas.theme, self._canvas.area
        tokens, px = theme.tokens, theme.px
        low, high = self._scale.limits
        middle = area.bottom() + px(_BELOW_AREA_PX)
        width = min(px(_BAR_WIDTH_PX), round(area.width() / 3))
        bar = QRectF(area.left(), middle - px(_HEIGHT_PX) // 2, width, px(_HEIGHT_PX))
        table = lookup_table(self._scale.map_name)
        image = QImage(table.tobytes(), 256, 1, 768, QImage.Format.Format_RGB888)
        painter.drawImage(bar, image)
        self._draw_arrows(painter, bar, table[[0, 255]].tolist())
        painter.setFont(theme.mono_font())
        painter.setPen(QColor(tokens.muted))
        shift = px(_ARROW_PX + 1) if self.is_saturated_below else 0
        left = QRectF(0, bar.top() - px(5), bar.left() - px(8) - shift, bar.height() + px(10))
        painter.drawText(left, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"1e{low:+d}")
        x = self._draw_text(painter, bar.right() + px(14), middle, f"1e{high:+d}")
        colors = (
            (tokens.non_finite, tokens.non_finite, QCoreApplication.translate("ColorBar", "NaN, Inf")),
            (tokens.not_measured, tokens.strong, QCoreApplication.translate("ColorBar", "not measured")),
        )
        for gap, (fill, outline, text) in zip((px(26), px(18)), colors, strict=True):
            end = x + gap + px(_HEIGHT_PX + 6) + painter.fontMetrics().horizontalAdvance(text)
            if end > self._canvas.width():  # half a word says less than none
                return
            x = self._draw_text(painter, self._draw_swatch(painter, x + gap, middle, fill, outline), middle, text)

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

    def _draw_swatch(self, painter: QPainter, x: float, middle: float, fill: str, outline: str) -> float:
        px = self._canvas.theme.px
        size = px(_HEIGHT_PX)
        painter.setPen(cosmetic_pen(outline))
        painter.setBrush(QColor(fill))
        painter.drawRect(QRectF(round(x), middle - size // 2, size - 1, size - 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        return x + size + px(6)

    def _draw_text(self, painter: QPainter, x: float, middle: float, text: str) -> float:
        metrics = painter.fontMetrics()
        painter.setPen(QColor(self._canvas.theme.tokens.muted))
        painter.drawText(QPointF(round(x), round(middle + metrics.capHeight() / 2)), text)
        return x + metrics.horizontalAdvance(text)
