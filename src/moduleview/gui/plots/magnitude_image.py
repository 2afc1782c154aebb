"""The distribution of magnitudes over the run as an image: steps across, powers of two up, colour for the share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPainter, QResizeEvent
from PySide6.QtWidgets import QToolTip, QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.colormap import lookup_table
from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.look.theme import Theme
from moduleview.gui.plots.axes import Axis, Edge, draw_tag
from moduleview.gui.plots.canvas import ABOVE, Canvas, Margins
from moduleview.gui.plots.dtype_ranges import DtypeRange
from moduleview.gui.plots.items import Image, cosmetic_pen
from moduleview.gui.plots.magnitude_picture import HIGH_SHARE, LOW_SHARE, Columns, columns_of, make_pictures
from moduleview.gui.plots.magnitude_shares import DECADES_A_BIN, SPECIAL, ShareHistory, bin_at, bin_name, edge_decade
from moduleview.gui.plots.series_chart import LEFT_AXIS_PX
from moduleview.gui.plots.special_bins import SPECIAL_NAMES, percent
from moduleview.gui.plots.ticks import decade_ticks, step_ticks

_ROW_PX, _GAP_PX = 12, 6
_STRIP_PX = 4 * _ROW_PX
RIGHT_PX = 14
_MARGINS = Margins(LEFT_AXIS_PX, 8 + _STRIP_PX + _GAP_PX, RIGHT_PX, 50)
_LOW_MARGINS, _LOW_PX = Margins(LEFT_AXIS_PX, 8 + _STRIP_PX + _GAP_PX, RIGHT_PX, 26), 190  # without the colour scale
_BAR_WIDTH_PX, _BAR_PX, _BELOW_PX = 120, 10, 35


class MagnitudeImage(Canvas):
    """Draws the histograms that it is given; the bins without a power of two stand in a strip of their own above."""

    step_pointed = Signal(object)  # int or None

    def __init__(self, theme: Theme, scale: GradientScale, parent: QWidget | None = None) -> None:
        super().__init__(theme, _MARGINS, parent)
        self._scale = scale
        self._crosshair: int | None = None
        self._limits: DtypeRange | None = None
        self._strip: NDArray[np.uint8] = np.zeros((4, 0, 4), dtype=np.uint8)
        self._columns = Columns(0.0, 1.0, np.zeros(0, dtype=np.int64))
        self._history: ShareHistory | None = None
        self._bins = (0, 0)
        self._image = Image(axisOrder="row-major")
        self.add_item(self._image)
        self._step_axis = Axis(self, Edge.BOTTOM, step_ticks)
        Axis(self, Edge.LEFT, decade_ticks)
        self.decorate(self._draw_strip)
        self.decorate(self._draw_scale)
        self.decorate(self._draw_range)
        self.decorate(self._draw_crosshair, ABOVE + 1)
        self.setAccessibleName(self.tr("Distribution of magnitudes over the steps"))
        self.pointer_moved.connect(self._on_pointer_moved)
        self.pointer_left.connect(lambda: self.step_pointed.emit(None))

    @property
    def right_margin(self) -> int:
        """Logical pixels right of the data."""
        return RIGHT_PX

    def set_dtype(self, limits: DtypeRange | None) -> None:
        """Draw where a type's normal range begins and ends; nothing for None."""
        self._limits = limits

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """In a low plot the magnitudes get the room of the colour scale."""
        super().resizeEvent(event)
        if hasattr(self, "view_box"):  # pyqtgraph calls this once before there is one
            self.set_margins(_LOW_MARGINS if self._is_low else _MARGINS)

    @property
    def _is_low(self) -> bool:
        return bool(self.height() < self.theme.px(_LOW_PX))

    def draw_history(
        self, history: ShareHistory, bins: tuple[int, int], steps: tuple[float, float], newest: int
    ) -> None:
        """Draw the bins from the first to the last over these steps."""
        self._history, self._bins = history, bins
        self._columns = columns_of(history, steps, newest, max(1, int(self.area.width())))
        main, self._strip = make_pictures(history, self._columns, bins, self._scale.map_name, self.theme.tokens)
        self._image.setImage(main, autoLevels=False, levels=None)
        low, high = edge_decade(bins[0]), edge_decade(bins[1] + 1)
        width = self._columns.width * len(self._columns.rows)
        self._image.setRect(QRectF(self._columns.first_step, low, width, high - low))
        self.set_ranges(steps, (low, high))
        self.redraw()

    def set_crosshair(self, step: int | None) -> None:
        """Show the crosshair at a step, or nowhere."""
        if step != self._crosshair:
            self._crosshair = step
            self._step_axis.tag = None if step is None else (float(step), number_format.exact_count(step))
            self.redraw()

    @property
    def strip_rect(self) -> QRectF:
        """Where the bins without a power of two stand, as wide as the data."""
        px = self.theme.px
        return QRectF(self.area.left(), self.area.top() - px(_STRIP_PX + _GAP_PX), self.area.width(), px(_STRIP_PX))

    # -- drawing ---------------------------------------------------------------------------------------------------

    def _draw_strip(self, painter: QPainter) -> None:
        tokens, rect, height = self.theme.tokens, self.strip_rect, self.theme.px(_ROW_PX)
        n_columns = self._strip.shape[1]
        if n_columns:
            left = self.x_px(self._columns.first_step)
            right = self.x_px(self._columns.first_step + self._columns.width * n_columns)
            picture = np.ascontiguousarray(self._strip[::-1])  # NaN above, next to nothing else that is measured
            image = QImage(picture.tobytes(), n_columns, 4, 4 * n_columns, QImage.Format.Format_RGBA8888)
            painter.setClipRect(rect)
            painter.drawImage(QRectF(round(left), rect.top(), round(right) - round(left), rect.height()), image)
            painter.setClipping(False)
        painter.setPen(cosmetic_pen(tokens.grid))
        for number in range(5):
            y = rect.top() + number * height
            painter.drawLine(QPointF(rect.left(), y), QPointF(rect.right() - 1, y))
        painter.setFont(self.theme.mono_font())
        painter.setPen(QColor(tokens.muted))
        for number, name in enumerate(reversed(SPECIAL_NAMES)):
            box = QRectF(0, rect.top() + number * height, rect.left() - self.theme.px(9), height)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)

    def _draw_scale(self, painter: QPainter) -> None:
        """The colours below the steps."""
        if self._is_low:
            return
        theme, area, tokens, px = self.theme, self.area, self.theme.tokens, self.theme.px
        middle = area.bottom() + px(_BELOW_PX)
        width = min(px(_BAR_WIDTH_PX), round(area.width() / 3))
        painter.setFont(theme.mono_font())
        metrics = painter.fontMetrics()
        low, high = f"{LOW_SHARE:.2%}".replace("%", " %"), f"{HIGH_SHARE:.0%}".replace("%", " %")
        bar = QRectF(area.left(), middle - px(_BAR_PX) // 2, width, px(_BAR_PX))
        table = lookup_table(self._scale.map_name)
        painter.drawImage(bar, QImage(table.tobytes(), 256, 1, 768, QImage.Format.Format_RGB888))
        painter.setPen(QColor(tokens.muted))
        baseline = round(middle + metrics.capHeight() / 2)
        painter.drawText(QPointF(bar.left() - px(8) - metrics.horizontalAdvance(low), baseline), low)
        words = QCoreApplication.translate("MagnitudeImage", "{0} or more of the elements").format(high)
        room = max(round(area.right() - bar.right()) - px(8), 0)
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QPointF(bar.right() + px(8), baseline), words)

    def _draw_range(self, painter: QPainter) -> None:
        """Dashed lines where the type's normal numbers begin and end, and where its subnormal ones end."""
        if self._limits is None:
            return
        painter.setPen(cosmetic_pen(self.theme.tokens.text, dash=(2.0, 2.0)))
        for exponent in (self._limits.subnormal, self._limits.normal, self._limits.end):
            y = round(self.y_px(exponent * DECADES_A_BIN))
            if self.area.top() < y < self.area.bottom():
                painter.drawLine(QPointF(self.area.left(), y), QPointF(self.area.right() - 1, y))

    def _draw_crosshair(self, painter: QPainter) -> None:
        step = self._crosshair
        if step is None or not self.x_range[0] <= step <= self.x_range[1]:
            return
        x = round(self.x_px(step))
        painter.setPen(cosmetic_pen(self.theme.tokens.text, dash=(3.0, 3.0)))
        painter.drawLine(QPointF(x, self.strip_rect.top()), QPointF(x, self.area.bottom() - 1))
        draw_tag(painter, self, Edge.BOTTOM, step, number_format.exact_count(step))

    # -- pointer ---------------------------------------------------------------------------------------------------

    def bin_text(self, at: QPointF) -> str:
        """What the bin under a point holds at its step, "" beside all bins."""
        rect, history = self.strip_rect, self._history
        row = None if history is None else history.row_at(round(self.x_at(at)))
        if history is None or row is None:
            return ""
        if rect.contains(at):
            number = 3 - min(int((at.y() - rect.top()) / self.theme.px(_ROW_PX)), 3)
            name, share = SPECIAL_NAMES[number], float(history.shares[row, SPECIAL[number]])
        elif self.area.contains(at):
            at_bin = min(max(bin_at(self.y_at(at)), self._bins[0]), self._bins[1])
            name, share = bin_name(at_bin), float(history.shares[row, at_bin])
        else:
            return ""
        step = number_format.exact_count(int(history.steps[row]))
        words = QCoreApplication.translate("MagnitudeImage", "step {0}, {1}: {2}")
        return words.format(step, name, percent(share))

    def viewportEvent(self, event: QEvent) -> bool:
        """A tooltip for the bin under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.bin_text(QPointF(event.pos())), self)
            return True
        return bool(super().viewportEvent(event))

    def _on_pointer_moved(self, at: QPointF) -> None:
        step = round(self.x_at(at))
        is_inside = self.area.contains(at) or self.strip_rect.contains(at)
        self.step_pointed.emit(step if is_inside and step >= 0 else None)
