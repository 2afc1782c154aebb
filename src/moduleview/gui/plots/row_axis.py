"""The left axis of map and profile: names and brackets of blocks, names of rows where there is room for them."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter

from moduleview.gui.plots.canvas import Canvas
from moduleview.gui.plots.items import cosmetic_pen
from moduleview.gui.plots.map_rows import Block, MapRows
from moduleview.telemetry.display_names import displayable

NAMED_ROW_PX = 12  # from this height on a row has its own name
_LEAST_BRACKET_PX = 4  # lower ones would be a dotted line
_LABEL_GAP_PX, _SHORT_GAP_PX, _BRACKET_GAP_PX, _BAR_PX = 9, 6, 5, 3


@dataclass(frozen=True)
class _Label:
    text: str
    y: float
    is_bold: bool
    rank: int  # the lowest ranks are placed first


class RowAxis:
    """Draws names left of the rows of a canvas whose y axis is the row number."""

    def __init__(self, canvas: Canvas, *, is_short: bool = False) -> None:
        self._canvas = canvas
        self.is_short = is_short
        self.rows: MapRows | None = None
        self.selected: tuple[str, int, int] | None = None  # FQN, first row, one past the last
        canvas.decorate(self._draw)

    def select(self, fqn: str | None, rows: MapRows | None) -> tuple[int, int] | None:
        """Mark a module or parameter; gives its first row and one past the last, None where nothing is marked."""
        stretch = None if fqn is None or rows is None else rows.marked_stretch(fqn)
        self.selected = None
        if stretch is not None and fqn is not None and rows is not None:
            self.selected = (rows.name_of_stretch(fqn, stretch), *stretch)
        return stretch

    def block_at(self, row: int) -> Block | None:
        """The block that a row belongs to."""
        blocks = () if self.rows is None else self.rows.blocks_between(row, row + 1)
        return blocks[0] if blocks else None

    def names_rows(self) -> bool:
        """Rows are high enough to have their own names."""
        top, bottom = self._canvas.y_range[1], self._canvas.y_range[0]
        return self._canvas.area.height() / max(bottom - top, 1.0) > self._canvas.theme.px(NAMED_ROW_PX)

    def _draw(self, painter: QPainter) -> None:
        if self.rows is None:
            return
        area, theme = self._canvas.area, self._canvas.theme
        painter.setClipRect(QRectF(0, area.top() - theme.px(6), area.right(), area.height() + theme.px(12)))
        if not self.is_short:
            self._draw_brackets(painter)
        bold, normal = theme.mono_font(bold=True), theme.mono_font()
        gap, placed = theme.px(NAMED_ROW_PX), list[float]()
        for label in sorted(self._labels(), key=lambda label: label.rank):
            at = bisect_left(placed, label.y)
            if all(abs(label.y - other) >= gap for other in placed[max(at - 1, 0) : at + 1]):
                placed.insert(at, label.y)
                self._draw_label(painter, label, bold if label.is_bold else normal)

    def _draw_brackets(self, painter: QPainter) -> None:
        assert self.rows is not None
        tokens, px = self._canvas.theme.tokens, self._canvas.theme.px
        x = self._canvas.area.left() - px(_BRACKET_GAP_PX)
        row_px = self._canvas.area.height() / max(self._canvas.y_range[0] - self._canvas.y_range[1], 1.0)
        painter.setPen(cosmetic_pen(tokens.strong))
        for block in self._blocks():
            n_rows = block.end - block.first
            if n_rows > 1 and n_rows * row_px >= _LEAST_BRACKET_PX:
                box = self._box(block.first, block.end)
                painter.drawLine(QPointF(x, box.top() + 1), QPointF(x, box.bottom() - 2))
        if self.selected is not None:
            box = self._box(*self.selected[1:])
            left = x - 1
            painter.fillRect(QRectF(left, box.top(), px(_BAR_PX), max(box.height() - 1, 2)), QColor(tokens.accent))

    def _box(self, first: int, end: int) -> QRectF:
        top, bottom = round(self._canvas.y_px(first)), round(self._canvas.y_px(end))
        return QRectF(0, top, self._canvas.area.left(), bottom - top)

    def _labels(self) -> list[_Label]:
        assert self.rows is not None
        _fqn, first, end = ("", 0, 0) if self.selected is None else self.selected
        if self.names_rows():
            seen = math.floor(self._canvas.y_range[1]), math.ceil(self._canvas.y_range[0])
            labels = [
                _Label(fqn, self._middle(row, row + 1), first <= row < end, 0 if first <= row < end else 1)
                for row, fqn in enumerate(self.rows.fqns[slice(*seen)], seen[0])
            ]
        else:
            blocks = [block for block in self._blocks() if self.selected is None or block.fqn != self.selected[0]]
            labels = [
                _Label(block.fqn, self._middle(block.first, block.end), False, block.first - block.end)
                for block in blocks
            ]
            if self.selected is not None:
                labels.append(_Label(self.selected[0], self._middle(first, end), True, -len(self.rows) - 1))
        return [label for label in labels if self._is_inside(label.y)]

    def _blocks(self) -> tuple[Block, ...]:
        """Those in view."""
        top, bottom = self._canvas.y_range[1], self._canvas.y_range[0]
        return () if self.rows is None else self.rows.blocks_between(top, bottom)

    def _middle(self, first: int, end: int) -> float:
        """Of the part that is seen."""
        top, bottom = self._canvas.y_range[1], self._canvas.y_range[0]
        return self._canvas.y_px((max(first, top) + min(end, bottom)) / 2)

    def _is_inside(self, y: float) -> bool:
        return self._canvas.area.top() - 1 <= y <= self._canvas.area.bottom() + 1

    def _draw_label(self, painter: QPainter, label: _Label, font: QFont) -> None:
        tokens, px, area = self._canvas.theme.tokens, self._canvas.theme.px, self._canvas.area
        painter.setFont(font)
        painter.setPen(QColor(tokens.text if label.is_bold else tokens.muted))
        metrics = QFontMetrics(font)
        right = area.left() - px(_SHORT_GAP_PX if self.is_short else _LABEL_GAP_PX)
        assert self.rows is not None
        text = (_shortened(label.text) if self.is_short else label.text) or self.rows.snapshot.names[0]
        text = fitted_name(displayable(text), metrics, round(right - px(2)))
        painter.drawText(
            QPointF(right - metrics.horizontalAdvance(text), round(label.y + metrics.capHeight() / 2)), text
        )


def fitted_name(name: str, metrics: QFontMetrics, width: int) -> str:
    """An FQN without its beginning, cut at a dot where that leaves enough: ``…attn.qkv``, else ``…on.qkv``."""
    parts = name.split(".")
    ends = [".".join(parts[at:]) for at in range(len(parts))]
    whole = next((end for end in ends if metrics.horizontalAdvance(end) <= width), "")
    marked = next((f"…{end}" for end in ends[1:] if metrics.horizontalAdvance(f"…{end}") <= width), "")
    if whole == name or whole.count(".") > marked.count("."):
        return whole
    return marked if "." in marked else metrics.elidedText(name, Qt.TextElideMode.ElideLeft, width)


def _shortened(fqn: str) -> str:
    """The end of an FQN: ``embed``, the ``0`` of ``blocks.0``, but the ``3.1`` of ``features.3.1``."""
    above, _dot, last = fqn.rpartition(".")
    parent = above.rpartition(".")[2]
    return f"{parent}.{last}" if last.isdigit() and parent.isdigit() else last
