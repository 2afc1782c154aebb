"""The check box of a hook in the Inspector's tables: drawn as in the tree, ticked by a click or by Space."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.look.theme import Theme
from moduleview.gui.tree.hook_cell import HookCell
from moduleview.gui.tree.tree_look import TreeLook
from moduleview.gui.widgets.cell_delegate import CellDelegate
from moduleview.gui.widgets.row_table import RowTable


class HookBoxDelegate(CellDelegate):
    """Has the box at the theme and zoom in force; children say where it stands and which click ticks it."""

    def __init__(self, theme: Theme, scale: GradientScale | None, parent: QWidget) -> None:
        super().__init__(theme, scale, parent)
        self.hook_cell = HookCell(TreeLook(theme))
        theme.changed.connect(self._on_theme_changed)

    def _on_theme_changed(self) -> None:
        self.hook_cell = HookCell(TreeLook(self.theme))


class HookBoxTable(RowTable):
    """Space ticks the hook of the current row, in whichever column a person is."""

    hook_column: ClassVar[int]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space ticks or unticks."""
        if event.key() == Qt.Key.Key_Space and self.currentIndex().isValid():
            toggle_check(self.model(), self.currentIndex().siblingAtColumn(self.hook_column))
            return
        super().keyPressEvent(event)


def toggle_check(model: QAbstractItemModel, index: QModelIndex | QPersistentModelIndex) -> None:
    """Tick what is not ticked, and the other way round."""
    if model.flags(index) & Qt.ItemFlag.ItemIsUserCheckable:
        is_on = Qt.CheckState(model.data(index, Qt.ItemDataRole.CheckStateRole)) == Qt.CheckState.Checked
        value = Qt.CheckState.Unchecked if is_on else Qt.CheckState.Checked
        model.setData(index, value, Qt.ItemDataRole.CheckStateRole)
