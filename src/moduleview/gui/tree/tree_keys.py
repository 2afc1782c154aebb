"""What the keys do in the module tree."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence

from moduleview.gui.models.module_tree_model import ModuleTreeModel
from moduleview.gui.models.tree_columns import HOOK_COLUMNS, Column

if TYPE_CHECKING:
    from moduleview.gui.tree.tree_view import TreeView

_Key = Qt.Key


class TreeKeys:
    """Moves in a ``TreeView`` as one does in a tree."""

    def __init__(self, view: TreeView) -> None:
        self._view = view
        self._typed = ""
        self._typed_at_s = 0.0

    def press(self, event: QKeyEvent) -> bool:
        """Do what a key asks for; False when it is none of the tree's."""
        model = self._view.tree_model
        row = self._view.currentIndex().row()
        if model is None or not model.rowCount():
            return False
        if event.matches(QKeySequence.StandardKey.Copy):
            self._view.copy_wanted.emit()
            return True
        key, modifiers = event.key(), event.modifiers()
        if key in (_Key.Key_Home, _Key.Key_End):
            self._go(0 if key == _Key.Key_Home else model.rowCount() - 1, modifiers)
            return True
        if not 0 <= row < model.rowCount():
            return False
        if modifiers & Qt.KeyboardModifier.ControlModifier and key in (_Key.Key_Left, _Key.Key_Right):
            self._move_column(-1 if key == _Key.Key_Left else 1)
            return True
        return not modifiers & Qt.KeyboardModifier.AltModifier and self._press_on_row(event, model, row)

    def search(self, text: str) -> None:
        """Type-ahead: the next visible module whose name begins with what was typed in one go."""
        model = self._view.tree_model
        if model is None or not text:
            return
        now = time.monotonic()
        is_new = now - self._typed_at_s > QGuiApplication.styleHints().keyboardInputInterval() / 1000
        self._typed = text if is_new else self._typed + text
        self._typed_at_s = now
        names, wanted = model.snapshot.names, self._typed.lower()
        visible = model.rows.visible.tolist()
        begin = max(self._view.currentIndex().row(), 0) + (1 if len(self._typed) == 1 else 0)
        for row in (*range(begin, len(visible)), *range(min(begin, len(visible)))):
            if names[visible[row]].lower().startswith(wanted):
                self._go(row, Qt.KeyboardModifier.NoModifier)
                return

    def _press_on_row(self, event: QKeyEvent, model: ModuleTreeModel, row: int) -> bool:
        node = model.rows.node_at(row)
        match event.key():
            case _Key.Key_Left:
                self._close_or_go_up(model, node, event.modifiers())
            case _Key.Key_Right:
                self._open_or_go_down(model, node, row, event.modifiers())
            case _Key.Key_Asterisk:
                self._view.set_subtree_expanded(node, True)
            case _Key.Key_Plus:
                self._view.set_expanded(node, True)
            case _Key.Key_Minus:
                self._view.set_expanded(node, False)
            case _Key.Key_Space:
                shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
                self._tick(Column.BACKWARD if shifted else self._view.hook_column())
            case _:
                return False
        return True

    def _tick(self, column: Column) -> None:
        nodes = self._view.selected_nodes()
        if nodes:
            self._view.toggle_wanted.emit(nodes, HOOK_COLUMNS[column], True)

    def _close_or_go_up(self, model: ModuleTreeModel, node: int, modifiers: Qt.KeyboardModifier) -> None:
        if model.rows.has_children(node) and model.rows.is_expanded(node):
            self._view.set_expanded(node, False)
        elif node > 0:
            self._go(model.rows.row_of(int(model.snapshot.parent[node])), modifiers)

    def _open_or_go_down(self, model: ModuleTreeModel, node: int, row: int, modifiers: Qt.KeyboardModifier) -> None:
        if not model.rows.has_children(node):
            return
        if model.rows.is_expanded(node):
            self._go(row + 1, modifiers)
        else:
            self._view.set_expanded(node, True)

    def _move_column(self, direction: int) -> None:
        shown = [column for column in HOOK_COLUMNS if not self._view.isColumnHidden(column)]
        if not shown:
            return
        current = self._view.currentIndex()
        column = current.column()
        at = shown.index(Column(column)) + direction if column in shown else 0
        target = shown[min(max(at, 0), len(shown) - 1)]
        selection = self._view.selectionModel()
        selection.setCurrentIndex(current.siblingAtColumn(target), QItemSelectionModel.SelectionFlag.NoUpdate)

    def _go(self, row: int, modifiers: Qt.KeyboardModifier) -> None:
        model, current = self._view.tree_model, self._view.currentIndex()
        if model is None or row < 0:
            return
        index = model.index(row, max(current.column(), Column.NAME))
        flags = QItemSelectionModel.SelectionFlag
        if modifiers & Qt.KeyboardModifier.ShiftModifier and current.isValid():
            begin, end = sorted((current.row(), row))
            selection = self._view.selectionModel()
            selection.setCurrentIndex(index, flags.NoUpdate)  # first: who hears of a selection asks for the current row
            for between in range(begin, end + 1):
                selection.select(model.index(between, Column.NAME), flags.Select | flags.Rows)
        else:
            self._view.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self._view.scrollTo(index)
