"""Everyone's hooks on a module, as torch's tables have them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE, LOOK_ROLE, Look
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.hooks import FoundHook

_NO_INDEX = QModelIndex()


class FoundColumn(IntEnum):
    """Columns."""

    KIND = 0
    NAME = 1
    LOCATION = 2


class FoundHooksModel(QAbstractTableModel):
    """A row a hook."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = CellGuard()
        self._hooks: Sequence[FoundHook] = ()

    def show_hooks(self, hooks: Sequence[FoundHook]) -> None:
        """Show other hooks."""
        if tuple(hooks) != tuple(self._hooks):
            self.beginResetModel()
            self._hooks = tuple(hooks)
            self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Hooks."""
        return 0 if parent.isValid() else len(self._hooks)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Kind, callable, place."""
        return 0 if parent.isValid() else len(FoundColumn)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, look, tooltip."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column headers."""
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        headers = (self.tr("All hooks"), self.tr("Function"), self.tr("Defined at"))
        return headers[section] if 0 <= section < len(headers) else None

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid():
            return None
        hook, column = self._hooks[index.row()], FoundColumn(index.column())
        whole = {
            FoundColumn.KIND: hook.kind,
            FoundColumn.NAME: hook.name,
            FoundColumn.LOCATION: hook.location,
        }[column]
        if role == LOOK_ROLE:
            is_name = column is FoundColumn.NAME
            color = "muted" if not is_name or hook.is_ours else "text"
            return Look(color=color, is_mono=True, is_small=True, elides_left=column is FoundColumn.LOCATION)
        if role == Qt.ItemDataRole.DisplayRole and column is FoundColumn.NAME and hook.is_ours:
            return self.tr("moduleview")
        if role == Qt.ItemDataRole.DisplayRole and column is FoundColumn.LOCATION:
            return displayable(whole.replace("\\", "/").rpartition("/")[2])
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return displayable(whole, 2000)
        return whole if role == COPY_ROLE else None
