"""The cells of a slice that can be seen: a small model that moves over a slice of any size.

A header of Qt keeps 8 bytes a section and walks over all of them: 50 million rows would be 400 MB and a second. So the
model has as many rows and columns as the view shows, and an offset; the tiles come from the lab's thread.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from moduleview.gui.lab.cell_words import is_finite, short, whole
from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE
from moduleview.telemetry.lab_views import TileAnswered

_NO_INDEX = QModelIndex()
_N_TILES = 6
LOADING = "…"


class CellsModel(QAbstractTableModel):
    """Row 0 of the model is row ``top`` of the slice, column 0 is column ``left``."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = CellGuard()
        self._tiles: deque[TileAnswered] = deque(maxlen=_N_TILES)
        self._looks: dict[tuple[int, int], tuple[str, bool]] = {}
        self.n_rows = self.n_columns = 0
        self.top = self.left = 0
        self._n_seen_rows = self._n_seen_columns = 0

    def show_slice(self, n_rows: int, n_columns: int) -> None:
        """Another slice: nothing of it is known yet."""
        self.beginResetModel()
        self._tiles.clear()
        self._looks.clear()
        self.n_rows, self.n_columns, self.top, self.left = n_rows, n_columns, 0, 0
        self._n_seen_rows = min(self._n_seen_rows, n_rows)
        self._n_seen_columns = min(self._n_seen_columns, n_columns)
        self.endResetModel()

    def forget_cells(self) -> None:
        """Another slice of the same size: its cells have to come, what can be seen stays where it is."""
        self._tiles.clear()
        self._looks.clear()
        self._say_changed()

    def set_window(self, top: int, left: int, n_rows: int, n_columns: int) -> None:
        """Show so many rows and columns from here on."""
        n_rows, n_columns = min(n_rows, self.n_rows), min(n_columns, self.n_columns)
        top = max(0, min(top, self.n_rows - n_rows))
        left = max(0, min(left, self.n_columns - n_columns))
        if (n_rows, n_columns) != (self._n_seen_rows, self._n_seen_columns):
            self.beginResetModel()
            self._n_seen_rows, self._n_seen_columns, self.top, self.left = n_rows, n_columns, top, left
            self.endResetModel()
        elif (top, left) != (self.top, self.left):
            self.top, self.left = top, left
            self._say_changed()

    def take_tile(self, tile: TileAnswered) -> None:
        """Keep a rectangle of cells; the oldest goes."""
        self._tiles.appendleft(tile)
        self._looks.clear()
        self._say_changed()

    def is_known(self) -> bool:
        """All cells that can be seen have come."""
        corners = ((0, 0), (self._n_seen_rows - 1, self._n_seen_columns - 1))
        return all(self.value(self.top + row, self.left + column) is not None for row, column in corners)

    @property
    def longest(self) -> int:
        """Characters of the longest text that is known."""
        return max((len(text) for text, _is_bad in self._looks.values()), default=0)

    def value(self, row: int, column: int) -> Any | None:
        """An element of the slice as a numpy scalar; None where it has not come."""
        found = self._tile_of(row, column)
        return None if found is None else found.values[row - found.first_row, column - found.first_column]

    def look(self, row: int, column: int) -> tuple[str, bool]:
        """What stands in a cell of the slice, and whether that is NaN or Inf."""
        key = (row, column)
        look = self._looks.get(key)
        if look is None:
            value = self.value(row, column)
            if value is None:
                return LOADING, False
            look = self._looks[key] = (short(value), not is_finite(value))
        return look

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Rows that can be seen."""
        return 0 if parent.isValid() else self._n_seen_rows

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Columns that can be seen."""
        return 0 if parent.isValid() else self._n_seen_columns

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, tip, whole value."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Indices on the two axes."""
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return str(section + (self.top if orientation == Qt.Orientation.Vertical else self.left))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid():
            return None
        row, column = self.top + index.row(), self.left + index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.look(row, column)[0]
        if role in (Qt.ItemDataRole.ToolTipRole, COPY_ROLE):
            found = self._tile_of(row, column)
            if found is None:
                return LOADING
            text = whole(self.value(row, column), found.digits)
            return text if role == COPY_ROLE else f"[{row}, {column}]  {text}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _tile_of(self, row: int, column: int) -> TileAnswered | None:
        for tile in self._tiles:
            height, width = tile.values.shape
            if 0 <= row - tile.first_row < height and 0 <= column - tile.first_column < width:
                return tile
        return None

    def _say_changed(self) -> None:
        if self._n_seen_rows and self._n_seen_columns:
            self.dataChanged.emit(self.index(0, 0), self.index(self._n_seen_rows - 1, self._n_seen_columns - 1))
            self.headerDataChanged.emit(Qt.Orientation.Vertical, 0, self._n_seen_rows - 1)
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self._n_seen_columns - 1)
