"""Where one is among the rows of the map: a scroll bar beside them, and the numbers of those in view."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollBar, QToolButton

from moduleview.gui.look import number_format
from moduleview.gui.plots.canvas import Canvas
from moduleview.gui.shared_axes import SharedAxes

_BAR_PX = 12


class RowPlace(QToolButton):
    """Says which rows are in view, for the dock's title; a click shows them all, or a part again."""

    def __init__(self, axes: SharedAxes) -> None:
        super().__init__()
        self._axes = axes
        self._n_rows = 0
        self._part: tuple[float, float] | None = None  # in view before all were
        self.setProperty("role", "toggle")
        self.clicked.connect(self._on_clicked)
        axes.rows_changed.connect(self.follow)
        self.follow()

    def set_n_rows(self, n_rows: int) -> None:
        """Say how many rows there are."""
        if n_rows != self._n_rows:
            self._n_rows, self._part = n_rows, None
        self.follow()

    def forget_part(self) -> None:
        """All rows can be seen at once: there is no part to go back to."""
        self._part = None
        self.follow()

    def follow(self) -> None:
        """Say it anew."""
        self._part = self._axes.rows or self._part
        top, bottom = self._axes.rows_in_view(self._n_rows)
        numbers = (math.floor(top) + 1, math.ceil(bottom), self._n_rows)
        first, last, n_rows = (number_format.exact_count(number) for number in numbers)
        if self._axes.rows is None:
            text = self.tr("all {0} rows").format(n_rows)
            tip = self.tr("Show some rows, higher, and scroll through them")
        else:
            text = self.tr("rows {0} to {1} of {2}").format(first, last, n_rows)
            tip = self.tr("Show all rows at once; the wheel, Page Up and Page Down scroll")
        self.setText(text)
        self.setToolTip(tip)
        self.setAccessibleName(f"{text}. {tip}")
        if self.parent() is not None:  # else it would be a window of its own
            self.setVisible(self._part is not None)

    def _on_clicked(self) -> None:
        self._axes.show_rows(self._part if self._axes.rows is None else None)


class RowScrollBar(QScrollBar):
    """Stands right of the rows of a canvas, while some of them are out of view."""

    def __init__(self, canvas: Canvas, axes: SharedAxes) -> None:
        super().__init__(Qt.Orientation.Vertical, canvas)
        self._canvas, self._axes = canvas, axes
        self._n_rows = 0
        self.setAccessibleName(self.tr("Rows in view"))
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.hide()
        self.valueChanged.connect(self._on_moved)
        canvas.area_changed.connect(self._place)
        axes.rows_changed.connect(self.follow)

    def set_n_rows(self, n_rows: int) -> None:
        """Say how many rows there are."""
        self._n_rows = n_rows
        self.follow()

    def follow(self) -> None:
        """Show what part of the rows is in view."""
        self.setVisible(self._axes.rows is not None)
        top, bottom = self._axes.rows_in_view(self._n_rows)
        height = max(round(bottom - top), 1)
        was_blocked = self.blockSignals(True)
        self.setRange(0, max(self._n_rows - height, 0))
        self.setPageStep(height)
        self.setSingleStep(max(height // 8, 1))
        self.setValue(round(top))
        self.blockSignals(was_blocked)
        self._place()

    def _place(self) -> None:
        area = self._canvas.area.toRect()
        self.setGeometry(area.right() + 2, area.top(), self._canvas.theme.px(_BAR_PX), area.height())

    def _on_moved(self, top: int) -> None:
        low, high = self._axes.rows_in_view(self._n_rows)
        self._axes.show_rows((float(top), top + high - low))
