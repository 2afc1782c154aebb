"""The Modules tab: the selected module's children, or all modules below it, as torch's two iterators give them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedLayout, QWidget

from moduleview.gui.look.number_format import NO_VALUE, exact_count, short_count
from moduleview.gui.look.theme import Theme
from moduleview.gui.models.cell_look import Look
from moduleview.gui.models.container_words import ContainerWords
from moduleview.gui.models.text_table_model import TextCell, TextHeader, TextTableModel
from moduleview.gui.widgets.cell_delegate import CellDelegate
from moduleview.gui.widgets.empty_state import EmptyState
from moduleview.gui.widgets.row_table import RowTable
from moduleview.telemetry.display_names import displayable
from moduleview.telemetry.snapshot import NO_NODE, ModelSnapshot

_NAME = Look(is_mono=True, is_small=True, elides_left=True)
_TYPE = Look(color="muted")
_NUMBER = Look(is_mono=True, is_small=True, is_right=True)
_QUIET_NUMBER = Look(color="faint", is_mono=True, is_small=True, is_right=True)
_WIDTHS = {1: 104, 2: 58, 3: 72}
_NARROW_PX = 330  # below it own parameters give way


class ModulesTab(QWidget):
    """A double click or Enter goes to the module."""

    chosen = Signal(str)  # FQN

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._snapshot: ModelSnapshot | None = None
        self._nodes: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._prefix_length = 0
        self._words = ContainerWords(self)
        self.model = TextTableModel(self._headers(), self)
        self.table = RowTable(theme, self.model, self.tr("Modules below the selected one"), self)
        self.table.setItemDelegate(CellDelegate(theme, None, self.table))
        self.table.set_columns(_WIDTHS, 0)
        self.table.doubleClicked.connect(self._on_chosen)
        self.table.activated_by_key.connect(lambda: self._on_chosen(self.table.currentIndex()))
        self._empty = EmptyState(
            theme, "tree", self.tr("No modules below"), self.tr("This module has no children."), parent=self
        )
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.table)
        self._stack.addWidget(self._empty)
        theme.changed.connect(self._fit)
        self._fit()

    def show_module(self, snapshot: ModelSnapshot, node: int, with_subtree: bool) -> None:
        """Show the children of a module, or all modules below it."""
        begin, end = node + 1, int(snapshot.subtree_end[node])
        nodes = np.arange(begin, end)
        if not with_subtree:
            nodes = nodes[snapshot.parent[begin:end] == node]
        if snapshot is self._snapshot and np.array_equal(nodes, self._nodes):
            return
        fqn = snapshot.fqns[node]
        self._snapshot, self._nodes, self._prefix_length = snapshot, nodes, len(fqn) + 1 if fqn else 0
        self.model.show_rows(len(nodes), self._row)
        self._stack.setCurrentWidget(self.table if len(nodes) else self._empty)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names need the room more than numbers do."""
        super().resizeEvent(event)
        self._fit()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _row(self, row: int) -> Sequence[TextCell]:
        snapshot = self._snapshot
        assert snapshot is not None
        node = int(self._nodes[row])
        fqn = snapshot.fqns[node]
        tip = "\n".join(
            filter(None, (displayable(fqn), self._shared(snapshot, node), self._words.explanation(snapshot, node)))
        )
        own, below = int(snapshot.own_parameters[node]), int(snapshot.subtree_parameters[node])
        return (
            TextCell(displayable(fqn[self._prefix_length :]), _NAME, tip, fqn),
            TextCell(displayable(snapshot.type_names[node]), _TYPE, tip),
            _count(own),
            _count(below),
        )

    def _shared(self, snapshot: ModelSnapshot, node: int) -> str:
        first = int(snapshot.alias_of[node])
        if first == NO_NODE:
            return ""
        where = displayable(snapshot.fqns[first] or snapshot.names[first])
        return self.tr("The same module as {0}; named_modules() gives it once").format(where)

    def _headers(self) -> tuple[TextHeader, ...]:
        name_tip = self.tr(
            "As named_children() gives them, or with the subtree as named_modules() does, itself left out"
        )
        return (
            TextHeader(self.tr("Module"), name_tip),
            TextHeader(self.tr("Type"), self.tr("Class of the module")),
            TextHeader(
                self.tr("Own"), self.tr("Elements of its own parameters: parameters(recurse=False)"), is_right=True
            ),
            TextHeader(
                self.tr("Subtree"),
                self.tr("Elements of all below it too: parameters(), each counted once"),
                is_right=True,
            ),
        )

    def _on_chosen(self, index: QModelIndex) -> None:
        if index.isValid() and self._snapshot is not None:
            self.chosen.emit(self._snapshot.fqns[int(self._nodes[index.row()])])

    def _fit(self) -> None:
        self.table.setColumnHidden(2, self.width() < self._theme.px(_NARROW_PX))


def _count(number: int) -> TextCell:
    if not number:
        return TextCell(NO_VALUE, _QUIET_NUMBER, exact_count(0), "0")
    return TextCell(short_count(number), _NUMBER, exact_count(number), str(number))
