"""Nodes selected in a view of the tree, and back."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex
from PySide6.QtWidgets import QTableView

from moduleview.gui.models.module_tree_model import ModuleTreeModel
from moduleview.gui.models.tree_columns import Column


def select_nodes(view: QTableView, nodes: list[int]) -> None:
    """Select rows, the last one being the current; for one that is not visible the row above it takes the keys."""
    model, selection = view.model(), view.selectionModel()
    if not isinstance(model, ModuleTreeModel):
        return
    rows = [row for node in nodes if (row := model.rows.row_of(node)) >= 0]
    flags = QItemSelectionModel.SelectionFlag
    chosen = QItemSelection()
    for row in rows:
        chosen.select(model.index(row, Column.NAME), model.index(row, Column.STATE))
    selection.select(chosen, flags.ClearAndSelect)
    current = rows[-1] if rows else _visible_row_above(model, nodes[-1] if nodes else -1)
    column = max(view.currentIndex().column(), Column.NAME)
    selection.setCurrentIndex(QModelIndex() if current < 0 else model.index(current, column), flags.NoUpdate)


def selected_nodes(view: QTableView) -> list[int]:
    """Selected nodes in the tree's order, the current one last."""
    model = view.model()
    if not isinstance(model, ModuleTreeModel):
        return []
    rows: set[int] = set()
    chosen = view.selectionModel().selection()
    for part in (chosen.at(at) for at in range(chosen.count())):
        rows.update(range(part.top(), part.bottom() + 1))
    current = view.currentIndex().row()
    ordered = sorted(rows - {current}) + ([current] if current in rows else [])
    return [model.rows.node_at(row) for row in ordered if row < model.rowCount()]


def row_that_stays(view: QTableView, model: ModuleTreeModel) -> tuple[int, int]:
    """The node that should stay where it is while rows come and go, and its distance from the top in pixels."""
    if not model.rowCount():
        return 0, 0
    row = view.currentIndex().row()
    top = view.rowViewportPosition(row)
    if row < 0 or not -view.rowHeight(row) < top < view.viewport().height():
        row = max(view.rowAt(0), 0)
    return model.rows.node_at(row), view.rowViewportPosition(row)


def _visible_row_above(model: ModuleTreeModel, node: int) -> int:
    while node >= 0:
        row = model.rows.row_of(node)
        if row >= 0:
            return row
        node = int(model.snapshot.parent[node])
    return -1
