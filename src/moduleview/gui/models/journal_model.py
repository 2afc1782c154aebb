"""The journal as a table: what was changed, when, and whether it stands."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from moduleview.gui.look import number_format
from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE, LOOK_ROLE, Look
from moduleview.telemetry.changes_messages import ChangeJournaled, EntryState
from moduleview.telemetry.display_names import displayable

_NO_INDEX = QModelIndex()
_LONGEST = 400


class JournalColumn(IntEnum):
    """Columns."""

    STATE = 0
    WHAT = 1
    NODE = 2
    STEP = 3
    ENDED = 4
    NOTE = 5
    PYTHON = 6


class JournalModel(QAbstractTableModel):
    """A row an entry, the newest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = CellGuard()
        self._entries: list[ChangeJournaled] = []

    def show_entries(self, entries: Sequence[ChangeJournaled]) -> None:
        """Take another journal; rows keep their places where only their states are others."""
        newest_first = list(reversed(entries))
        numbers = [entry.entry for entry in newest_first]
        if numbers == [entry.entry for entry in self._entries]:
            self._entries = newest_first
            if numbers:
                self.dataChanged.emit(self.index(0, 0), self.index(len(numbers) - 1, len(JournalColumn) - 1))
            return
        n_new = len(numbers) - len(self._entries)
        if n_new > 0 and numbers[n_new:] == [entry.entry for entry in self._entries]:
            self.beginInsertRows(_NO_INDEX, 0, n_new - 1)
            self._entries = newest_first
            self.endInsertRows()
            self.dataChanged.emit(self.index(0, 0), self.index(len(numbers) - 1, len(JournalColumn) - 1))
            return
        self.beginResetModel()
        self._entries = newest_first
        self.endResetModel()

    def entry(self, row: int) -> ChangeJournaled:
        """The entry in a row."""
        return self._entries[row]

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Entries."""
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Columns."""
        return 0 if parent.isValid() else len(JournalColumn)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, look, tooltip."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column headers."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(JournalColumn):
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            is_right = section in (JournalColumn.STEP, JournalColumn.ENDED)
            side = Qt.AlignmentFlag.AlignRight if is_right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.DisplayRole:
            return self._header(JournalColumn(section))
        return None

    # -- inside ----------------------------------------------------------------------------------------------------

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid():
            return None
        entry, column = self._entries[index.row()], JournalColumn(index.column())
        if role == LOOK_ROLE:
            return self._look(entry, column)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(entry, column)
        if role == COPY_ROLE:
            return entry.python if column is JournalColumn.PYTHON else self._text(entry, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            shown = entry.python if column is JournalColumn.PYTHON else self._text(entry, column)
            if column is JournalColumn.WHAT and entry.note:
                shown = f"{shown}\n{entry.note}"
            return "\n".join(displayable(line, _LONGEST) for line in shown.splitlines())
        return None

    def _look(self, entry: ChangeJournaled, column: JournalColumn) -> Look:
        color = "text" if entry.stands else "muted"
        match column:
            case JournalColumn.STATE:
                marks = {
                    EntryState.STANDS: ("check", "success"),
                    EntryState.TAKEN_BACK: ("undo", "muted"),
                    EntryState.LET_GO: ("warning", "warning"),
                }
                icon, role = marks[entry.state]
                return Look(color=role, icon=icon, keeps_color=entry.stands)
            case JournalColumn.STEP | JournalColumn.ENDED:
                return Look(color=color, is_mono=True, is_small=True, is_right=True)
            case JournalColumn.NODE:
                return Look(color=color, is_mono=True, is_small=True, elides_left=True)
            case JournalColumn.PYTHON:
                return Look(color="muted", is_mono=True, is_small=True)
            case JournalColumn.NOTE:
                return Look(color="warning" if entry.note else color)
        return Look(color=color)

    def _text(self, entry: ChangeJournaled, column: JournalColumn) -> str:
        if column is JournalColumn.STATE:
            words = {
                EntryState.STANDS: self.tr("stands"),
                EntryState.TAKEN_BACK: self.tr("taken back"),
                EntryState.LET_GO: self.tr("let go"),
            }
            return words[entry.state]
        if column in (JournalColumn.STEP, JournalColumn.ENDED):
            step = entry.step if column is JournalColumn.STEP else entry.ended_step
            return "" if step is None else number_format.exact_count(step)
        first, *more = entry.python.splitlines() or [""]
        texts = {
            JournalColumn.WHAT: entry.what,
            JournalColumn.NODE: entry.fqn,
            JournalColumn.NOTE: entry.note,
            JournalColumn.PYTHON: f"{first} ..." if more else first,
        }
        return displayable(texts[column], _LONGEST)

    def _header(self, column: JournalColumn) -> str:
        return {
            JournalColumn.STATE: self.tr("State"),
            JournalColumn.WHAT: self.tr("Change"),
            JournalColumn.NODE: self.tr("Node"),
            JournalColumn.STEP: self.tr("Step"),
            JournalColumn.ENDED: self.tr("Until step"),
            JournalColumn.NOTE: self.tr("Note"),
            JournalColumn.PYTHON: self.tr("Python"),
        }[column]
