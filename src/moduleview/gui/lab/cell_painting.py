"""Paints all cells that can be seen in one go: a delegate called for each of them takes four times as long."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter

from moduleview.gui.lab.cell_block import CellBlock
from moduleview.gui.lab.cells_model import LOADING, CellsModel
from moduleview.gui.look.theme import Theme

PADDING_PX = 8
_MARK_PX = 6
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


@dataclass(frozen=True)
class CellSizes:
    """Pixels of every cell."""

    width: int
    height: int


def paint_cells(painter: QPainter, theme: Theme, model: CellsModel, block: CellBlock, sizes: CellSizes) -> None:
    """Numbers at the right; what is selected is tinted; NaN and Inf are words with a mark before them.

    Args:
        painter: On the view's viewport; has its font.
        theme: Colours and zoom.
        model: What can be seen.
        block: What is selected.
        sizes: Of a cell.
    """
    tokens, px = theme.tokens, theme.px
    chosen = _selected(painter, theme, model, block, sizes)
    colors = {name: QColor(getattr(tokens, name)) for name in ("text", "faint", "non_finite")}
    side, padding, n_columns = px(_MARK_PX), px(PADDING_PX), model.columnCount()
    painter.setPen(colors["text"])
    for row in range(model.rowCount()):
        y = row * sizes.height
        for column in range(n_columns):
            text, is_bad = model.look(model.top + row, model.left + column)
            x = column * sizes.width
            if is_bad:
                painter.fillRect(x + px(4), y + (sizes.height - side) // 2, side, side, colors["non_finite"])
            is_unusual = text == LOADING or (row, column) in chosen
            if is_unusual:
                painter.setPen(colors["faint"] if text == LOADING else QColor(tokens.on_selection))
            painter.drawText(x, y, sizes.width - padding, sizes.height, _RIGHT, text)
            if is_unusual:
                painter.setPen(colors["text"])


def paint_cursor(painter: QPainter, theme: Theme, model: CellsModel, block: CellBlock, sizes: CellSizes) -> None:
    """The outline of the focus."""
    row, column = block.current[0] - model.top, block.current[1] - model.left
    painter.setPen(QColor(theme.tokens.accent))
    painter.drawRect(column * sizes.width, row * sizes.height, sizes.width - 1, sizes.height - 1)


def _selected(
    painter: QPainter, theme: Theme, model: CellsModel, block: CellBlock, sizes: CellSizes
) -> frozenset[tuple[int, int]]:
    """Tint what is selected; gives the rows and columns of the model."""
    rows = [row for row in range(model.rowCount()) if model.top + row in block.rows]
    columns = [column for column in range(model.columnCount()) if model.left + column in block.columns]
    if not rows or not columns:
        return frozenset()
    area = QRect(columns[0] * sizes.width, rows[0] * sizes.height, len(columns) * sizes.width, len(rows) * sizes.height)
    painter.fillRect(area, QColor(theme.tokens.selection))
    return frozenset((row, column) for row in rows for column in columns)
