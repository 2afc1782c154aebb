"""A slice of a tensor as an image: the wheel zooms, a drag moves, the value under the pointer is said."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter
from PySide6.QtWidgets import QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.colormap import lookup_table
from moduleview.gui.look.theme import Theme
from moduleview.gui.plots.axes import Axis, Edge
from moduleview.gui.plots.canvas import Canvas, Margins
from moduleview.gui.plots.items import Image, cosmetic_pen
from moduleview.gui.plots.lab_image_colors import ScaleKind, ValueScale, make_picture, make_scale, representative
from moduleview.gui.plots.ticks import Ticks, step_ticks
from moduleview.telemetry.lab_views import ImageAnswered

_MARGINS = Margins(56, 6, 92, 22)
_BAR_PX, _GAP_PX = 10, 14
_FEWEST_CELLS = 4.0
_KEY_ZOOM, _KEY_MOVE = 1.5, 0.2


class LabImage(Canvas):
    """Holds the last picture; ``region_wanted`` says which cells are in view after a person moved."""

    region_wanted = Signal()
    pointed = Signal(str)  # what is under the pointer; "" for nothing

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, _MARGINS, parent)
        self._sizes = (1, 1)
        self._answer: ImageAnswered | None = None
        self._values: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._ends: tuple[float, float] | None = None  # of the whole slice, so that colours keep their meaning
        self._kind, self._map_name = ScaleKind.LINEAR, "viridis"
        self._scale = ValueScale(self._kind, 0.0, 1.0)
        self._cell: tuple[int, int] | None = None
        self._image = Image(axisOrder="row-major")
        self._image.setVisible(False)
        self.add_item(self._image)
        Axis(self, Edge.BOTTOM, _cell_ticks)
        Axis(self, Edge.LEFT, _cell_ticks_down)
        self.decorate(self._draw_bar)
        self.decorate(self._draw_cell)
        self.setAccessibleName(self.tr("Values as an image"))
        self.zoomed.connect(self._on_zoomed)
        self.dragged.connect(self._on_dragged)
        self.double_clicked.connect(lambda _at: self.show_all())
        self.pointer_moved.connect(self._on_pointer)
        self.pointer_left.connect(lambda: self._point_at(None))

    @property
    def region(self) -> tuple[int, int, int, int]:
        """First row, first column, rows and columns in view."""
        top, bottom = sorted(self.y_range)
        left, right = self.x_range
        row, column = max(math.floor(top), 0), max(math.floor(left), 0)
        n_rows = min(math.ceil(bottom), self._sizes[0]) - row
        n_columns = min(math.ceil(right), self._sizes[1]) - column
        return row, column, max(n_rows, 1), max(n_columns, 1)

    def show_slice(self, n_rows: int, n_columns: int) -> None:
        """Another slice, seen as a whole."""
        self._sizes = (max(n_rows, 1), max(n_columns, 1))
        self._ends, self._answer = None, None
        self._image.setVisible(False)
        self.set_ranges((0.0, float(self._sizes[1])), (float(self._sizes[0]), 0.0))
        self.redraw()

    def show_all(self) -> None:
        """See the whole slice again."""
        self._show(0.0, float(self._sizes[1]), 0.0, float(self._sizes[0]))

    def set_scale(self, kind: ScaleKind, map_name: str) -> None:
        """Colour it otherwise."""
        if (kind, map_name) != (self._kind, self._map_name):
            self._kind, self._map_name = kind, map_name
            if self._answer is not None:
                self._color()

    def draw_answer(self, answer: ImageAnswered) -> None:
        """Draw what came."""
        self._answer = answer
        self._values = representative(answer.low, answer.high)
        is_whole = answer.region[2:] == self._sizes
        if is_whole or self._ends is None:
            self._ends = (answer.value_min, answer.value_max)
            self._scale = make_scale(self._kind, self._values, self._ends)
        row, column, n_rows, n_columns = answer.region
        self._color()
        self._image.setRect(QRectF(column, row, n_columns, n_rows))
        self._image.setVisible(True)

    def text_at(self, row: int, column: int) -> str:
        """What is known of a cell: its value, or the range of those that share its pixel."""
        answer = self._answer
        if answer is None:
            return ""
        first_row, first_column, n_rows, n_columns = answer.region
        y = (row - first_row) * answer.low.shape[0] // n_rows
        x = (column - first_column) * answer.low.shape[1] // n_columns
        if not (0 <= y < answer.low.shape[0] and 0 <= x < answer.low.shape[1]):
            return ""
        low, high, bad = float(answer.low[y, x]), float(answer.high[y, x]), int(answer.bad[y, x])
        words = [name for bit, name in ((1, "NaN"), (2, "Inf")) if bad & bit]
        if math.isfinite(low):
            shown = [number_format.plain(value, 6) for value in dict.fromkeys((low, high))]
            words.insert(0, " … ".join(shown))
        return f"[{row}, {column}]  {', '.join(words)}"

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Plus and minus zoom, arrows move, Home shows all."""
        (left, right), (bottom, top) = self.x_range, self.y_range
        by_x, by_y = _KEY_MOVE * self.area.width(), _KEY_MOVE * self.area.height()
        moves = {
            Qt.Key.Key_Left: (by_x, 0.0),
            Qt.Key.Key_Right: (-by_x, 0.0),
            Qt.Key.Key_Up: (0.0, by_y),
            Qt.Key.Key_Down: (0.0, -by_y),
        }
        key = Qt.Key(event.key())
        if key in moves:
            self._on_dragged(*moves[key])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            factor = _KEY_ZOOM if key == Qt.Key.Key_Minus else 1 / _KEY_ZOOM
            self._zoom(factor, (left + right) / 2, (bottom + top) / 2)
        elif key == Qt.Key.Key_Home:
            self.show_all()
        else:
            super().keyPressEvent(event)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _color(self) -> None:
        assert self._answer is not None
        if self._scale.kind is not self._kind and self._ends is not None:
            self._scale = make_scale(self._kind, self._values, self._ends)
        picture = make_picture(self._values, self._answer.bad, self._scale, self._map_name, self.theme.tokens)
        self._image.setImage(picture, autoLevels=False, levels=None)
        row, column, n_rows, n_columns = self._answer.region
        self._image.setRect(QRectF(column, row, n_columns, n_rows))
        self.redraw()

    def _on_zoomed(self, factor: float, at: QPointF, _along_y: bool) -> None:
        self._zoom(factor, self.x_at(at), self.y_at(at))

    def _zoom(self, factor: float, x: float, y: float) -> None:
        (left, right), (bottom, top) = self.x_range, self.y_range
        self._show(x + (left - x) * factor, x + (right - x) * factor, y + (top - y) * factor, y + (bottom - y) * factor)

    def _on_dragged(self, right_px: float, down_px: float) -> None:
        (left, right), (bottom, top) = self.x_range, self.y_range
        x = -right_px / max(self.area.width(), 1.0) * (right - left)
        y = -down_px / max(self.area.height(), 1.0) * (bottom - top)
        self._show(left + x, right + x, top + y, bottom + y)

    def _show(self, left: float, right: float, top: float, bottom: float) -> None:
        """Not beyond the slice, and not closer than some cells."""
        left, right = _kept(left, right, self._sizes[1])
        top, bottom = _kept(top, bottom, self._sizes[0])
        self.set_ranges((left, right), (bottom, top))
        self.region_wanted.emit()

    def _on_pointer(self, at: QPointF) -> None:
        self._point_at((math.floor(self.y_at(at)), math.floor(self.x_at(at))) if self.area.contains(at) else None)

    def _point_at(self, cell: tuple[int, int] | None) -> None:
        if cell != self._cell:
            self._cell = cell
            self.pointed.emit("" if cell is None else self.text_at(*cell))
            self.redraw()

    def _draw_cell(self, painter: QPainter) -> None:
        """A frame around the cell under the pointer, where cells are large enough to have one."""
        if self._cell is None:
            return
        row, column = self._cell
        box = QRectF(QPointF(self.x_px(column), self.y_px(row)), QPointF(self.x_px(column + 1), self.y_px(row + 1)))
        if box.width() >= 4 and box.height() >= 4:
            painter.setPen(QColor(Qt.GlobalColor.white))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box.intersected(self.area))

    def _draw_bar(self, painter: QPainter) -> None:
        """The colours from the largest value down to the smallest, and what NaN looks like."""
        if self._answer is None:
            return
        px, tokens, area = self.theme.px, self.theme.tokens, self.area
        has_bad = bool(self._answer.n_nan or self._answer.n_inf)
        x, foot = area.right() + px(_GAP_PX), px(18) if has_bad else 0
        bar = QRectF(x, area.top(), px(_BAR_PX), max(area.height() - foot, 8))
        table = np.ascontiguousarray(lookup_table(self._map_name)[::-1])
        painter.drawImage(bar, QImage(table.tobytes(), 1, 256, 3, QImage.Format.Format_RGB888))
        painter.setFont(self.theme.mono_font())
        painter.setPen(QColor(tokens.muted))
        text = bar.right() + px(6)
        ascent = painter.fontMetrics().capHeight()
        ends = (self._scale.high, self._scale.low)
        if self._kind is ScaleKind.LOG:
            words = [number_format.gradient(10.0**end, 2) for end in ends]
        else:
            words = [number_format.plain(end, 4) for end in ends]
        painter.drawText(QPointF(text, bar.top() + ascent), words[0])
        painter.drawText(QPointF(text, bar.bottom()), words[1])
        if has_bad:
            swatch = QRectF(x, area.bottom() - px(_BAR_PX), px(_BAR_PX), px(_BAR_PX))
            painter.fillRect(swatch, QColor(tokens.non_finite))
            painter.drawText(QPointF(text, swatch.bottom()), "NaN, Inf")
        painter.setPen(cosmetic_pen(tokens.strong))
        painter.drawRect(bar)


def _kept(low: float, high: float, size: int) -> tuple[float, float]:
    width = min(max(high - low, min(_FEWEST_CELLS, size)), float(size))
    middle = (low + high) / 2
    low = min(max(middle - width / 2, 0.0), size - width)
    return low, low + width


def _cell_ticks(low: float, high: float, most: int) -> Ticks:
    """A whole index stands at the middle of its cell."""
    ticks = step_ticks(low - 0.5, high - 0.5, most)
    return Ticks(tuple((at + 0.5, label) for at, label in ticks.major if low <= at + 0.5 <= high))


def _cell_ticks_down(low: float, high: float, most: int) -> Ticks:
    return _cell_ticks(min(low, high), max(low, high), most)
