"""The hooks that can be ticked on one module, a row each, and below each what it sees, part by part, or would meet."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from moduleview.gui.look import number_format
from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE, LOOK_ROLE, Look
from moduleview.gui.models.hook_rows import HookRow, HookTarget, RowKind, hook_rows, hook_targets
from moduleview.gui.models.hook_states import CellState
from moduleview.gui.models.hook_words import HookWords
from moduleview.gui.models.known_hooks import KnownHooks
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.hooks import COUNTING_KINDS, HOOK_STATISTICS, HookEntry, HookForecast, HookKind, HookStatus
from moduleview.telemetry.records import SeriesKey
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot
from moduleview.telemetry.store_view import StoreView

HOOK_CELL_ROLE = int(Qt.ItemDataRole.UserRole) + 11
"""``(CellState, HookKind)`` in the first column of a hook's own row, else None."""

_NO_INDEX = QModelIndex()
_CALL = "call "  # of a part's name; in a narrow dock only its number stands there
_MOST_CHARACTERS = 6  # of a number, and a sign; ``1.2e-10`` loses a digit, so that its exponent is never cut
_NUMBER = Look(is_mono=True, is_small=True, is_right=True)
_DASH = Look(color="faint", is_mono=True, is_small=True, is_right=True)
_PART = Look(color="muted", is_mono=True, is_small=True, elides_left=True)
_SEEN = Look(color="muted", is_mono=True, is_small=True)
_REASON = Look(color="muted")
_FAILURE = Look(color="error")
_NOTE_LOOKS = {HookStatus.FAILED: _FAILURE, HookStatus.ACTIVE: _SEEN}
_BAD = Look(color="error", is_mono=True, is_small=True, is_right=True, is_bold=True)


class HookColumn(IntEnum):
    """What stands at the left, then the statistics in the order of ``HOOK_STATISTICS``."""

    HOOK = 0
    MEAN = 1
    STD = 2
    MAX = 3
    ZEROS = 4
    NON_FINITE = 5


