"""A rectangle of selected cells, held in the numbers of the slice and not of what can be seen. Pure numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CellBlock:
    """From where a selection began to where it is now, both included.

    Attributes:
        anchor: Row and column where it began.
        current: Row and column of the cursor.
    """

    anchor: tuple[int, int] = (0, 0)
    current: tuple[int, int] = (0, 0)

    @property
    def rows(self) -> range:
        """Selected rows."""
        low, high = sorted((self.anchor[0], self.current[0]))
        return range(low, high + 1)

    @property
    def columns(self) -> range:
        """Selected columns."""
        low, high = sorted((self.anchor[1], self.current[1]))
        return range(low, high + 1)

    @property
    def n_cells(self) -> int:
        """How many are selected."""
        return len(self.rows) * len(self.columns)

    def moved(self, row: int, column: int, *, extends: bool) -> CellBlock:
        """The cursor at another cell; ``extends`` keeps the other corner."""
        return CellBlock(self.anchor if extends else (row, column), (row, column))
