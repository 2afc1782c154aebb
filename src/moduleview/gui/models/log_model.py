"""Log lines as a table that takes thousands of lines a frame: it keeps the last ones and a list of those that match."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from enum import IntEnum
from itertools import islice

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE, LOOK_ROLE, Look
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.records import LogLine
from moduleview.telemetry.store import N_LOG_LINES
from moduleview.telemetry.store_view import StoreView

_MAXIMUM_SHOWN = 2000  # characters of a line that are drawn; a copy has all of them
_MAXIMUM_TIP = 4000
_NO_INDEX = QModelIndex()
_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_STREAM_COLORS = {"stdout": "muted", "stderr": "warning", "journal": "accent", "moduleview": "success"}
_MONO = {color: Look(color=color, is_mono=True, is_small=True) for color in {"text", "muted", *_STREAM_COLORS.values()}}


class LogColumn(IntEnum):
    """Columns."""

    TIME = 0
    STREAM = 1
    TEXT = 2


class LogModel(QAbstractTableModel):
    """Rows are positions in the list of matching lines, oldest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = CellGuard()
        self._lines: list[LogLine] = []
        self._shown: list[LogLine] = []
        self._n_taken = 0
        self._needle = ""
        self.longest = 0  # characters of the longest line that was shown, for the width of its column

    @property
    def n_lines(self) -> int:
        """Lines kept, matching or not."""
        return len(self._lines)

    def take(self, store: StoreView) -> int:
        """Take the lines that are new in the store; gives how many rows were added."""
        n_new = min(store.n_log_lines - self._n_taken, len(store.log))
        self._n_taken = store.n_log_lines
        if n_new <= 0:
            return 0
        new = list(islice(reversed(store.log), n_new))[::-1]
        if n_new >= N_LOG_LINES:
            self._replace(new[-N_LOG_LINES:])
            return len(self._shown)
        self._lines = (self._lines + new)[-N_LOG_LINES:]
        matching = self._matching(new)
        self._drop_oldest(len(self._shown) + len(matching) - N_LOG_LINES)
        self._append(matching)
        return len(matching)

    def set_filter(self, text: str) -> None:
        """Show only lines that contain ``text``, capital or not."""
        if text.casefold() != self._needle:
            self._needle = text.casefold()
            self._replace(self._lines)

    def clear(self) -> None:
        """Forget the lines so far."""
        self._replace([])

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Lines that match."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Time, stream, text."""
        return 0 if parent.isValid() else len(LogColumn)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, look, tooltip, and the line as it was for a copy."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column headers."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(LogColumn):
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        headers = (self.tr("Time"), self.tr("From"), self.tr("Line"))
        return headers[section] if role == Qt.ItemDataRole.DisplayRole else None

    # -- inside ----------------------------------------------------------------------------------------------------

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid():
            return None
        line, column = self._shown[index.row()], LogColumn(index.column())
        if role == LOOK_ROLE:
            return self._look(line, column)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(line, column)
        if role == COPY_ROLE:
            return line.text if column is LogColumn.TEXT else self._text(line, column)
        if role == Qt.ItemDataRole.ToolTipRole and column is LogColumn.TEXT and len(line.text) > 80:
            return displayable(_TERMINAL_CODES.sub("", line.text), _MAXIMUM_TIP)
        return None

    def _text(self, line: LogLine, column: LogColumn) -> str:
        if column is LogColumn.TIME:
            return time.strftime("%H:%M:%S", time.localtime(line.time_s)) + f".{int(line.time_s * 1000) % 1000:03d}"
        if column is LogColumn.STREAM:
            return line.stream
        text = line.text[: 2 * _MAXIMUM_SHOWN]
        return displayable(_TERMINAL_CODES.sub("", text).expandtabs(4), _MAXIMUM_SHOWN)

    def _look(self, line: LogLine, column: LogColumn) -> Look:
        if column is LogColumn.STREAM:
            return _MONO[_STREAM_COLORS.get(line.stream, "muted")]
        return _MONO["muted" if column is LogColumn.TIME else "text"]

    def _matching(self, lines: Sequence[LogLine]) -> list[LogLine]:
        if not self._needle:
            return list(lines)
        return [line for line in lines if self._needle in line.text.casefold() or self._needle == line.stream]

    def _append(self, lines: list[LogLine]) -> None:
        if lines:
            self.beginInsertRows(QModelIndex(), len(self._shown), len(self._shown) + len(lines) - 1)
            self._shown += lines
            self._measure(lines)
            self.endInsertRows()

    def _drop_oldest(self, n_lines: int) -> None:
        if n_lines > 0:
            self.beginRemoveRows(QModelIndex(), 0, n_lines - 1)
            del self._shown[:n_lines]
            self.endRemoveRows()

    def _replace(self, lines: list[LogLine]) -> None:
        self.beginResetModel()
        self._lines = list(lines)
        self._shown = self._matching(self._lines)
        self.longest = 0
        self._measure(self._shown)
        self.endResetModel()

    def _measure(self, lines: Sequence[LogLine]) -> None:
        self.longest = min(max(self.longest, max((len(line.text) for line in lines), default=0)), _MAXIMUM_SHOWN)
