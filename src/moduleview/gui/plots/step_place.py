"""Where one is among the steps of a run: a scroll bar below them, while not all of them are in view."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QScrollBar

from moduleview.gui.plots.canvas import Canvas
from moduleview.gui.shared_axes import SharedAxes

_BELOW_PX, _BAR_PX = 20, 8  # below the labels of the axis
_ARROW_SHARE = 8  # a click on an end moves by a part of what is in view


class StepScrollBar(QScrollBar):
    """Moves through the steps at the width that was chosen; the key End follows the newest again."""

    def __init__(self, canvas: Canvas, axes: SharedAxes) -> None:
        super().__init__(Qt.Orientation.Horizontal, canvas)
        self._canvas, self._axes = canvas, axes
        self.setAccessibleName(self.tr("Steps in view"))
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.hide()
        self.valueChanged.connect(self._on_moved)
        canvas.area_changed.connect(self._place)
        axes.steps_changed.connect(self.follow)

    def follow(self) -> None:
        """Show what part of the steps is in view."""
        low, high = self._axes.steps
        n_steps = self._axes.n_steps
        width = max(round(high - low), 1)
        self.setVisible(n_steps > width)
        with QSignalBlocker(self):
            self.setRange(0, max(n_steps - width, 0))
            self.setPageStep(width)
            self.setSingleStep(max(width // _ARROW_SHARE, 1))
            self.setValue(round(low + 0.5))
        self._place()

    def _place(self) -> None:
        area, px = self._canvas.area.toRect(), self._canvas.theme.px
        self.setGeometry(area.left(), area.bottom() + px(_BELOW_PX), area.width(), px(_BAR_PX))

    def _on_moved(self, first: int) -> None:
        low, high = self._axes.steps
        self._axes.show_steps(first - 0.5, first - 0.5 + high - low)
