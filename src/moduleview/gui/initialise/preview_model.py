"""What an initialiser would change, as a table: the visits of ``apply`` in order, below each its tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from moduleview.gui.look import number_format
from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE, LOOK_ROLE, Look
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.initialising_book import InitialisingBook
from moduleview.telemetry.initialising_messages import Spread, TensorChange, Visit

CHANGE_ROLE = int(Qt.ItemDataRole.UserRole) + 20
"""``TensorChange`` whose histograms stand in the cell."""
_NO_INDEX = QModelIndex()
_INDENT = "    "


class PreviewColumn(IntEnum):
    """Columns."""

    ORDER = 0
    NAME = 1
    KIND = 2
    MEAN = 3
    STD = 4
    VALUES = 5
    GAIN = 6
    NOTE = 7


_NUMBERS = (PreviewColumn.ORDER, PreviewColumn.MEAN, PreviewColumn.STD, PreviewColumn.GAIN)


@dataclass(frozen=True, eq=False)
class PreviewRow:
    """A visit, or a tensor of the visit above."""

    visit: Visit
    change: TensorChange | None = None

    @property
    def fqn(self) -> str:
        """Of what the row is about."""
        return self.visit.fqn if self.change is None else self.change.fqn

    @property
    def note(self) -> str:
        """What there is to say of it."""
        return self.visit.note if self.change is None else self.change.note

    @property
    def failed(self) -> bool:
        """Something went wrong."""
        return self.visit.failed if self.change is None else self.change.failed


def rows_of(book: InitialisingBook, *, only_changes: bool) -> list[PreviewRow]:
    """All rows in order; without those of modules to which nothing is done, if asked."""
    below: dict[int, list[TensorChange]] = {}
    for change in book.changes.values():
        below.setdefault(change.visit, []).append(change)
    rows = []
    for number, visit in book.visits.items():
        changes = below.get(number, [])
        if changes or visit.failed or visit.changes or not only_changes:
            rows.append(PreviewRow(visit))
            rows += [PreviewRow(visit, change) for change in changes]
    return rows


class PreviewModel(QAbstractTableModel):
    """Rows are added as they come; those that are there stay."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = CellGuard()
        self._rows: list[PreviewRow] = []

    def show_rows(self, rows: Sequence[PreviewRow]) -> None:
        """Show these."""
        keys = [_key(row) for row in rows]
        runs = _new_runs([_key(row) for row in self._rows], keys)
        if runs is None:
            self.beginResetModel()
            self._rows = list(rows)
            self.endResetModel()
            return
        for first, last in runs:
            self.beginInsertRows(_NO_INDEX, first, last)
            self._rows[first:first] = rows[first : last + 1]
            self.endInsertRows()
        changed = [at for at, (old, new) in enumerate(zip(self._rows, rows, strict=True)) if not _is_same(old, new)]
        self._rows = list(rows)
        if changed:
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], self.columnCount() - 1))

    def row(self, at: int) -> PreviewRow:
        """The row at a place."""
        return self._rows[at]

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Visits and tensors."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Columns."""
        return 0 if parent.isValid() else len(PreviewColumn)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, look, tooltip, histograms."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column headers."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(PreviewColumn):
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in _NUMBERS else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.DisplayRole:
            return self._header(PreviewColumn(section))
        return self._header_tip(PreviewColumn(section)) if role == Qt.ItemDataRole.ToolTipRole else None

    # -- inside ----------------------------------------------------------------------------------------------------

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], PreviewColumn(index.column())
        if role == LOOK_ROLE:
            return _look(row, column)
        if role == CHANGE_ROLE:
            return row.change if column is PreviewColumn.VALUES else None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == COPY_ROLE:
            return _exact(row, column)
        return self._tip(row, column) if role == Qt.ItemDataRole.ToolTipRole else None

    def _text(self, row: PreviewRow, column: PreviewColumn) -> str:
        return self._visit_text(row.visit, column) if row.change is None else self._change_text(row.change, column)

    def _visit_text(self, visit: Visit, column: PreviewColumn) -> str:
        suggestion, text = visit.suggestion, ""
        match column:
            case PreviewColumn.ORDER:
                text = number_format.exact_count(visit.number)
            case PreviewColumn.NAME:
                text = displayable(visit.fqn) or self.tr("the whole model")
            case PreviewColumn.KIND:
                text = displayable(visit.type_name)
            case PreviewColumn.GAIN if suggestion is not None:
                text = number_format.plain(suggestion.gain)
            case PreviewColumn.NOTE if visit.note:
                text = displayable(visit.note)
            case PreviewColumn.NOTE if suggestion is not None and suggestion.activation:
                is_stand_in = suggestion.activation != suggestion.nonlinearity
                text = self.tr("{0} follows, gain {1} of {2}") if is_stand_in else self.tr("{0} follows, gain {1}")
                gain = number_format.plain(suggestion.gain)
                text = text.format(suggestion.activation, gain, suggestion.nonlinearity)
        return text

    def _change_text(self, change: TensorChange, column: PreviewColumn) -> str:
        match column:
            case PreviewColumn.NAME:
                return _INDENT + displayable(change.fqn.rpartition(".")[2])
            case PreviewColumn.KIND:
                return number_format.shape(change.shape)
            case PreviewColumn.MEAN:
                return _pair(change, lambda spread: spread.mean)
            case PreviewColumn.STD:
                return _pair(change, lambda spread: spread.std)
            case PreviewColumn.NOTE:
                return displayable(change.note)
        return ""

    def _tip(self, row: PreviewRow, column: PreviewColumn) -> str:
        suggestion = row.visit.suggestion
        if column is PreviewColumn.GAIN and row.change is None and suggestion is not None:
            return self.tr("calculate_gain({0}): {1}").format(repr(suggestion.nonlinearity), suggestion.why)
        if row.change is not None and column in (PreviewColumn.MEAN, PreviewColumn.STD, PreviewColumn.VALUES):
            return self._numbers_tip(row.change)
        if column is PreviewColumn.NAME:
            return displayable(row.fqn)
        return displayable(row.note)

    def _numbers_tip(self, change: TensorChange) -> str:
        lines = [displayable(change.fqn)]
        for name, spread in ((self.tr("before"), change.before), (self.tr("after"), change.after)):
            if spread is not None:
                text = self.tr("{0}: mean {1}, std {2}, from {3} to {4}")
                numbers = (spread.mean, spread.std, spread.low, spread.high)
                lines.append(text.format(name, *(number_format.plain(number) for number in numbers)))
                if spread.non_finite:
                    lines.append(self.tr("{0} % NaN or Inf").format(f"{spread.non_finite * 100:.1f}"))
                if spread.is_sampled:
                    lines.append(self.tr("of a sample of its elements"))
        return "\n".join(lines)

    def _header(self, column: PreviewColumn) -> str:
        return {
            PreviewColumn.ORDER: self.tr("Visit"),
            PreviewColumn.NAME: self.tr("Module, parameter"),
            PreviewColumn.KIND: self.tr("Type, shape"),
            PreviewColumn.MEAN: self.tr("Mean"),
            PreviewColumn.STD: self.tr("Std"),
            PreviewColumn.VALUES: self.tr("Values"),
            PreviewColumn.GAIN: self.tr("Gain"),
            PreviewColumn.NOTE: self.tr("Note"),
        }[column]

    def _header_tip(self, column: PreviewColumn) -> str:
        return {
            PreviewColumn.ORDER: self.tr("apply() visits children before parents"),
            PreviewColumn.NAME: self.tr("A click selects it"),
            PreviewColumn.KIND: self.tr("Class of the module, shape of the parameter"),
            PreviewColumn.MEAN: self.tr("Mean of the elements, before → after"),
            PreviewColumn.STD: self.tr("Standard deviation of the elements, before → after"),
            PreviewColumn.VALUES: self.tr("Shares of the elements in 40 bins: outline before, bars after"),
            PreviewColumn.GAIN: self.tr("What torch.nn.init.calculate_gain gives for the activation that follows"),
            PreviewColumn.NOTE: self.tr("Why it is left as it is, or what there is to know"),
        }[column]


