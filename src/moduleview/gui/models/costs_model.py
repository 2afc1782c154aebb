"""The bill as a table: what each measurement costs, the dearest first."""

from __future__ import annotations

import math
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from moduleview.gui.look import number_format
from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.cell_look import COPY_ROLE, LOOK_ROLE, Look
from moduleview.gui.models.hook_words import HookWords
from moduleview.gui.models.quantity_words import QuantityWords
from moduleview.telemetry.costs import CostEntry, CostsMeasured
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.hooks import HookKind

_NO_INDEX = QModelIndex()
_ALL_HOOKS = "hooks"  # what the hooks cost in all, each of them included
_REST = "rest"
_LEAST_REST = 0.03  # of what is spent; smaller differences are between the means of different steps
_SHORT_FROM = 100_000
_NOTHING = CostsMeasured((), 0.0, None, 0.0)


class CostColumn(IntEnum):
    """Columns."""

    NAME = 0
    NODE = 1
    PER_STEP = 2
    SHARE = 3
    PER_FIRE = 4
    EVERY = 5
    SKIPPED = 6


_NUMBERS = frozenset(CostColumn) - {CostColumn.NAME, CostColumn.NODE}


def is_hook(entry: CostEntry) -> bool:
    """It sits on a node; a probe reads the whole model."""
    return entry.name in list(HookKind)


class CostsModel(QAbstractTableModel):
    """A row a measurement. What a person selected stays selected while rows change places."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = CellGuard()
        self._quantities, self._hooks = QuantityWords(self), HookWords(self)
        self._costs = _NOTHING
        self._entries: list[CostEntry] = []

    def show_costs(self, costs: CostsMeasured | None, *, keeps_order: bool = False) -> None:
        """Take another bill.

        Args:
            costs: The bill, None for none.
            keeps_order: Rows stay where they are: somebody is about to click one.
        """
        self._costs = costs or _NOTHING
        entries = with_rest(self._costs)
        before, after = [_place(entry) for entry in self._entries], [_place(entry) for entry in entries]
        if set(before) != set(after) or len(before) != len(after):
            self.beginResetModel()
            self._entries = entries
            self.endResetModel()
        elif before == after or keeps_order:
            by_place = dict(zip(after, entries, strict=True))
            self._entries = [by_place[place] for place in before]
            if before:
                self.dataChanged.emit(self.index(0, 0), self.index(len(before) - 1, self.columnCount() - 1))
        else:
            self._reorder(entries, before, after)

    def entry(self, row: int) -> CostEntry:
        """The measurement in a row."""
        return self._entries[row]

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Measurements."""
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_INDEX) -> int:
        """Columns."""
        return 0 if parent.isValid() else len(CostColumn)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, look, tooltip."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Column headers."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(CostColumn):
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in _NUMBERS else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.DisplayRole:
            return self._header(CostColumn(section))
        return self._header_tip(CostColumn(section)) if role == Qt.ItemDataRole.ToolTipRole else None

    # -- inside ----------------------------------------------------------------------------------------------------

    def _reorder(self, entries: list[CostEntry], before: list[tuple[str, str]], after: list[tuple[str, str]]) -> None:
        self.layoutAboutToBeChanged.emit()
        row_of = {place: row for row, place in enumerate(after)}
        old = self.persistentIndexList()
        self._entries = entries
        new = [self.index(row_of[before[index.row()]], index.column()) for index in old]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid():
            return None
        entry, column = self._entries[index.row()], CostColumn(index.column())
        if role == LOOK_ROLE:
            return self._look(entry, column)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(entry, column)
        if role == COPY_ROLE:
            return self._exact(entry, column)
        return self._tip(entry, column) if role == Qt.ItemDataRole.ToolTipRole else None

    def _look(self, entry: CostEntry, column: CostColumn) -> Look:
        match column:
            case CostColumn.NAME:
                return Look()
            case CostColumn.NODE if is_hook(entry):
                return Look(is_mono=True, is_small=True, elides_left=True)
            case CostColumn.NODE:
                return Look(color="muted")
            case CostColumn.PER_FIRE | CostColumn.EVERY:
                return Look(color="muted", is_mono=True, is_small=True, is_right=True)
            case CostColumn.SKIPPED if not entry.n_skipped:
                return Look(color="muted", is_mono=True, is_small=True, is_right=True)
        return Look(is_mono=True, is_small=True, is_right=True)

    def _text(self, entry: CostEntry, column: CostColumn) -> str:
        match column:
            case CostColumn.NAME:
                text = self.name(entry)
            case CostColumn.NODE:
                text = displayable(entry.fqn) or (self.tr("root") if is_hook(entry) else self.tr("whole model"))
            case CostColumn.PER_STEP:
                text = microseconds(entry.us_per_step)
            case CostColumn.SHARE:
                text = percent(self._share(entry))
            case CostColumn.PER_FIRE:
                text = microseconds(entry.us_per_fire)
            case CostColumn.EVERY:
                is_rare = entry.every >= _SHORT_FROM
                n = (number_format.short_count if is_rare else number_format.exact_count)(entry.every)
                text = self.tr("each step") if entry.every <= 1 else self.tr("1 in {0}").format(n)
            case CostColumn.SKIPPED:
                text = number_format.exact_count(entry.n_skipped)
        return text

    def name(self, entry: CostEntry) -> str:
        """What is measured, in words."""
        if is_hook(entry):
            return self.tr("{0} hook").format(self._hooks.kind(HookKind(entry.name)))
        if entry.name == _ALL_HOOKS:
            return self.tr("All hooks together")
        if entry.name == _REST:
            return self.tr("Not in these rows")
        name = displayable(self._quantities.name(entry.name))
        return name[:1].upper() + name[1:]

    def _share(self, entry: CostEntry) -> float:
        return entry.us_per_step / self._costs.step_us if self._costs.step_us > 0 else math.nan

    def _exact(self, entry: CostEntry, column: CostColumn) -> str:
        exact = {
            CostColumn.NAME: entry.name,
            CostColumn.NODE: entry.fqn,
            CostColumn.PER_STEP: repr(entry.us_per_step),
            CostColumn.SHARE: repr(self._share(entry)),
            CostColumn.PER_FIRE: repr(entry.us_per_fire),
            CostColumn.EVERY: str(entry.every),
            CostColumn.SKIPPED: str(entry.n_skipped),
        }
        return exact[column]

    def _tip(self, entry: CostEntry, column: CostColumn) -> str:
        if entry.name == _REST:
            return self.tr(
                "What the last seconds of measuring took beside these means: seeing where steps and passes begin and "
                "end, handing the numbers over, and what was measured more often a moment ago"
            )
        if column is CostColumn.NAME:
            return self._hooks.explanation(HookKind(entry.name)) if is_hook(entry) else self._quantities.tip(entry.name)
        if column is CostColumn.NODE and is_hook(entry):
            return self.tr("{0}: a click selects it").format(self._text(entry, column))
        if column in (CostColumn.EVERY, CostColumn.SKIPPED):
            counted = number_format.exact_count
            text = self.tr("Measured in {0} steps; left out in {1}, to keep to the budget")
            return text.format(counted(entry.n_measured), counted(entry.n_skipped))
        return ""

    def _header(self, column: CostColumn) -> str:
        return {
            CostColumn.NAME: self.tr("Measurement"),
            CostColumn.NODE: self.tr("Node"),
            CostColumn.PER_STEP: self.tr("µs a step"),
            CostColumn.SHARE: self.tr("Share"),
            CostColumn.PER_FIRE: self.tr("µs a fire"),
            CostColumn.EVERY: self.tr("Measured"),
            CostColumn.SKIPPED: self.tr("Left out"),
        }[column]

    def _header_tip(self, column: CostColumn) -> str:
        return {
            CostColumn.NAME: self.tr("A probe, or a hook that was ticked"),
            CostColumn.NODE: self.tr("The module or parameter that a hook sits on; a probe reads the whole model"),
            CostColumn.PER_STEP: self.tr("Mean cost of a step in microseconds; steps that were left out cost nothing"),
            CostColumn.SHARE: self.tr("The same as a share of the step's time"),
            CostColumn.PER_FIRE: self.tr("Mean cost in microseconds where it was measured"),
            CostColumn.EVERY: self.tr("In how many of the steps it is measured"),
            CostColumn.SKIPPED: self.tr("Steps in which it was due and left out, to keep to the budget"),
        }[column]


