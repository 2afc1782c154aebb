"""What of the tree the pointer is on."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QPoint, QRect

from moduleview.gui.models.module_tree_model import ModuleTreeModel
from moduleview.gui.models.node_marks import Mark
from moduleview.gui.models.tree_columns import HOOK_COLUMNS, Column
from moduleview.gui.tree.name_cell import arrow_rect
from moduleview.gui.tree.tree_look import TreeLook


class Part(Enum):
    """What of a row the pointer is on."""

    ROW = auto()
    ARROW = auto()
    HOOK = auto()
    LINK = auto()


class Hit(NamedTuple):
    """What the pointer is on."""

    node: int
    column: Column
    part: Part


def hit_at(model: ModuleTreeModel, index: QModelIndex, cell: QRect, position: QPoint, look: TreeLook) -> Hit:
    """The module, column and part at a position inside ``cell``, the rectangle of ``index``."""
    node, column = model.rows.node_at(index.row()), Column(index.column())
    part = Part.ROW
    if column in HOOK_COLUMNS:
        part = Part.HOOK
    elif column is Column.STATE and model.mark(node) is Mark.LINKED:
        part = Part.LINK
    elif column is Column.NAME and model.rows.has_children(node):
        arrow = arrow_rect(look, cell, int(model.snapshot.depth[node]))
        part = Part.ARROW if arrow.contains(position) else Part.ROW
    return Hit(node, column, part)
