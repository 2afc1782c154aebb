"""Paints the cells of the module tree, straight from the model's arrays."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.look.number_format import NO_VALUE
from moduleview.gui.models.cell_guard import PLACEHOLDER, CellGuard
from moduleview.gui.models.module_tree_model import ModuleTreeModel
from moduleview.gui.models.tree_columns import HOOK_COLUMNS, Column
from moduleview.gui.tree.gradient_cell import GradientCell
from moduleview.gui.tree.hook_cell import HookCell
from moduleview.gui.tree.name_cell import NameTexts, paint_arrow, paint_name
from moduleview.gui.tree.state_mark import paint_mark
from moduleview.gui.tree.tree_look import PADDING_PX, TreeLook
from moduleview.telemetry.display_names import displayable

_KIND_OF = {int(column): kind for column, kind in HOOK_COLUMNS.items()}
_SELECTED = QStyle.StateFlag.State_Selected.value  # arithmetic on flags is slow


class TreeDelegate(QStyledItemDelegate):
    """One delegate for all columns. ``hovered_row`` is set by the view."""

    def __init__(self, look: TreeLook, scale: GradientScale, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.hovered_row = -1
        self._guard = CellGuard()
        self._scale = scale
        self.set_look(look)

    def set_look(self, look: TreeLook) -> None:
        """The theme changed."""
        self._look = look
        self._hook_cell = HookCell(look)
        self._gradient_cell = GradientCell(look, self._scale)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw a cell; one that cannot be drawn becomes a question mark."""
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        is_drawn = self._guard.call(lambda: self._paint(painter, rect, state, index), False)
        if not is_drawn:
            painter.setPen(self._look.faint)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, PLACEHOLDER)

    def _paint(
        self,
        painter: QPainter,
        cell: QRect,
        state: QStyle.StateFlag,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        model = index.model()
        assert isinstance(model, ModuleTreeModel)
        row, column = index.row(), index.column()
        is_selected = bool(state.value & _SELECTED)
        if is_selected:
            painter.fillRect(cell, self._look.selection)  # with and without focus: all panels are about these rows
        elif row == self.hovered_row:
            painter.fillRect(cell, self._look.hover)
        self._paint_column(painter, cell, model, model.rows.node_at(row), column, is_selected)
        return True

    def _paint_column(
        self, painter: QPainter, cell: QRect, model: ModuleTreeModel, node: int, column: int, is_selected: bool
    ) -> None:
        match column:
            case Column.NAME:
                self._paint_name(painter, cell, model, node, is_selected)
            case Column.TYPE:
                self._paint_type(painter, cell, displayable(model.snapshot.type_names[node]), is_selected)
            case Column.PARAMETERS:
                self._paint_parameters(painter, cell, model.parameters(node), is_selected)
            case Column.GRADIENT:
                self._paint_gradient(painter, cell, model, node, is_selected)
            case Column.STATE:
                paint_mark(painter, self._look, cell, model.mark(node), is_selected)
            case _:
                kind = _KIND_OF[column]
                self._hook_cell.paint(painter, cell, model.hooks.state(node, kind), kind)

    def _paint_name(self, painter: QPainter, cell: QRect, model: ModuleTreeModel, node: int, is_selected: bool) -> None:
        depth = int(model.snapshot.depth[node])
        if model.rows.has_children(node):
            paint_arrow(painter, self._look, cell, depth, model.rows.is_expanded(node))
        before, after = model.containers.around(model.snapshot, node)
        frozen = self.tr("frozen") if model.is_frozen(node) else ""
        held = (model.containers.short(model.snapshot, node), model.containers.shortest(model.snapshot, node))
        behind = (
            " · ".join(filter(None, (held[0], frozen))),
            " · ".join(filter(None, (held[1], frozen))),
            frozen,
            held[1],
        )
        texts = NameTexts(before, model.name(node), after, behind)
        paint_name(painter, self._look, cell, depth, texts, is_selected)

    def _paint_type(self, painter: QPainter, cell: QRect, text: str, is_selected: bool) -> None:
        look = self._look
        painter.setFont(look.text_font)
        painter.setPen(look.on_selection if is_selected else look.muted)
        painter.drawText(cell.x(), look.baseline(cell), look.fitted(text, cell.width() - look.px(4)))

    def _paint_parameters(self, painter: QPainter, cell: QRect, text: str, is_selected: bool) -> None:
        look = self._look
        painter.setFont(look.number_font)
        quiet = look.faint if text == NO_VALUE else look.text
        painter.setPen(look.on_selection if is_selected else quiet)
        right = cell.right() + 1 - look.px(PADDING_PX)
        painter.drawText(right - round(len(text) * look.number_advance), look.baseline(cell), text)

    def _paint_gradient(
        self, painter: QPainter, cell: QRect, model: ModuleTreeModel, node: int, is_selected: bool
    ) -> None:
        look = self._look
        text = model.instead_of_gradient(node)
        if not text:
            self._gradient_cell.paint(painter, cell, node, model.gradients.history(node), is_selected)
            return
        space = cell.adjusted(look.px(PADDING_PX), 0, 0, 0)
        painter.setFont(look.caption_font)
        painter.setPen(look.on_selection if is_selected else look.muted)
        if look.caption_metrics.horizontalAdvance(text) > space.width():
            text = text.partition(" ")[0]  # "tied": the tooltip has all of it
        elided = look.caption_metrics.elidedText(text, Qt.TextElideMode.ElideRight, space.width())
        painter.drawText(space.x(), look.baseline(cell), elided)
