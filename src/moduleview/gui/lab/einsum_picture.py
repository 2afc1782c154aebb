"""An einsum with its labels drawn: a box an operand, a letter and a size an axis, summed axes hatched and dashed."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint
from moduleview.telemetry.lab_pipelines import AxisLabel, EinsumDrawing

_AXIS_PX, _HEIGHT_PX, _GAP_PX, _LABEL_PX, _PAD_PX, _NOTE_PX = 52, 44, 36, 18, 8, 20


class EinsumPicture(QWidget):
    """Operands from left to right, then the result; an axis is a field of its box."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._drawing: EinsumDrawing | None = None
        self.setAccessibleName(self.tr("Labels of the einsum"))
        theme.changed.connect(self.update)

    def show_drawing(self, drawing: EinsumDrawing | None) -> None:
        """Draw another one."""
        if drawing != self._drawing:
            self._drawing = drawing
            self.setAccessibleDescription(self.words())
            self.setMinimumSize(self.minimumSizeHint())
            self.updateGeometry()
            self.update()

    def words(self) -> str:
        """The same in words."""
        if self._drawing is None:
            return ""
        summed = sorted({a.letter for axes in self._drawing.operands for a in axes if a.is_contracted})
        kept = [axis.letter for axis in self._drawing.result]
        text = self.tr("summed over {0}").format(", ".join(summed)) if summed else self.tr("nothing is summed")
        return f"{text}; " + (
            self.tr("kept {0}").format(", ".join(kept)) if kept else self.tr("the result is one number")
        )

    def minimumSizeHint(self) -> QSize:
        """All boxes."""
        px = self._theme.px
        if self._drawing is None:
            return QSize(0, 0)
        boxes = (*self._drawing.operands, self._drawing.result)
        width = sum(self._box_width(axes) for axes in boxes) + px(_GAP_PX) * (len(boxes) - 1) + 2 * px(_PAD_PX)
        return QSize(round(width), px(_LABEL_PX + _HEIGHT_PX + _NOTE_PX + 2 * _PAD_PX))

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """Boxes and the signs between them."""
        if self._drawing is None:
            return
        painter, px = QPainter(self), self._theme.px
        x = float(px(_PAD_PX))
        last = len(self._drawing.operands) - 1
        for number, axes in enumerate(self._drawing.operands):
            names = self._drawing.names
            x = self._paint_box(painter, x, names[number] if number < len(names) else "", axes)
            x = self._paint_sign(painter, x, "→" if number == last else "×")
        self._paint_box(painter, x, self.tr("result"), self._drawing.result)
        painter.setFont(self._theme.ui_font(11))
        painter.setPen(QColor(self._theme.tokens.muted))
        note = QRectF(px(_PAD_PX), px(_PAD_PX + _LABEL_PX + _HEIGHT_PX + 4), self.width(), px(_NOTE_PX))
        painter.drawText(note, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.words())

    # -- inside ----------------------------------------------------------------------------------------------------

    def _box_width(self, axes: tuple[AxisLabel, ...]) -> float:
        return float(self._theme.px(_AXIS_PX) * max(len(axes), 1))

    def _paint_box(self, painter: QPainter, x: float, name: str, axes: tuple[AxisLabel, ...]) -> float:
        px, tokens, theme = self._theme.px, self._theme.tokens, self._theme
        top, width = float(px(_PAD_PX)), self._box_width(axes)
        painter.setFont(theme.mono_font())
        painter.setPen(QColor(tokens.muted))
        shown = QFontMetrics(theme.mono_font()).elidedText(name, Qt.TextElideMode.ElideRight, round(width))
        painter.drawText(QRectF(x, top, width, px(_LABEL_PX)), Qt.AlignmentFlag.AlignLeft, shown)
        box = QRectF(x, top + px(_LABEL_PX), width, px(_HEIGHT_PX))
        if not axes:
            painter.setPen(QPen(QColor(tokens.strong), 1))
            painter.drawRect(box)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.tr("scalar"))
        for number, axis in enumerate(axes):
            self._paint_axis(painter, QRectF(x + number * px(_AXIS_PX), box.top(), px(_AXIS_PX), box.height()), axis)
        return x + width

    def _paint_axis(self, painter: QPainter, box: QRectF, axis: AxisLabel) -> None:
        """Kept: a full outline on the raised colour. Summed: dashed, with diagonals, and a sigma before the letter."""
        tokens, px = self._theme.tokens, self._theme.px
        painter.setPen(
            QPen(QColor(tokens.strong), 1, Qt.PenStyle.DashLine if axis.is_contracted else Qt.PenStyle.SolidLine)
        )
        painter.setBrush(QColor(tokens.panel if axis.is_contracted else tokens.raised))
        painter.drawRect(box)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if axis.is_contracted:
            painter.setPen(QPen(QColor(tokens.border), 1))
            for offset in range(px(6), round(box.width() + box.height()), px(8)):
                start = QPointF(box.left() + min(offset, box.width()), box.top() + max(offset - box.width(), 0.0))
                end = QPointF(box.left() + max(offset - box.height(), 0.0), box.top() + min(offset, box.height()))
                painter.drawLine(start, end)
        half = box.height() / 2
        painter.setPen(QColor(tokens.text))
        painter.setFont(self._theme.mono_font(13, bold=True))
        letter = f"Σ{axis.letter}" if axis.is_contracted else axis.letter
        painter.drawText(box.adjusted(0, 2, 0, -half + 4), Qt.AlignmentFlag.AlignCenter, letter)
        painter.setFont(self._theme.mono_font())
        painter.setPen(QColor(tokens.text if axis.is_contracted else tokens.muted))
        painter.drawText(box.adjusted(0, half - 2, 0, -2), Qt.AlignmentFlag.AlignCenter, str(axis.size))

    def _paint_sign(self, painter: QPainter, x: float, sign: str) -> float:
        px = self._theme.px
        box = QRectF(x, px(_PAD_PX + _LABEL_PX), px(_GAP_PX), px(_HEIGHT_PX))
        painter.setFont(self._theme.ui_font(14))
        painter.setPen(QColor(self._theme.tokens.text))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, sign)
        return x + px(_GAP_PX)
