"""Everyone's hooks on a module, as torch's tables have them, with what was counted while a person looks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from moduleview.gui.look import number_format
from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE, LOOK_ROLE, Look
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.hooks import FoundHook

SECOND_LINE_ROLE = int(Qt.ItemDataRole.UserRole) + 12
"""Which hook, and where it is defined, in one line; for tables that have no columns for that."""

_NO_INDEX = QModelIndex()
_OWN_FILE = re.compile(r"^moduleview_target_(.+)_[0-9a-f]{8}\.")  # the name under which a person's file is imported


class FoundColumn(IntEnum):
    """Columns."""

    ORDER = 0
    KIND = 1
    NAME = 2
    LOCATION = 3
    FIRES = 4
    COST = 5


_NUMBERS = (FoundColumn.ORDER, FoundColumn.FIRES, FoundColumn.COST)


class FoundHooksModel(QAbstractTableModel):
    """A row a hook."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = CellGuard()
        self._hooks: Sequence[FoundHook] = ()

    def show_hooks(self, hooks: Sequence[FoundHook]) -> None:
        """Show other hooks, or the same with other counts."""
        new, old = tuple(hooks), tuple(self._hooks)
        if new == old:
            return
        if [_identity(hook) for hook in new] != [_identity(hook) for hook in old]:
            self.beginResetModel()
            self._hooks = new
            self.endResetModel()
            return
        self._hooks = new
        self.dataChanged.emit(self.index(0, 0), self.index(len(new) - 1, len(FoundColumn) - 1))

    def hook(self, row: int) -> FoundHook | None:
        """The hook of a row."""
        return self._hooks[row] if 0 <= row < len(self._hooks) else None

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Hooks."""
        return 0 if parent.isValid() else len(self._hooks)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Order, kind, callable, place, count, cost."""
        return 0 if parent.isValid() else len(FoundColumn)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, look, tooltip."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column headers."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(FoundColumn):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._headers()[section][0]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._headers()[section][1]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in _NUMBERS else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def _headers(self) -> tuple[tuple[str, str], ...]:
        """Header and its tooltip, a column each."""
        return (
            ("#", self.tr("Torch runs it as this one of its kind; those on every module come first and count too")),
            (
                self.tr("All hooks"),
                self.tr("In which of torch's tables, and on what if not on the module itself"),
            ),
            (self.tr("Function"), self.tr("Who put it there stands in its name")),
            (self.tr("Defined at"), self.tr("File and line")),
            (self.tr("Fires"), self.tr("Calls since you look here; those of ours since they were ticked")),
            (self.tr("µs"), self.tr("Microseconds a call, on the host")),
        )

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid():
            return None
        hook, column = self._hooks[index.row()], FoundColumn(index.column())
        if role == LOOK_ROLE:
            return _look(hook, column)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._shown(hook, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(hook, column)
        if role == SECOND_LINE_ROLE:
            parts = (self._shown(hook, at) for at in (FoundColumn.KIND, FoundColumn.LOCATION))
            return " · ".join(part for part in parts if part) if column is FoundColumn.NAME else None
        return _whole(hook, column) if role == COPY_ROLE else None

    def _shown(self, hook: FoundHook, column: FoundColumn) -> str:
        if column is FoundColumn.NAME and hook.is_ours:
            return self.tr("moduleview")
        if column is FoundColumn.LOCATION:
            return displayable(hook.location.replace("\\", "/").rpartition("/")[2])
        if column is FoundColumn.FIRES:
            return number_format.NO_VALUE if hook.n_fires is None else number_format.short_count(hook.n_fires)
        if column is FoundColumn.COST:
            return number_format.NO_VALUE if hook.us_per_fire is None else number_format.plain(hook.us_per_fire, 3)
        return displayable(_whole(hook, column), 2000)

    def _tip(self, hook: FoundHook, column: FoundColumn) -> str:
        if column in (FoundColumn.FIRES, FoundColumn.COST) and hook.n_fires is None:
            return hook.not_counted or self.tr("Counted once a step is made while you look")
        if column is FoundColumn.KIND and hook.note:
            return f"{_whole(hook, column)}\n{hook.note}"
        return displayable(_whole(hook, column), 2000)


def function_name(hook: FoundHook) -> str:
    """``train.my_hook``: its file's name where it was loaded from the file that is open."""
    return _OWN_FILE.sub(r"\1.", hook.name)


def _identity(hook: FoundHook) -> tuple[object, ...]:
    return hook.kind, hook.place, hook.order, hook.name, hook.location


def _whole(hook: FoundHook, column: FoundColumn) -> str:
    match column:
        case FoundColumn.ORDER:
            return str(hook.order)
        case FoundColumn.KIND:
            return f"{hook.kind} · {hook.place}" if hook.place else hook.kind
        case FoundColumn.NAME:
            return function_name(hook)
        case FoundColumn.LOCATION:
            return hook.location
        case FoundColumn.FIRES:
            return "" if hook.n_fires is None else str(hook.n_fires)
        case FoundColumn.COST:
            return "" if hook.us_per_fire is None else str(hook.us_per_fire)


def _look(hook: FoundHook, column: FoundColumn) -> Look:
    if column is FoundColumn.NAME and hook.last_error:
        return Look(color="error", is_mono=True, is_small=True, icon="error", keeps_color=True, elides_left=True)
    if column is FoundColumn.KIND and hook.note:
        return Look(color="warning", is_mono=True, is_small=True)
    color = "text" if column is FoundColumn.NAME and not hook.is_ours else "muted"
    is_path = column in (FoundColumn.NAME, FoundColumn.LOCATION)  # the end of both tells more than the beginning
    return Look(color=color, is_mono=True, is_small=True, is_right=column in _NUMBERS, elides_left=is_path)
