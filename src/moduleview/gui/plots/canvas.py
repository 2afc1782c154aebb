"""An area of data with room for axes around it: what every plot is drawn on.

Of pyqtgraph only the view box and the items in it are used. Axes, grid and crosshair are drawn in pixels by
decorations, and the mouse is taken here, so that a drag, a click and a wheel mean the same in every plot.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QMouseEvent, QPainter, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QGraphicsItem, QGraphicsObject, QGraphicsWidget, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.safe_paint import safe_paint

_WHEEL_STEP = 120.0  # Qt's eighths of a degree for one notch
_ZOOM_A_NOTCH = 1.2
_SIDEWAYS_SHARE = 0.1  # of what is in view, for a notch
BELOW, ABOVE = -10.0, 10.0


@dataclass(frozen=True)
class Margins:
    """Logical pixels between the edge of the widget and the area of data."""

    left: int
    top: int
    right: int
    bottom: int


class Decoration(QGraphicsObject):
    """Draws something in the canvas's pixels, over or under the data."""

    def __init__(self, draw: Callable[[QPainter], None], z: float, parent: QGraphicsItem) -> None:
        super().__init__(parent)
        self._draw = draw
        self._bounds = QRectF()
        self.setZValue(z)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def set_bounds(self, bounds: QRectF) -> None:
        """The canvas changed its size."""
        self.prepareGeometryChange()
        self._bounds = bounds

    def boundingRect(self) -> QRectF:
        """The whole canvas."""
        return self._bounds

    @safe_paint
    def paint(self, painter: QPainter, _option: Any, _widget: QWidget | None = None) -> None:
        """Draw in pixels."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._draw(painter)


class Canvas(pg.GraphicsView):  # type: ignore[misc]
    """An area of data and its decorations. GUI thread only.

    Signals carry positions in pixels of the widget; ``x_at`` and ``y_at`` make data of them.
    """

    pointer_moved = Signal(QPointF)
    pointer_left = Signal()
    clicked = Signal(QPointF)
    double_clicked = Signal(QPointF)
    dragged = Signal(float, float)  # by how many pixels, right and down
    zoomed = Signal(float, QPointF, bool)  # factor over 1 sees more; around; along y
    scrolled = Signal(float)  # by how many notches, down
    area_changed = Signal()  # the area of data moved or changed its size

    def __init__(self, theme: Theme, margins: Margins, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=None)
        self._theme = theme
        self._margins = margins
        self._decorations: list[Decoration] = []
        self.has_more_rows = False  # out of view: the wheel scrolls them
        self.is_for_file = False  # what is drawn now stands in a file: nothing of mouse and keys
        self._area = QRectF(0, 0, 1, 1)
        self._x, self._y = (0.0, 1.0), (0.0, 1.0)
        self._pressed_at: QPointF | None = None
        self._dragged_from: QPointF | None = None
        self._root = QGraphicsWidget()
        self.setCentralItem(self._root)
        self.view_box = pg.ViewBox(enableMouse=False, enableMenu=False, defaultPadding=0)
        self.view_box.setParentItem(self._root)  # given to the constructor, it would not hear of the scene's paints
        self.view_box.disableAutoRange()
        self.view_box.setZValue(0)  # pyqtgraph puts it under everything
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.decorate(self._draw_margins, ABOVE - 1)
        self.decorate(self._draw_focus, ABOVE + 10)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    @property
    def theme(self) -> Theme:
        """Colours, fonts, zoom."""
        return self._theme

    @property
    def area(self) -> QRectF:
        """The area of data, in whole pixels."""
        return self._area

    @property
    def x_range(self) -> tuple[float, float]:
        """Data at the left and the right edge."""
        return self._x

    @property
    def y_range(self) -> tuple[float, float]:
        """Data at the lower and the upper edge; upside down where the first is larger."""
        return self._y

    def add_item(self, item: Any, z: float = 0.0) -> None:
        """Put one of ``plots.items`` into the area of data."""
        item.setZValue(z)
        self.view_box.addItem(item, ignoreBounds=True)

    def decorate(self, draw: Callable[[QPainter], None], z: float = ABOVE) -> Decoration:
        """Have ``draw`` called at every paint, over (z > 0) or under (z < 0) the data."""
        decoration = Decoration(draw, z, self._root)
        decoration.set_bounds(QRectF(self.rect()))
        self._decorations.append(decoration)
        return decoration

    def set_ranges(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """Show this part of the data."""
        if (x, y) == (self._x, self._y):
            return
        self._x, self._y = x, y
        self.view_box.invertY(y[0] > y[1])
        self.view_box.setRange(xRange=x, yRange=(min(y), max(y)), padding=0, disableAutoRange=True)
        self.view_box.updateMatrix()  # left to the next paint, it asks for another one: each frame would be drawn twice
        self.redraw()

    def set_margins(self, margins: Margins) -> None:
        """Leave this room for the axes."""
        if margins != self._margins:
            self._margins = margins
            self._lay_out()

    def x_at(self, position: QPointF) -> float:
        """Data under a position, also outside the area."""
        share = (position.x() - self._area.left()) / max(self._area.width(), 1.0)
        return self._x[0] + share * (self._x[1] - self._x[0])

    def y_at(self, position: QPointF) -> float:
        """Data under a position, also outside the area."""
        share = (self._area.bottom() - position.y()) / max(self._area.height(), 1.0)
        return self._y[0] + share * (self._y[1] - self._y[0])

    def step_under(self, position: QPointF) -> float:
        """The step, with a fraction, under a position of a plot whose x axis is the run."""
        return self.x_at(position)

    def x_px(self, x: float) -> float:
        """Pixel of a datum."""
        return self._area.left() + (x - self._x[0]) / (self._x[1] - self._x[0]) * self._area.width()

    def y_px(self, y: float) -> float:
        """Pixel of a datum."""
        return self._area.bottom() - (y - self._y[0]) / (self._y[1] - self._y[0]) * self._area.height()

    def redraw(self) -> None:
        """Draw the decorations again."""
        for decoration in self._decorations:
            decoration.update()

    # -- Qt --------------------------------------------------------------------------------------------------------

    @safe_paint
    def paintEvent(self, event: QEvent) -> None:
        """Draw everything."""
        super().paintEvent(event)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Lay the area of data out anew."""
        super().resizeEvent(event)
        if hasattr(self, "view_box"):  # pyqtgraph calls this once before there is one
            self._lay_out()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click or a drag begins."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed_at = event.position()
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the crosshair, or the data while the button is down."""
        at = event.position()
        if self._pressed_at is not None and self._dragged_from is None:
            far = (at - self._pressed_at).manhattanLength() >= QApplication.startDragDistance()
            self._dragged_from = self._pressed_at if far else None
        if self._dragged_from is not None:
            distance, self._dragged_from = at - self._dragged_from, at
            self.dragged.emit(distance.x(), distance.y())
        self.pointer_moved.emit(at)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A press without a drag is a click."""
        if event.button() == Qt.MouseButton.LeftButton:
            if self._pressed_at is not None and self._dragged_from is None:
                self.clicked.emit(event.position())
            self._pressed_at = self._dragged_from = None
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second press of a double click."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit(event.position())
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom along x, or scroll rows that are out of view, which leaves Shift to zoom; with Ctrl zoom along y.

        Turned sideways it moves through the steps, as a drag does.
        """
        sideways, turned = event.angleDelta().x(), event.angleDelta().y()
        if abs(sideways) > abs(turned):
            self.dragged.emit(sideways / _WHEEL_STEP * _SIDEWAYS_SHARE * self._area.width(), 0.0)
            event.accept()
            return
        along_y = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        along_x = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if turned and self.has_more_rows and not along_x and not along_y:
            self.scrolled.emit(-turned / _WHEEL_STEP)
        elif turned:
            self.zoomed.emit(_ZOOM_A_NOTCH ** (-turned / _WHEEL_STEP), event.position(), along_y)
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer is elsewhere."""
        super().leaveEvent(event)
        self.pointer_left.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Keys go here now."""
        super().focusInEvent(event)
        self.redraw()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """They go elsewhere."""
        super().focusOutEvent(event)
        self.redraw()

    def _draw_margins(self, painter: QPainter) -> None:
        """In a file over the data that reach beyond their area: an SVG of Qt's knows no clipping (6.11)."""
        if self.is_for_file:
            area, width, height = self._area, self.width(), self.height()
            for side in (
                QRectF(0, 0, area.left(), height),
                QRectF(area.right(), 0, width - area.right(), height),
                QRectF(0, 0, width, area.top()),
                QRectF(0, area.bottom(), width, height - area.bottom()),
            ):
                painter.fillRect(side, QColor(self._theme.tokens.panel))

    def _draw_focus(self, painter: QPainter) -> None:
        if self.hasFocus() and not self.is_for_file:
            painter.setPen(QColor(self._theme.tokens.accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _lay_out(self) -> None:
        px, margins = self._theme.px, self._margins
        left, top = px(margins.left), px(margins.top)
        width = max(1, self.width() - left - px(margins.right))
        height = max(1, self.height() - top - px(margins.bottom))
        self._area = QRectF(left, top, width, height)
        self.view_box.setGeometry(self._area)
        for decoration in self._decorations:
            decoration.set_bounds(QRectF(self.rect()))
        self.area_changed.emit()

    def _on_theme_changed(self) -> None:
        self.setBackground(QColor(self._theme.tokens.panel))
        self._lay_out()
        self.redraw()
