"""The module tree as a flat table of its visible rows: no parents, no pointers, no Python object in an index.

Qt's own tree view asks the model about every node when everything is expanded (380 ms at 100 000); a table asks how
many rows there are. Indentation and arrows are painted by the name cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from moduleview.gui.look.number_format import NO_VALUE, exact_count, gradient, short_count
from moduleview.gui.models.cell_guard import CellGuard, Index
from moduleview.gui.models.container_words import ContainerWords
from moduleview.gui.models.gradient_rows import GradientRows
from moduleview.gui.models.hook_states import CellState, HookStates
from moduleview.gui.models.module_rows import ModuleRows
from moduleview.gui.models.node_marks import Mark, findings_below, node_marks, partners, wholly_tied
from moduleview.gui.models.tree_columns import HOOK_COLUMNS, Column
from moduleview.gui.models.tree_texts import TreeTexts
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.filter_query import frozen_modules
from moduleview.telemetry.hooks import HookEntry, HookKind
from moduleview.telemetry.records import Finding
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot

_RESET_FROM_ROWS = 2_000
_Role = Qt.ItemDataRole
_CHECK_OF = {
    CellState.OFF: Qt.CheckState.Unchecked,
    CellState.REQUESTED: Qt.CheckState.Checked,
    CellState.ACTIVE: Qt.CheckState.Checked,
    CellState.PARTIAL: Qt.CheckState.PartiallyChecked,
    CellState.CANNOT_FIRE: Qt.CheckState.Unchecked,
    CellState.FAILED: Qt.CheckState.Unchecked,
}


class ModuleTreeModel(QAbstractTableModel):
    """Rows of the module tree. Read by the cells directly, and by Qt (screen readers, tooltips) through ``data``."""

    def __init__(self, snapshot: ModelSnapshot, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.texts = TreeTexts(self)
        self.containers = ContainerWords(self)
        self._guard = CellGuard()
        self._findings: Sequence[Finding] = ()
        self._take(snapshot)

    # -- what a cell reads -------------------------------------------------------------------------------------------

    @property
    def snapshot(self) -> ModelSnapshot:
        """The model that is shown."""
        return self._snapshot

    @property
    def rows(self) -> ModuleRows:
        """Which modules are rows; change them only through this model."""
        return self._rows

    @property
    def hooks(self) -> HookStates:
        """What the hook cells show."""
        return self._hooks

    @property
    def gradients(self) -> GradientRows:
        """What the gradient cells show."""
        return self._gradients

    def mark(self, node: int) -> Mark:
        """State mark of a module."""
        return Mark(int(self._marks[node]))

    def partner(self, node: int) -> int:
        """The other place of a tied or shared module, or ``NO_NODE``."""
        return int(self._partners[node])

    def is_frozen(self, node: int) -> bool:
        """It has parameters and none of them is trained."""
        return bool(self._frozen[node])

    def name(self, node: int) -> str:
        """Last component of the FQN, as it can be shown."""
        return displayable(self._snapshot.names[node])

    def parameters(self, node: int) -> str:
        """``789.8 k``; a dash where the subtree has no parameter, ``0`` where all of them are counted elsewhere."""
        if not self._has_parameters[node]:
            return NO_VALUE
        return short_count(int(self._snapshot.subtree_parameters[node]))

    def instead_of_gradient(self, node: int) -> str:
        """``tied to embed`` where a module's gradient is shown elsewhere, else ""."""
        if self._snapshot.alias_of[node] == NO_NODE and not self._wholly_tied[node]:
            return ""
        return self.texts.link(self._snapshot, node, self.partner(node))

    # -- changes -----------------------------------------------------------------------------------------------------

    def set_snapshot(self, snapshot: ModelSnapshot, *, keep_expansion: bool) -> None:
        """Show another model, or a new picture of this one."""
        self.beginResetModel()
        earlier = self._rows
        self._take(snapshot)
        if keep_expansion:
            self._rows.take_expansion_of(earlier)
        self.endResetModel()

    def set_hooks(self, hooks: Mapping[tuple[str, HookKind], HookEntry]) -> None:
        """Hooks were ticked, confirmed or have failed."""
        self._hooks = HookStates(self._snapshot, hooks)

    def set_marks(self, coverage: NDArray[np.uint8], findings: Sequence[Finding]) -> None:
        """Coverage, findings or refused hooks have changed."""
        self._findings = findings
        self._marks = node_marks(self._snapshot, coverage, self._hooks, self._partners, findings)

    def set_expanded(self, node: int, is_expanded: bool) -> None:
        """Show or hide what is below a visible node."""
        row = self._rows.row_of(node)
        if row < 0 or not self._rows.has_children(node) or self._rows.is_expanded(node) == is_expanded:
            return
        n_rows = len(self._rows.rows_below(node)) if is_expanded else self._n_shown_below(row)
        if n_rows > _RESET_FROM_ROWS:
            self.beginResetModel()
            self._rows.set_expanded(node, is_expanded)
            self.endResetModel()
        elif is_expanded:
            self.beginInsertRows(QModelIndex(), row + 1, row + n_rows)
            self._rows.set_expanded(node, True)
            self.endInsertRows()
        else:
            self.beginRemoveRows(QModelIndex(), row + 1, row + n_rows)
            self._rows.set_expanded(node, False)
            self.endRemoveRows()

    def set_subtree_expanded(self, node: int, is_expanded: bool) -> None:
        """Show or hide all that is below a node, at all depths."""
        self.beginResetModel()
        self._rows.set_subtree_expanded(node, is_expanded)
        self.endResetModel()

    def reveal(self, node: int) -> None:
        """Open what stands above a node."""
        if self._rows.row_of(node) < 0:
            self.beginResetModel()
            self._rows.reveal(node)
            self.endResetModel()

    def set_matches(self, matches: NDArray[np.bool_] | None) -> None:
        """Filter, or not."""
        self.beginResetModel()
        self._rows.set_matches(matches)
        self.endResetModel()

    # -- Qt ----------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index | None = None) -> int:
        """Visible modules."""
        return 0 if parent is not None and parent.isValid() else len(self._rows.visible)

    def columnCount(self, parent: Index | None = None) -> int:
        """All columns, the hidden ones included."""
        return 0 if parent is not None and parent.isValid() else len(Column)

    def data(self, index: Index, role: int = _Role.DisplayRole) -> object:
        """Texts and check states, for screen readers, tooltips and copying; the cells paint without it."""
        return self._guard.cell(self._cell, index, role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> object:
        """Names of the columns."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        if role == _Role.DisplayRole:
            return self.texts.header(Column(section))
        if role in (_Role.ToolTipRole, _Role.AccessibleTextRole):
            return self.texts.column_name(Column(section))
        return None

    def _cell(self, index: Index, role: int) -> object:
        if not index.isValid() or index.row() >= len(self._rows.visible):
            return None
        node, column = self._rows.node_at(index.row()), Column(index.column())
        if role == _Role.DisplayRole:
            return self._text(node, column)
        if role == _Role.ToolTipRole:
            return self._tooltip(node, column)
        if role == _Role.AccessibleTextRole:
            return self._spoken(node, column)
        if role == _Role.CheckStateRole and column in HOOK_COLUMNS:
            return _CHECK_OF[self._hooks.state(node, HOOK_COLUMNS[column])]
        return None

    def _text(self, node: int, column: Column) -> str:
        match column:
            case Column.NAME:
                return self.name(node)
            case Column.TYPE:
                return displayable(self._snapshot.type_names[node])
            case Column.PARAMETERS:
                return self.parameters(node)
            case Column.GRADIENT:
                return self.instead_of_gradient(node) or gradient(self._latest(node))
            case _:
                return ""

    def _tooltip(self, node: int, column: Column) -> str:
        snapshot = self._snapshot
        match column:
            case Column.NAME:
                return self._with_container(displayable(snapshot.fqns[node] or snapshot.names[node]), node)
            case Column.TYPE:
                return self._with_container(displayable(snapshot.type_names[node]), node)
            case Column.PARAMETERS:
                own, below = int(snapshot.own_parameters[node]), int(snapshot.subtree_parameters[node])
                return self.tr("{0} own, {1} with the subtree").format(exact_count(own), exact_count(below))
            case Column.GRADIENT:
                return self.instead_of_gradient(node) or self.texts.gradient(self._latest(node))
            case Column.STATE:
                return self._mark_text(node)
            case _:
                return self.texts.hook(self._hooks, snapshot, node, HOOK_COLUMNS[column])

    def _with_container(self, text: str, node: int) -> str:
        explanation = self.containers.explanation(self._snapshot, node)
        return f"{text}\n{explanation}" if explanation else text

    def _spoken(self, node: int, column: Column) -> str:
        if column in HOOK_COLUMNS:
            return f"{self.texts.header(column)}: {self._tooltip(node, column)}"
        if column is Column.NAME:
            is_open = self._rows.is_expanded(node) if self._rows.has_children(node) else None
            before, after = self.containers.around(self._snapshot, node)
            held = " ".join(
                filter(None, (f"{before}{self.name(node)}{after}", self.containers.short(self._snapshot, node)))
            )
            return self.texts.spoken_name(held, int(self._snapshot.depth[node]), is_open)
        return self._mark_text(node) if column is Column.STATE else self._text(node, column)

    def _mark_text(self, node: int) -> str:
        mark = self.mark(node)
        if mark in (Mark.WARNING, Mark.ERROR):
            return self.texts.findings(findings_below(self._snapshot, node, self._findings))
        if mark is Mark.SAMPLED:
            return self.texts.sampled(self._hooks.every)
        return self.texts.mark(mark, self._snapshot, node, self.partner(node))

    def _latest(self, node: int) -> float | None:
        history = self._gradients.history(node)
        return None if history is None else history.latest

    def _n_shown_below(self, row: int) -> int:
        end = int(self._snapshot.subtree_end[self._rows.node_at(row)])
        return int(np.searchsorted(self._rows.visible, end)) - row - 1

    def _take(self, snapshot: ModelSnapshot) -> None:
        self._snapshot = snapshot
        self._rows = ModuleRows(snapshot)
        self._hooks = HookStates(snapshot, {})
        self._gradients = GradientRows(snapshot)
        self._partners = partners(snapshot)
        self._wholly_tied = wholly_tied(snapshot)
        self._frozen = frozen_modules(snapshot)
        self._has_parameters = snapshot.subtree_sums(snapshot.tensors.is_parameter) > 0
        self._findings = ()
        self._marks = np.zeros(len(snapshot), dtype=np.uint8)