class HookTableModel(QAbstractTableModel):
    """Numbers are read from the store when a cell is painted."""

    hook_toggled = Signal(str, HookKind, bool)  # FQN of the first place, kind, ticked

    def __init__(self, store: StoreView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._guard = CellGuard()
        self._words = HookWords(self)
        self._known = KnownHooks(store, self._words)
        self._can_tick = True
        self._is_narrow = False
        self._rows: tuple[HookRow, ...] = ()

    # -- what is shown ---------------------------------------------------------------------------------------------

    @property
    def rows(self) -> tuple[HookRow, ...]:
        """The rows, from the top."""
        return self._rows

    @property
    def fqn(self) -> str | None:
        """The module, by the first of its places."""
        return self._known.fqn

    def show_module(self, snapshot: ModelSnapshot, node: int, can_tick: bool) -> None:
        """Show the hooks of a module; one that is shared has them at its first place."""
        first = node if snapshot.alias_of[node] == NO_NODE else int(snapshot.alias_of[node])
        self.beginResetModel()
        self._can_tick = can_tick
        why_not = self._words.never_fires(int(snapshot.traits[first]))
        self._known.look_at(snapshot.fqns[first], hook_targets(snapshot, first), why_not)
        self._rows = self._wanted_rows()
        self.endResetModel()

    @property
    def measured_names(self) -> list[str]:
        """Of the hooks that have numbers."""
        return self._known.measured_names()

    def set_narrow(self, is_narrow: bool) -> None:
        """Names take a line of their own, and the numbers stand below them; or not."""
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            self.refresh()

    def refresh(self) -> bool:
        """New numbers or states; True when rows came or went."""
        wanted = self._wanted_rows()
        if wanted != self._rows:
            self.beginResetModel()
            self._rows = wanted
            self.endResetModel()
            return True
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(HookColumn) - 1))
        return False

    @property
    def is_compiled(self) -> bool:
        """Hooks on this module fire only in steps that run uncompiled."""
        return self._known.is_compiled

    @property
    def has_ticked(self) -> bool:
        """A hook of ours is on here, or asked for."""
        return any(self.entry(target) is not None for target in self._known.targets)

    def entry(self, target: HookTarget) -> HookEntry | None:
        """What is known of one of the hooks, or None when it is off."""
        return self._known.entry(target)

    def statuses(self) -> tuple[HookStatus | None, ...]:
        """All hooks' states; for noticing that one came or went."""
        entries = map(self.entry, self._known.targets)
        return tuple(None if entry is None else entry.status for entry in entries)

    def has_numbers(self, row: int) -> bool:
        """The row may have something in its other columns."""
        shown = self._rows[row]
        return not self._is_words(shown) and self._known.is_measured(shown.target)

    def other_ways(self, row: int) -> list[HookForecast]:
        """What names another kind that shows the same and is off: of the hook of a row, then of refused ones."""
        return self._known.other_ways(self._rows[row].target if 0 <= row < len(self._rows) else None)

    def traceback(self, row: int) -> str:
        """Of what the hook of a row raised, "" where it did not."""
        entry = self.entry(self._rows[row].target) if 0 <= row < len(self._rows) else None
        return "" if entry is None else entry.traceback

    # -- Qt --------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Rows of all kinds."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Name and statistics."""
        return 0 if parent.isValid() else len(HookColumn)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, look, check box, tooltip."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column headers."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(HookColumn):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            is_cut = self._is_narrow and section == HookColumn.HOOK  # nothing but numbers stands in the columns
            return "" if is_cut else self._words.column(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._words.column_tip(section)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        """Hooks can be ticked where they can fire."""
        flags = super().flags(index)
        if not index.isValid() or index.column() != HookColumn.HOOK:
            return flags
        row = self._rows[index.row()]
        may_tick = self._can_tick and (not self._known.why_never(row.target) or self.entry(row.target) is not None)
        return flags | Qt.ItemFlag.ItemIsUserCheckable if row.row_kind is RowKind.HOOK and may_tick else flags

    def setData(
        self, index: QModelIndex | QPersistentModelIndex, value: object, role: int = Qt.ItemDataRole.EditRole
    ) -> bool:
        """A tick."""
        is_tick = role == Qt.ItemDataRole.CheckStateRole and self.flags(index) & Qt.ItemFlag.ItemIsUserCheckable
        if not is_tick:
            return False
        is_ticked = Qt.CheckState(value) == Qt.CheckState.Checked
        target = self._rows[index.row()].target
        self.hook_toggled.emit(target.fqn, target.kind, is_ticked)
        return True

    # -- cells -----------------------------------------------------------------------------------------------------

    def _cell(self, index: Index, role: int) -> object:
        readers: dict[int, Callable[[HookRow, int], object]] = {
            int(Qt.ItemDataRole.DisplayRole): self._text,
            int(Qt.ItemDataRole.ToolTipRole): self._tip,
            int(Qt.ItemDataRole.CheckStateRole): self._check_state,
            LOOK_ROLE: self._look,
            HOOK_CELL_ROLE: self._hook_cell,
            COPY_ROLE: self._copy_text,
        }
        read = readers.get(role)
        return None if read is None or not index.isValid() else read(self._rows[index.row()], index.column())

    def _text(self, row: HookRow, column: int) -> str:
        if column != HookColumn.HOOK:
            value = self._value(row, column)
            if value is None:
                has_none = self._is_words(row) or row.kind in COUNTING_KINDS or self.entry(row.target) is None
                return "" if has_none else number_format.NO_VALUE
            return _number(value, column)
        match row.row_kind:
            case RowKind.HOOK:
                return self._words.target(row.target)
            case RowKind.NOTE:
                return self._known.note(row.target)
            case RowKind.PART | RowKind.NUMBERS:
                part = displayable(row.part)
                return part.replace(_CALL, "#") if self._is_narrow else part

    def _tip(self, row: HookRow, column: int) -> str:
        if row.row_kind is RowKind.HOOK and column == HookColumn.HOOK:
            forecast = self._known.forecast(row.target)
            told = "" if forecast is None else f"{displayable(forecast.reason, 500)}\n\n"
            return self._known.why_never(row.target) or told + self._words.explanation(row.kind)
        if row.row_kind is RowKind.NOTE:
            return self._known.note(row.target)
        value = self._value(row, column)
        return "" if value is None else f"{row.part} {self._words.column(column)}: {number_format.gradient(value, 4)}"

    def _look(self, row: HookRow, column: int) -> Look:
        if row.row_kind is RowKind.NOTE:
            entry = self.entry(row.target)
            return _REASON if entry is None else _NOTE_LOOKS.get(entry.status, _REASON)
        if column == HookColumn.HOOK:
            if row.row_kind in (RowKind.PART, RowKind.NUMBERS):
                return _PART
            forecast = self._known.forecast(row.target)
            is_refused = forecast is not None and forecast.is_refused and self.entry(row.target) is None
            return Look(color="faint" if is_refused or self._known.why_never(row.target) else "text")
        value = self._value(row, column)
        if value is None:
            return _DASH
        return _BAD if column == HookColumn.NON_FINITE and value else _NUMBER

    def _check_state(self, row: HookRow, column: int) -> Qt.CheckState | None:
        if row.row_kind is not RowKind.HOOK or column != HookColumn.HOOK:
            return None
        state = self._known.state(row.target)
        is_kept = state is CellState.CANNOT_FIRE and self.is_compiled and self.entry(row.target) is not None
        is_on = is_kept or state in (CellState.ACTIVE, CellState.REQUESTED)  # kept for steps that run uncompiled
        return Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked

    def _hook_cell(self, row: HookRow, column: int) -> tuple[CellState, HookKind] | None:
        is_box = row.row_kind is RowKind.HOOK and column == HookColumn.HOOK
        return (self._known.state(row.target), row.kind) if is_box else None

    def _copy_text(self, row: HookRow, column: int) -> str:
        value = self._value(row, column)
        return self._text(row, column) if value is None else repr(value)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _is_words(self, row: HookRow) -> bool:
        """Numbers have no place in it."""
        return row.row_kind is RowKind.NOTE or (self._is_narrow and row.row_kind is RowKind.HOOK)

    def _value(self, row: HookRow, column: int) -> float | None:
        if self._is_words(row) or column == HookColumn.HOOK or self.entry(row.target) is None:
            return None
        quantity = f"{row.kind}.{HOOK_STATISTICS[column - 1]}"
        return self._store.latest(SeriesKey(quantity, row.target.fqn, part=row.part))

    def _wanted_rows(self) -> tuple[HookRow, ...]:
        known = self._known
        known.read_forecasts()
        has_numbers_below = known.has_fired if self._is_narrow else _never
        return tuple(hook_rows(known.targets, known.note, known.other_parts, has_numbers_below))


def _number(value: float, column: int) -> str:
    if column == HookColumn.ZEROS:
        return f"{value * 100:.0f} %"
    if column == HookColumn.NON_FINITE:
        return number_format.short_count(int(value))
    text = number_format.gradient(value)
    room = _MOST_CHARACTERS + (column == HookColumn.MEAN)
    return text if len(text) <= room else number_format.gradient(value, 1)


def _never(_target: HookTarget) -> bool:
    return False
