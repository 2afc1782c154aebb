"""The hooks that a person has written, as a table: which, of what kind, on what, and how it stands with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from moduleview.gui.hook_editor.hook_words import HookWords
from moduleview.gui.look import number_format
from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE, LOOK_ROLE, Look
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.user_hooks_messages import UserHookChanged, UserHookState, WrittenHook

_NO_INDEX = QModelIndex()
_STATE_LOOKS = {
    UserHookState.OFF: Look(color="muted", icon="ring-diagonal", keeps_color=True),
    UserHookState.LIVE: Look(color="success", icon="hook", is_bold=True, keeps_color=True),
    UserHookState.FAILED: Look(color="error", icon="error", is_bold=True, keeps_color=True),
    UserHookState.LOST: Look(color="warning", icon="warning", is_bold=True, keeps_color=True),
}


class HookColumn(IntEnum):
    """Columns."""

    STATE = 0
    NAME = 1
    KIND = 2
    TARGET = 3
    CALLS = 4


class HookListModel(QAbstractTableModel):
    """Rows are positions in the list."""

    def __init__(self, words: HookWords, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = CellGuard()
        self._words = words
        self._hooks: tuple[WrittenHook, ...] = ()
        self._changed: dict[str, UserHookChanged] = {}

    def show_hooks(self, hooks: Sequence[WrittenHook], changed: Mapping[str, UserHookChanged]) -> None:
        """Take the list, and how it stands with each by its name."""
        names = [hook.name for hook in hooks]
        is_other = names != [hook.name for hook in self._hooks]
        if is_other:
            self.beginResetModel()
        self._hooks, self._changed = tuple(hooks), dict(changed)
        if is_other:
            self.endResetModel()
        elif hooks:
            self.dataChanged.emit(self.index(0, 0), self.index(len(hooks) - 1, len(HookColumn) - 1))

    def hook(self, row: int) -> WrittenHook:
        """In a row."""
        return self._hooks[row]

    def row_of(self, name: str | None) -> int | None:
        """Of a hook."""
        return next((row for row, hook in enumerate(self._hooks) if hook.name == name), None)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Hooks."""
        return 0 if parent.isValid() else len(self._hooks)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Columns."""
        return 0 if parent.isValid() else len(HookColumn)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, look, tooltip."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column headers."""
        headers = (self.tr("State"), self.tr("Hook"), self.tr("Kind"), self.tr("On"), self.tr("Calls"))
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(headers):
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            is_right = section == HookColumn.CALLS
            side = Qt.AlignmentFlag.AlignRight if is_right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return headers[section] if role == Qt.ItemDataRole.DisplayRole else None

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid():
            return None
        hook, column = self._hooks[index.row()], HookColumn(index.column())
        changed = self._changed.get(hook.name)
        state = UserHookState.OFF if changed is None else changed.state
        if role == LOOK_ROLE:
            return self._look(state, column)
        if role in (Qt.ItemDataRole.DisplayRole, COPY_ROLE):
            return self._text(hook, changed, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            if column is HookColumn.STATE and changed is not None and changed.problem is not None:
                return self._words.problem(changed.problem)
            return self._text(hook, changed, column)
        return None

    def _look(self, state: UserHookState, column: HookColumn) -> Look:
        if column is HookColumn.STATE:
            return _STATE_LOOKS[state]
        if column is HookColumn.CALLS:
            return Look(is_mono=True, is_small=True, is_right=True)
        is_mono = column is not HookColumn.KIND
        return Look(is_mono=is_mono, is_small=is_mono, elides_left=column is HookColumn.TARGET)

    def _text(self, hook: WrittenHook, changed: UserHookChanged | None, column: HookColumn) -> str:
        match column:
            case HookColumn.STATE:
                return self._words.state(UserHookState.OFF if changed is None else changed.state)
            case HookColumn.NAME:
                return hook.name
            case HookColumn.KIND:
                return self._words.kind(hook.kind)
            case HookColumn.TARGET:
                return displayable(hook.fqn) or self.tr("whole model")
            case HookColumn.CALLS:
                return number_format.NO_VALUE if changed is None else number_format.exact_count(changed.n_calls)
