"""Pan and zoom of the steps, the same in every plot: drag, wheel, arrow keys, Home and End."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent

from moduleview.gui.plots.canvas import Canvas
from moduleview.gui.shared_axes import SharedAxes

_ARROW_SHARE = 0.1
_KEY_ZOOM = 1.25


class StepNavigation(QObject):
    """Lets a canvas whose x axis is the step move the steps that all plots share."""

    def __init__(self, canvas: Canvas, axes: SharedAxes, parent: QObject) -> None:
        super().__init__(parent)
        self._canvas, self._axes = canvas, axes
        canvas.dragged.connect(self._on_dragged)
        canvas.zoomed.connect(self._on_zoomed)
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys pan, plus and minus zoom, End follows the newest step."""
        if watched is self._canvas and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._press(event)
        return super().eventFilter(watched, event)

    def _press(self, event: QKeyEvent) -> bool:
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier & ~Qt.KeyboardModifier.ShiftModifier:
            return False
        low, high = self._axes.steps
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                sign = -1 if event.key() == Qt.Key.Key_Left else 1
                distance = sign * (high - low) * _ARROW_SHARE
                self._axes.show_steps(low + distance, high + distance)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self._zoom(1 / _KEY_ZOOM, (low + high) / 2)
            case Qt.Key.Key_Minus:
                self._zoom(_KEY_ZOOM, (low + high) / 2)
            case Qt.Key.Key_Home:
                self._axes.show_steps(-0.5, high - low - 0.5)
            case Qt.Key.Key_End:
                self._axes.follow()
            case _:
                return False
        return True

    def _on_dragged(self, dx: float, _dy: float) -> None:
        low, high = self._axes.steps
        distance = dx / max(self._canvas.area.width(), 1.0) * (high - low)
        if distance:
            self._axes.show_steps(low - distance, high - distance)

    def _on_zoomed(self, factor: float, at: QPointF, along_y: bool) -> None:
        if not along_y:
            self._zoom(factor, self._canvas.step_under(at))

    def _zoom(self, factor: float, around: float) -> None:
        low, high = self._axes.steps
        self._axes.show_steps(around - (around - low) * factor, around + (high - around) * factor)
