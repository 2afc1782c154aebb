"""A flat table whose rows are made when they are looked at: 100 000 of them cost nothing until they are seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE, LOOK_ROLE, Look

_NO_INDEX = QModelIndex()
_N_KEPT = 512  # rows made last: a view asks each cell of a row several times


@dataclass(frozen=True)
class TextCell:
    """One cell.

    Attributes:
        text: What stands in it.
        look: How.
        tip: Its tooltip; the text where there is none.
        copied: What goes to the clipboard; the text where there is none.
    """

    text: str
    look: Look = field(default_factory=Look)
    tip: str = ""
    copied: str = ""


@dataclass(frozen=True)
class TextHeader:
    """A column's header."""

    text: str
    tip: str
    is_right: bool = False


MakeRow = Callable[[int], Sequence[TextCell]]


class TextTableModel(QAbstractTableModel):
    """Shows what ``make_row`` gives. GUI thread only.

    Args:
        headers: A column each.
        parent: Owner.
    """

    def __init__(self, headers: Sequence[TextHeader], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._headers = tuple(headers)
        self._guard = CellGuard()
        self._n_rows = 0
        self._make_row: MakeRow = lambda _row: ()
        self._made: dict[int, Sequence[TextCell]] = {}

    def show_rows(self, n_rows: int, make_row: MakeRow) -> None:
        """Show other rows; ``make_row`` gives the cells of one."""
        self.beginResetModel()
        self._n_rows, self._make_row = n_rows, make_row
        self._made.clear()
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Rows."""
        return 0 if parent.isValid() else self._n_rows

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Columns."""
        return 0 if parent.isValid() else len(self._headers)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, look, tooltip, and what is copied."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column headers and their tooltips."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._headers):
            return None
        header = self._headers[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return header.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return header.tip
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if header.is_right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid() or not 0 <= index.row() < self._n_rows:
            return None
        cell = self._row(index.row())[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text
        if role == LOOK_ROLE:
            return cell.look
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell.tip or cell.text
        return (cell.copied or cell.text) if role == COPY_ROLE else None

    def _row(self, row: int) -> Sequence[TextCell]:
        if row not in self._made:
            if len(self._made) >= _N_KEPT:
                self._made.clear()
            self._made[row] = self._make_row(row)
        return self._made[row]
