"""Where the cells of a small tensor stand when it is drawn: a grid, or several side by side for more than two axes."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from moduleview.telemetry.lab_pipelines import PictureGrid


@dataclass(frozen=True)
class GridLook:
    """Sizes in pixels: of a cell, and of the gap between two matrices of one tensor."""

    cell_width: float
    cell_height: float
    gap: float


@dataclass(frozen=True)
class CellGrid:
    """A tensor placed on the screen.

    Attributes:
        grid: What is drawn.
        left, top: Upper left corner.
        look: Sizes.
    """

    grid: PictureGrid
    left: float
    top: float
    look: GridLook

    @property
    def matrix(self) -> tuple[int, int]:
        """Rows and columns of one matrix; a vector is one row."""
        shape = self.grid.shape
        return (shape[-2] if len(shape) > 1 else 1, shape[-1] if shape else 1)

    @property
    def n_cells(self) -> int:
        """Elements."""
        n = 1
        for size in self.grid.shape:
            n *= size
        return n

    @property
    def n_matrices(self) -> int:
        """Matrices side by side."""
        rows, columns = self.matrix
        return self.n_cells // (rows * columns) if rows * columns else 0

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of all of it."""
        rows, columns = self.matrix
        n = max(self.n_matrices, 1)
        width = n * columns * self.look.cell_width + (n - 1) * self.look.gap
        return max(width, self.look.cell_width), max(rows * self.look.cell_height, self.look.cell_height)

    def cell_rect(self, cell: int) -> QRectF:
        """Where a cell stands, counted row by row."""
        rows, columns = self.matrix
        matrix, inside = divmod(cell, rows * columns)
        row, column = divmod(inside, columns)
        x = self.left + matrix * (columns * self.look.cell_width + self.look.gap) + column * self.look.cell_width
        return QRectF(x, self.top + row * self.look.cell_height, self.look.cell_width, self.look.cell_height)

    def cell_at(self, at: QPointF) -> int | None:
        """The cell under a point."""
        rows, columns = self.matrix
        look = self.look
        matrix, x = divmod(at.x() - self.left, columns * look.cell_width + look.gap)
        row, column = int((at.y() - self.top) // look.cell_height), int(x // look.cell_width)
        if 0 <= matrix < self.n_matrices and 0 <= row < rows and column < columns:
            return (int(matrix) * rows + row) * columns + column
        return None


def longest_text(grid: PictureGrid) -> int:
    """Characters of the longest text in a grid."""
    return max(map(len, grid.texts), default=1)
