"""The journal as a table: what was changed, when, and whether it stands."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from moduleview.gui.look import number_format
from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE, LOOK_ROLE, Look
from moduleview.telemetry.changes_book import JournaledRun
from moduleview.telemetry.changes_messages import ChangeJournaled, EntryState
from moduleview.telemetry.display_names import displayable

_NO_INDEX = QModelIndex()
_LONGEST = 400
_MARKS = {
    EntryState.STANDS: ("check", "success"),
    EntryState.TAKEN_BACK: ("undo", "muted"),
    EntryState.LET_GO: ("warning", "warning"),
}


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
    """A row an entry, the newest first; below those of this run, in grey, those of the runs before."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = CellGuard()
        self._entries: list[ChangeJournaled] = []
        self._runs = [JournaledRun()]
        self._run_of_row: list[int] = []  # 0 is this one, 1 the one before

    def show_runs(self, now: JournaledRun, before: Sequence[JournaledRun]) -> None:
        """Take another journal; rows keep their places where only their states are others."""
        runs = [now, *before]
        rows = [(number, entry) for number, run in enumerate(runs) for entry in reversed(run.entries)]
        is_same_past = len(runs) == len(self._runs) and all(
            a is b for a, b in zip(runs[1:], self._runs[1:], strict=True)
        )
        n_new = len(now.entries) - len(self._runs[0].entries)
        if not is_same_past or n_new < 0:
            self.beginResetModel()
            self._take(runs, rows)
            self.endResetModel()
            return
        if n_new:
            self.beginInsertRows(_NO_INDEX, 0, n_new - 1)
        self._take(runs, rows)
        if n_new:
            self.endInsertRows()
        if rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(JournalColumn) - 1))

    def _take(self, runs: list[JournaledRun], rows: Sequence[tuple[int, ChangeJournaled]]) -> None:
        self._runs = runs
        self._run_of_row = [number for number, _ in rows]
        self._entries = [entry for _, entry in rows]

    def entry(self, row: int) -> ChangeJournaled:
        """The entry in a row."""
        return self._entries[row]

    def runs_back(self, row: int) -> int:
        """How many runs ago the entry in a row was made; 0 for one of this run."""
        return self._run_of_row[row]

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
        entry, column, n_back = self._entries[index.row()], JournalColumn(index.column()), self._run_of_row[index.row()]
        if role == LOOK_ROLE:
            return self._look(entry, column, n_back)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(entry, column, n_back)
        if role == COPY_ROLE:
            return entry.python if column is JournalColumn.PYTHON else self._text(entry, column, n_back)
        if role == Qt.ItemDataRole.ToolTipRole:
            shown = entry.python if column is JournalColumn.PYTHON else self._text(entry, column, n_back)
            if column is JournalColumn.WHAT and entry.note:
                shown = f"{shown}\n{entry.note}"
            if column is JournalColumn.STATE and n_back:
                shown = self.tr("{0}; {1} when that run ended").format(shown, self._text(entry, column, 0))
            return "\n".join(displayable(line, _LONGEST) for line in shown.splitlines())
        return None

    def _look(self, entry: ChangeJournaled, column: JournalColumn, n_back: int) -> Look:
        color = "text" if entry.stands and not n_back else "muted"
        match column:
            case JournalColumn.STATE if not n_back:
                icon, role = _MARKS[entry.state]
                return Look(color=role, icon=icon, keeps_color=entry.stands)
            case JournalColumn.STEP | JournalColumn.ENDED:
                return Look(color=color, is_mono=True, is_small=True, is_right=True)
            case JournalColumn.NODE:
                return Look(color=color, is_mono=True, is_small=True, elides_left=True)
            case JournalColumn.PYTHON:
                return Look(color="muted", is_mono=True, is_small=True)
            case JournalColumn.NOTE:
                return Look(color="warning" if entry.note and not n_back else color)
        return Look(color=color)

    def _text(self, entry: ChangeJournaled, column: JournalColumn, n_back: int) -> str:
        if column is JournalColumn.STATE and n_back:
            return self.tr("run before") if n_back == 1 else self.tr("{0} runs before").format(n_back)
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
