"""The alarms that rang, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from moduleview.gui.look import number_format
from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE, LOOK_ROLE, Look
from moduleview.telemetry.changes_messages import AlarmRang
from moduleview.telemetry.display_names import displayable

_NO_INDEX = QModelIndex()


class RingColumn(IntEnum):
    """Columns."""

    STEP = 0
    VALUE = 1
    WHY = 2
    DID = 3


class AlarmRingsModel(QAbstractTableModel):
    """A row a ring, the newest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = CellGuard()
        self._rings: list[AlarmRang] = []

    def show_rings(self, rings: Sequence[AlarmRang]) -> None:
        """Take them all; new ones come at the top."""
        newest_first = list(reversed(rings))
        n_new = len(newest_first) - len(self._rings)
        if n_new >= 0 and newest_first[n_new:] == self._rings:
            if n_new:
                self.beginInsertRows(_NO_INDEX, 0, n_new - 1)
                self._rings = newest_first
                self.endInsertRows()
            return
        self.beginResetModel()
        self._rings = newest_first
        self.endResetModel()

    def ring(self, row: int) -> AlarmRang:
        """The ring in a row."""
        return self._rings[row]

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Rings."""
        return 0 if parent.isValid() else len(self._rings)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Columns."""
        return 0 if parent.isValid() else len(RingColumn)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, look, tooltip."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column headers."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(RingColumn):
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            is_right = section in (RingColumn.STEP, RingColumn.VALUE)
            side = Qt.AlignmentFlag.AlignRight if is_right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        headers = (self.tr("Step"), self.tr("Value"), self.tr("Alarm that rang"), self.tr("Then"))
        return headers[section] if role == Qt.ItemDataRole.DisplayRole else None

    # -- inside ----------------------------------------------------------------------------------------------------

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid():
            return None
        ring, column = self._rings[index.row()], RingColumn(index.column())
        if role == LOOK_ROLE:
            is_number = column in (RingColumn.STEP, RingColumn.VALUE)
            return Look(is_mono=is_number, is_small=is_number, is_right=is_number)
        if role == COPY_ROLE and column is RingColumn.VALUE:
            return repr(ring.value)
        if role in (Qt.ItemDataRole.DisplayRole, COPY_ROLE, Qt.ItemDataRole.ToolTipRole):
            return self._text(ring, column)
        return None

    def _text(self, ring: AlarmRang, column: RingColumn) -> str:
        match column:
            case RingColumn.STEP:
                return number_format.exact_count(ring.step)
            case RingColumn.VALUE:
                return f"{ring.value:.4g}"
            case RingColumn.WHY:
                return displayable(ring.why)
        words = {"pause": self.tr("paused"), "mark": self.tr("marked"), "clip": self.tr("clips from here on")}
        return words.get(ring.did, displayable(ring.did))