def with_rest(costs: CostsMeasured) -> list[CostEntry]:
    """The entries, and what measuring took beside them, where that is more than a trace, as the last one."""
    entries = list(costs.entries)
    has_sum_of_hooks = any(entry.name == _ALL_HOOKS for entry in entries)
    charged_us = sum(entry.us_per_step for entry in entries if not (has_sum_of_hooks and is_hook(entry)))
    spent_us = costs.share * costs.step_us
    rest_us = spent_us - charged_us
    if entries and rest_us > _LEAST_REST * spent_us:
        entries.append(CostEntry(_REST, "", rest_us, math.nan, 1, 0, 0))
    return entries


def microseconds(us: float) -> str:
    """``41.2``, ``1,284``; a trace is not nothing."""
    if not math.isfinite(us):
        return number_format.NO_VALUE
    if us >= 1000:
        return number_format.exact_count(round(us))
    return "< 0.1" if 0 < us < 0.05 else f"{us:.1f}"


def percent(share: float) -> str:
    """``1.26 %``; a trace is not nothing."""
    if not math.isfinite(share):
        return number_format.NO_VALUE
    if 0 < share < 5e-5:
        return "< 0.01 %"
    return f"{share * 100:.2f} %" if share < 0.1 else f"{share * 100:.1f} %"


def _place(entry: CostEntry) -> tuple[str, str]:
    return entry.name, entry.fqn
