"""Paints a hook's check box in its six states; each is drawn once a theme and then copied."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF

from moduleview.gui.models.hook_states import CellState
from moduleview.gui.tree.tree_look import CHECK_PX, TreeLook
from moduleview.telemetry.hooks import HookKind

_FORWARD = (HookKind.FORWARD_PRE, HookKind.FORWARD)
_TICK = ((0.24, 0.52), (0.43, 0.71), (0.78, 0.31))


class HookCell:
    """Draws the box in the middle of its cell."""

    def __init__(self, look: TreeLook) -> None:
        self._look = look
        self._boxes: dict[tuple[CellState, HookKind, float], QPixmap] = {}

    def paint(self, painter: QPainter, cell: QRect, state: CellState, kind: HookKind) -> None:
        """Draw one box."""
        ratio = painter.device().devicePixelRatioF()
        key = (state, kind, ratio)
        box = self._boxes.get(key)
        if box is None:
            box = self._boxes[key] = self._draw(state, kind in _FORWARD, ratio)
        side = self._look.px(CHECK_PX)
        painter.drawPixmap(cell.x() + (cell.width() - side) // 2, cell.y() + (cell.height() - side) // 2, box)

    def _draw(self, state: CellState, is_forward: bool, ratio: float) -> QPixmap:
        look, tokens = self._look, self._look.tokens
        side = look.px(CHECK_PX)
        color = QColor(tokens.hook_forward if is_forward else tokens.hook_backward)
        tick = QColor(tokens.on_hook_forward if is_forward else tokens.on_hook_backward)
        pixmap = QPixmap(round(side * ratio), round(side * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(0.5, 0.5, side - 1, side - 1)
        match state:
            case CellState.OFF:
                self._outline(painter, box, look.strong, QColor(tokens.inset))
            case CellState.REQUESTED:
                self._dashes(painter, box, color)
                self._tick(painter, box, color, 1.25)
            case CellState.ACTIVE:
                self._outline(painter, box, color, color)
                self._tick(painter, box, tick, 2.0)
            case CellState.PARTIAL:
                self._outline(painter, box, color, QColor(tokens.inset))
                self._line(painter, QPen(color, 2 * look.zoom), box, ((0.26, 0.5), (0.74, 0.5)))
            case CellState.CANNOT_FIRE:
                self._outline(painter, box, look.border, look.raised)
                self._line(painter, QPen(look.faint, look.zoom), box, ((0.27, 0.73), (0.73, 0.27)))
            case CellState.FAILED:
                self._outline(painter, box, look.error, QColor(tokens.inset))
                pen = QPen(look.error, 2 * look.zoom, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
                self._line(painter, pen, box, ((0.5, 0.2), (0.5, 0.56)))
                self._line(painter, pen, box, ((0.5, 0.68), (0.5, 0.82)))
        painter.end()
        return pixmap

    def _outline(self, painter: QPainter, box: QRectF, outline: QColor, fill: QColor) -> None:
        painter.setPen(QPen(outline, 1))
        painter.setBrush(fill)
        painter.drawRoundedRect(box, 3 * self._look.zoom - 0.5, 3 * self._look.zoom - 0.5)

    def _dashes(self, painter: QPainter, box: QRectF, color: QColor) -> None:
        pen = QPen(color, 1)
        pen.setDashPattern([3.0, 2.0])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 3 * self._look.zoom - 0.5, 3 * self._look.zoom - 0.5)

    def _tick(self, painter: QPainter, box: QRectF, color: QColor, width: float) -> None:
        pen = QPen(color, width * self._look.zoom)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        self._line(painter, pen, box, _TICK)

    @staticmethod
    def _line(painter: QPainter, pen: QPen, box: QRectF, points: tuple[tuple[float, float], ...]) -> None:
        painter.setPen(pen)
        painter.drawPolyline(
            QPolygonF([QPointF(box.x() + box.width() * x, box.y() + box.height() * y) for x, y in points])
        )
