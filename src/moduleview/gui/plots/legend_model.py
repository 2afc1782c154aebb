"""The rows of the curves' legend: groups, and in them lines with their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt

from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.plots.chart_lines import LineStyle
from moduleview.telemetry.display_names import displayable

LEGEND_ROW_ROLE = int(Qt.ItemDataRole.UserRole)
LINE_NAMES_ROLE = int(Qt.ItemDataRole.UserRole) + 1
"""Names of all lines: a name is cut so that it does not look like another."""

_ROOT = QModelIndex()


@dataclass(frozen=True)
class LegendRow:
    """A group's name, or a line.

    Attributes:
        text: Name of the group's module, or of the line.
        note: Muted text behind the name of a group ("selected").
        fqn: What the tooltip says and a person can select.
        number: Of the line; None for a group.
        style: Of the line.
        value: Of the line, written out.
    """

    text: str
    note: str = ""
    fqn: str = ""
    number: int | None = None
    style: LineStyle | None = None
    value: str = ""


class LegendModel(QAbstractListModel):
    """A list of ``LegendRow``; groups cannot be selected."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[LegendRow, ...] = ()
        self._guard = CellGuard()

    @property
    def rows(self) -> tuple[LegendRow, ...]:
        """All rows, from above."""
        return self._rows

    def set_rows(self, rows: Sequence[LegendRow]) -> None:
        """Take other rows; where they are of the same lines, the view keeps its place."""
        new = tuple(rows)
        if new == self._rows:
            return
        if len(new) == len(self._rows) and [row.number for row in new] == [row.number for row in self._rows]:
            self._rows = new
            self.dataChanged.emit(self.index(0), self.index(len(new) - 1))
            return
        self.beginResetModel()
        self._rows = new
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:
        """Rows of the list."""
        return 0 if parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Groups are there to be read only."""
        if not index.isValid() or self._rows[index.row()].number is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """The text, the FQN as tooltip, or the ``LegendRow``."""
        return self._guard.cell(self._cell, index, role)

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return " ".join(part for part in (row.text, row.note, row.value) if part)
            case Qt.ItemDataRole.ToolTipRole:
                return displayable(row.fqn) or None
            case _ if role == LEGEND_ROW_ROLE:
                return row
            case _ if role == LINE_NAMES_ROLE:
                return tuple(other.text for other in self._rows if other.number is not None)
        return None