def _key(row: PreviewRow) -> tuple[int, str]:
    return row.visit.number, "" if row.change is None else row.change.fqn


def _is_same(old: PreviewRow, new: PreviewRow) -> bool:
    return old.visit is new.visit and old.change is new.change


def _new_runs(old: list[tuple[int, str]], new: list[tuple[int, str]]) -> list[tuple[int, int]] | None:
    """First and last of each run of rows to be put in; None where old rows are gone or have changed places."""
    runs: list[tuple[int, int]] = []
    at_old = 0
    for at, key in enumerate(new):
        if at_old < len(old) and old[at_old] == key:
            at_old += 1
        elif runs and runs[-1][1] == at - 1:
            runs[-1] = (runs[-1][0], at)
        else:
            runs.append((at, at))
    return runs if at_old == len(old) else None


def _look(row: PreviewRow, column: PreviewColumn) -> Look:
    is_visit = row.change is None
    is_idle = is_visit and bool(row.note) and not (row.failed or row.visit.changes)
    match column:
        case PreviewColumn.NAME:
            return Look(color="muted" if is_idle else "text", is_mono=True, is_small=True, elides_left=is_visit)
        case PreviewColumn.NOTE if row.failed:
            return Look(color="warning", icon="warning", keeps_color=True)
        case PreviewColumn.NOTE:
            return Look(color="muted")
        case PreviewColumn.KIND:
            return Look(color="muted", is_mono=not is_visit, is_small=not is_visit)
        case PreviewColumn.ORDER | PreviewColumn.GAIN:
            return Look(color="muted", is_mono=True, is_small=True, is_right=True)
    return Look(is_mono=True, is_small=True, is_right=True)


def _pair(change: TensorChange, read: Callable[[Spread], float]) -> str:
    """``4.2e-1 → 1.0e+0``."""
    numbers = [None if spread is None else read(spread) for spread in (change.before, change.after)]
    if numbers == [None, None]:
        return number_format.NO_VALUE
    before, after = (number_format.gradient(number) for number in numbers)
    return before if change.after is None else f"{before} → {after}"


def _exact(row: PreviewRow, column: PreviewColumn) -> str:
    visit, change = row.visit, row.change
    match column:
        case PreviewColumn.ORDER:
            text = str(visit.number)
        case PreviewColumn.NAME:
            text = row.fqn
        case PreviewColumn.NOTE:
            text = row.note
        case PreviewColumn.KIND:
            text = visit.type_name if change is None else str(change.shape)
        case PreviewColumn.GAIN:
            text = "" if visit.suggestion is None or change is not None else repr(visit.suggestion.gain)
        case _:
            spreads = () if change is None else (change.before, change.after)
            text = " ".join(_repr(spread, column) for spread in spreads if spread is not None)
    return text


def _repr(spread: Spread, column: PreviewColumn) -> str:
    if column is PreviewColumn.VALUES:
        return f"{spread.low!r}..{spread.high!r}"
    value = spread.mean if column is PreviewColumn.MEAN else spread.std
    return "nan" if math.isnan(value) else repr(value)
