"""Scrolls and zooms the rows that map and profile share: wheel, drag, scroll bar, Page Up and Down.

The wheel scrolls where there are rows out of view, with Ctrl it zooms the rows, and with Shift the steps.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QKeyEvent

from moduleview.gui.plots.canvas import Canvas
from moduleview.gui.shared_axes import SharedAxes

_NOTCH_SHARE = 0.125  # of what is in view, for one notch of the wheel


class RowNavigation(QObject):
    """Lets a canvas whose y axis is the row number move the rows in view."""

    def __init__(self, canvas: Canvas, axes: SharedAxes, parent: QObject) -> None:
        super().__init__(parent)
        self._canvas, self._axes = canvas, axes
        self._n_rows = 0
        canvas.dragged.connect(self._on_dragged)
        canvas.zoomed.connect(self._on_zoomed)
        canvas.scrolled.connect(self._on_scrolled)
        axes.rows_changed.connect(self._on_rows_changed)
        canvas.installEventFilter(self)

    def set_n_rows(self, n_rows: int) -> None:
        """Say how many rows there are."""
        self._n_rows = n_rows
        self._on_rows_changed()

    def reveal(self, stretch: tuple[int, int]) -> None:
        """Scroll until rows are in view, when none of them is."""
        top, bottom = self._axes.rows_in_view(self._n_rows)
        if stretch[0] < bottom and stretch[1] > top:
            return
        height = bottom - top
        self._show(min((stretch[0] + stretch[1] - height) / 2, stretch[0]), height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Page Up and Down scroll by what is in view, Ctrl+Home and Ctrl+End to the first and the last row."""
        if watched is self._canvas and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._axes.rows is not None and self._press(event)
        return super().eventFilter(watched, event)

    def _press(self, event: QKeyEvent) -> bool:
        top, bottom = self._axes.rows_in_view(self._n_rows)
        height = bottom - top
        is_ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        match event.key():
            case Qt.Key.Key_PageUp:
                self._show(top - height, height)
            case Qt.Key.Key_PageDown:
                self._show(top + height, height)
            case Qt.Key.Key_Home if is_ctrl:
                self._show(0.0, height)
            case Qt.Key.Key_End if is_ctrl:
                self._show(float(self._n_rows), height)
            case _:
                return False
        return True

    def _on_rows_changed(self) -> None:
        self._canvas.has_more_rows = self._axes.rows is not None

    def _on_dragged(self, _dx: float, dy: float) -> None:
        if self._axes.rows is not None and dy:
            top, bottom = self._axes.rows_in_view(self._n_rows)
            self._show(top - dy / max(self._canvas.area.height(), 1.0) * (bottom - top), bottom - top)

    def _on_scrolled(self, notches: float) -> None:
        top, bottom = self._axes.rows_in_view(self._n_rows)
        by = notches * max((bottom - top) * _NOTCH_SHARE, 1.0)
        self._show(top + (math.floor(by) if by < 0 else math.ceil(by)), bottom - top)

    def _on_zoomed(self, factor: float, at: QPointF, along_y: bool) -> None:
        if along_y and self._n_rows:
            top, bottom = self._axes.rows_in_view(self._n_rows)
            around = self._canvas.y_at(at)
            self._show(around - (around - top) * factor, (bottom - top) * factor)

    def _show(self, top: float, height: float) -> None:
        height = max(height, min(2.0, float(self._n_rows)))
        if height >= self._n_rows:
            self._axes.show_rows(None)
            return
        top = min(max(top, 0.0), self._n_rows - height)
        self._axes.show_rows((top, top + height))
