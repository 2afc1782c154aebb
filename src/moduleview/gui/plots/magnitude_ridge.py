"""The distribution of magnitudes over the run as a ridge: one outline over the other, the newest in front."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from moduleview.gui.look import number_format
from moduleview.gui.look.theme import Theme
from moduleview.gui.plots.axes import Axis, Edge, draw_tag
from moduleview.gui.plots.canvas import Canvas
from moduleview.gui.plots.items import cosmetic_pen
from moduleview.gui.plots.magnitude_axis import MAGNITUDE_MARGINS, MagnitudeAxis
from moduleview.gui.plots.magnitude_bars import outline
from moduleview.gui.plots.magnitude_shares import ShareHistory, edge_decade
from moduleview.gui.plots.special_bins import draw_special_bars
from moduleview.gui.plots.ticks import Ticks

_ROW_PX, _MOST_ROWS = 12, 40
_HEIGHT_ROWS = 3.0  # the highest bin reaches over so many rows


class MagnitudeRidge(Canvas):
    """Row 0 is the oldest and stands at the top; positions along y are rows, the baseline of row n is n + 1."""

    step_pointed = Signal(object)  # int or None

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, MAGNITUDE_MARGINS, parent)
        self._history: ShareHistory | None = None
        self._rows: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._bins = (0, 0)
        self._crosshair: int | None = None
        self.magnitudes = MagnitudeAxis(self)
        Axis(self, Edge.LEFT, self._step_ticks, has_line=False)
        self.decorate(self._draw_rows, 1.0)
        self.setAccessibleName(self.tr("Distribution of magnitudes, one step behind the other"))
        self.pointer_moved.connect(self._on_pointer_moved)
        self.pointer_left.connect(lambda: self.step_pointed.emit(None))

    @property
    def shown_steps(self) -> list[int]:
        """Steps of the rows, from the top."""
        return [] if self._history is None else self._history.steps[self._rows].tolist()

    def row_step(self, step: int | None) -> int | None:
        """The step of the row that stands for a step; None where there is none, or for None."""
        at = self._row_of(step)
        return None if at is None else self.shown_steps[at]

    def draw_history(self, history: ShareHistory, bins: tuple[int, int], steps: tuple[float, float]) -> None:
        """Draw histograms evenly spread over these steps, between two bins, both of them included."""
        inside = np.flatnonzero((history.steps >= steps[0]) & (history.steps <= steps[1]))
        if not len(inside):
            inside = np.arange(max(len(history.steps) - 1, 0), len(history.steps))
        most = max(2, min(_MOST_ROWS, int(self.area.height() / self.theme.px(_ROW_PX)) - int(_HEIGHT_ROWS)))
        if len(inside) > most:
            inside = inside[np.round(np.linspace(0, len(inside) - 1, most)).astype(np.int64)]
        self._history, self._rows, self._bins = history, inside, bins
        self.set_ranges(self.magnitudes.decades(bins), (float(max(len(inside), 1)), 1.0 - _HEIGHT_ROWS))
        self.redraw()

    def set_crosshair(self, step: int | None) -> None:
        """Bring out the row at a step."""
        if step != self._crosshair:
            self._crosshair = step
            self.redraw()

    def _step_ticks(self, _low: float, _high: float, most: int) -> Ticks:
        steps = self.shown_steps
        every = max(1, -(-len(steps) // max(most, 1)))
        last = len(steps) - 1
        return Ticks(
            tuple((n + 1.0, number_format.exact_count(step)) for n, step in enumerate(steps) if (last - n) % every == 0)
        )

    def _draw_rows(self, painter: QPainter) -> None:
        history = self._history
        if history is None or not len(self._rows):
            return
        first, last = self._bins
        shares = history.shares[self._rows, first : last + 1]
        highest = max(float(shares.max()), 1e-12)
        edges = [round(self.x_px(edge_decade(number))) for number in range(first, last + 2)]
        row_px = self.y_px(2.0) - self.y_px(1.0)
        chosen = self._row_of(self._crosshair)
        painter.setClipRect(self.rect())
        for number, row in enumerate(self._rows.tolist()):
            floor = round(self.y_px(number + 1.0))
            heights = [round(floor - share * row_px * _HEIGHT_ROWS / highest) for share in shares[number].tolist()]
            painter.setBrush(QColor(self.theme.tokens.panel))
            painter.setPen(cosmetic_pen(self._color(number, chosen)))
            painter.drawPolygon(outline(edges, heights, floor))
            block = self.magnitudes.special_block
            part = QRectF(block.left(), floor - row_px + 1, block.width(), row_px - 1)
            draw_special_bars(painter, self.theme, part, history.shares[row])
        if chosen is not None:
            step = self.shown_steps[chosen]
            draw_tag(painter, self, Edge.LEFT, chosen + 1.0, number_format.exact_count(step))

    def _color(self, number: int, chosen: int | None) -> str:
        """The newest like the bars, the one at the crosshair like the crosshair, the others quiet."""
        tokens = self.theme.tokens
        if number == chosen:
            return tokens.text
        return tokens.series[0] if number == len(self._rows) - 1 else tokens.strong

    def _row_of(self, step: int | None) -> int | None:
        if step is None or not len(self._rows):
            return None
        at = int(np.searchsorted(self.shown_steps, step, side="right")) - 1
        return at if at >= 0 else None

    def _on_pointer_moved(self, at: QPointF) -> None:
        steps = self.shown_steps
        if not steps or not self.area.top() <= at.y() < self.area.bottom():
            self.step_pointed.emit(None)
            return
        self.step_pointed.emit(steps[min(max(int(self.y_at(at)), 0), len(steps) - 1)])
