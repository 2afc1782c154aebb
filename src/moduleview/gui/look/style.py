"""What Fusion draws wrongly for us: check boxes that vanish in the dark, and focus rings.

A palette-only dark Fusion outlines an unticked check box in the colour of its background, and check boxes are our hook
toggles. Only ``drawPrimitive`` is overridden: each override costs a call into Python at every paint.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QProxyStyle, QStyle, QStyleFactory, QStyleOption, QWidget

from moduleview.gui.look.theme import Theme

_Primitive = QStyle.PrimitiveElement
_State = QStyle.StateFlag
_CHECK_BOXES = (_Primitive.PE_IndicatorCheckBox, _Primitive.PE_IndicatorItemViewItemCheck)


class ModuleViewStyle(QProxyStyle):
    """Fusion with our check boxes, radio buttons and focus ring."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(QStyleFactory.create("Fusion"))
        self.setObjectName("moduleview")
        self._theme = theme

    def drawPrimitive(
        self, element: QStyle.PrimitiveElement, option: QStyleOption, painter: QPainter, widget: QWidget | None = None
    ) -> None:
        """Draw the few primitives that Fusion draws wrongly; the rest is Fusion's."""
        if element in _CHECK_BOXES:
            self._draw_check_box(option, painter)
        elif element == _Primitive.PE_IndicatorRadioButton:
            self._draw_radio_button(option, painter)
        elif element == _Primitive.PE_FrameFocusRect:
            self._draw_focus(option, painter)
        else:
            super().drawPrimitive(element, option, painter, widget)

    def _draw_check_box(self, option: QStyleOption, painter: QPainter) -> None:
        tokens, px = self._theme.tokens, self._theme.px
        is_enabled = bool(option.state & _State.State_Enabled)
        is_filled = is_enabled and bool(option.state & (_State.State_On | _State.State_NoChange))
        outline = QColor(tokens.accent if is_filled or option.state & _State.State_HasFocus else tokens.strong)
        box = QRectF(option.rect)
        side = min(px(14), box.width(), box.height()) - 1
        box = QRectF(int(box.center().x() - side / 2) + 0.5, int(box.center().y() - side / 2) + 0.5, side, side)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(outline if is_enabled else QColor(tokens.border), 1))
        painter.setBrush(QColor(tokens.accent) if is_filled else QColor(tokens.inset))
        painter.drawRoundedRect(box, px(3), px(3))
        mark = QColor(tokens.on_accent if is_filled else tokens.faint)
        self._draw_mark(option, painter, box, mark)
        painter.restore()

    def _draw_mark(self, option: QStyleOption, painter: QPainter, box: QRectF, color: QColor) -> None:
        painter.setPen(QPen(color, 2 * self._theme.zoom))
        x, y, side = box.x(), box.y(), box.width()
        if option.state & _State.State_On:
            points = ((0.22, 0.52), (0.42, 0.72), (0.78, 0.30))
            painter.drawPolyline(QPolygonF([QPointF(x + side * a, y + side * b) for a, b in points]))
        elif option.state & _State.State_NoChange:
            painter.drawLine(QPointF(x + side * 0.25, y + side / 2), QPointF(x + side * 0.75, y + side / 2))

    def _draw_radio_button(self, option: QStyleOption, painter: QPainter) -> None:
        tokens = self._theme.tokens
        is_on = bool(option.state & _State.State_On)
        is_enabled = bool(option.state & _State.State_Enabled)
        radius = self._theme.px(14) / 2 - 0.5
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = tokens.accent if is_on or option.state & _State.State_HasFocus else tokens.strong
        painter.setPen(QPen(QColor(outline if is_enabled else tokens.border), 1))
        painter.setBrush(QColor(tokens.inset))
        centre = QRectF(option.rect).center()
        painter.drawEllipse(centre, radius, radius)
        if is_on:
            painter.setBrush(QColor(outline if is_enabled else tokens.faint))
            painter.drawEllipse(centre, radius / 2, radius / 2)
        painter.restore()

    def _draw_focus(self, option: QStyleOption, painter: QPainter) -> None:
        painter.save()
        painter.setPen(QPen(QColor(self._theme.tokens.accent), 1))
        painter.drawRect(option.rect.adjusted(0, 0, -1, -1))
        painter.restore()
