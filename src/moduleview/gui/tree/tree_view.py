"""The view of the module tree: a table whose rows are the visible modules, with the keys and clicks of a tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from moduleview.gui.look.gradient_scale import GradientScale
from moduleview.gui.look.theme import Theme
from moduleview.gui.models.module_tree_model import ModuleTreeModel
from moduleview.gui.models.tree_columns import HOOK_COLUMNS, Column
from moduleview.gui.tree.column_widths import ColumnFitter
from moduleview.gui.tree.row_selection import row_that_stays, select_nodes, selected_nodes
from moduleview.gui.tree.tree_delegate import TreeDelegate
from moduleview.gui.tree.tree_header import TreeHeader
from moduleview.gui.tree.tree_hit import Hit, hit_at
from moduleview.gui.tree.tree_keys import TreeKeys
from moduleview.gui.tree.tree_look import ROW_PX, TreeLook
from moduleview.gui.tree.tree_mouse import TreeMouse
from moduleview.gui.widgets.safe_paint import safe_paint
from moduleview.gui.widgets.table_setup import set_up_rows


class TreeView(QTableView):
    """Paints and moves; changes nothing but which rows are open. The panel listens to its signals."""

    toggle_wanted = Signal(object, object, bool)  # nodes, HookKind, with their subtrees
    link_clicked = Signal(int)  # node with a link mark
    node_hovered = Signal(int)  # node under the pointer, or -1
    menu_wanted = Signal(int, QPoint)  # node, global position
    column_menu_wanted = Signal(QPoint)  # global position
    copy_wanted = Signal()
    rows_changed = Signal()  # opened, closed, filtered: Qt's selection is void
    nodes_chosen = Signal()  # a person selected other rows
    viewport_moved = Signal()  # other rows are on the screen

    def __init__(self, theme: Theme, scale: GradientScale, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._look = TreeLook(theme)
        self._is_changing = False
        self._shows_focus = False
        self._delegate = TreeDelegate(self._look, scale, self)
        self._keys, self._mouse = TreeKeys(self), TreeMouse(self)
        self.setAccessibleName(self.tr("Module tree"))
        self.setAccessibleDescription(
            self.tr("Left and Right close and open, Space ticks a hook, Ctrl+Left and Ctrl+Right choose which hook")
        )
        self._set_up_table()
        self.columns = ColumnFitter(self, theme)
        theme.changed.connect(self._on_theme_changed)
        scale.changed.connect(self.update_gradients)

    # -- for the panel -----------------------------------------------------------------------------------------------

    @property
    def tree_model(self) -> ModuleTreeModel | None:
        """The model, once there is one."""
        model = self.model()
        return model if isinstance(model, ModuleTreeModel) else None

    def set_tree_model(self, model: ModuleTreeModel) -> None:
        """Show a model; the columns keep their widths."""
        selection = self.selectionModel()
        self.setModel(model)
        if selection is not None:
            selection.deleteLater()
        self.columns.set_up()
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.columns.fit()

    @contextmanager
    def changing_rows(self) -> Iterator[ModuleTreeModel]:
        """Around every change of the rows: what Qt does to its selection then is nobody's choice.

        The current row, or the first, stays where it is on the screen.
        """
        model = self.tree_model
        assert model is not None
        anchor, top = row_that_stays(self, model)
        try:
            with self._changing():
                yield model
        finally:
            row = model.rows.row_of(anchor) if anchor < len(model.snapshot) else -1
            if row >= 0:
                self.executeDelayedItemsLayout()
                bar = self.verticalScrollBar()
                bar.setValue(bar.value() + self.rowViewportPosition(row) - top)
            self.rows_changed.emit()

    def set_expanded(self, node: int, is_expanded: bool) -> None:
        """Open or close one module."""
        with self.changing_rows() as model:
            model.set_expanded(node, is_expanded)

    def set_subtree_expanded(self, node: int, is_expanded: bool) -> None:
        """Open or close a module and everything below it."""
        with self.changing_rows() as model:
            model.set_subtree_expanded(node, is_expanded)

    def shown_nodes(self) -> list[int]:
        """Nodes whose rows are on the screen, from the top."""
        model = self.tree_model
        if model is None or not model.rowCount():
            return []
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        end = last + 1 if last >= 0 else model.rowCount()
        return [model.rows.node_at(row) for row in range(max(first, 0), end)]

    def update_gradients(self) -> None:
        """Paint the gradient column anew, and nothing else."""
        left = self.columnViewportPosition(Column.GRADIENT)
        self.viewport().update(left, 0, self.columnWidth(Column.GRADIENT), self.viewport().height())

    def set_column_shown(self, column: Column, is_shown: bool) -> None:
        """Show or hide a column."""
        hidden = self.columns.hidden
        self.columns.set_hidden(hidden - {column} if is_shown else hidden | {column})

    def select_nodes(self, nodes: list[int]) -> None:
        """Select rows, the last one being the current; for one that is not visible the row above it takes the keys."""
        with self._changing():
            select_nodes(self, nodes)

    def selected_nodes(self) -> list[int]:
        """Selected nodes in the tree's order, the current one last."""
        return selected_nodes(self)

    def scroll_to_node(self, node: int) -> None:
        """Bring a row onto the screen, with some rows around it."""
        model = self.tree_model
        row = -1 if model is None else model.rows.row_of(node)
        if row < 0 or model is None:
            return
        rect = self._row_rect(row)
        if rect.top() < 0 or rect.bottom() > self.viewport().height():
            self.scrollTo(model.index(row, Column.NAME), QAbstractItemView.ScrollHint.PositionAtCenter)

    def set_hovered_node(self, node: int) -> None:
        """Tint a row, whoever pointed at it; -1 for none."""
        model = self.tree_model
        row = -1 if model is None or node < 0 else model.rows.row_of(node)
        earlier = self._delegate.hovered_row
        if row != earlier:
            self._delegate.hovered_row = row
            for changed in (earlier, row):
                if changed >= 0:
                    self.viewport().update(self._row_rect(changed))

    def hook_column(self) -> Column:
        """The hook column that Space toggles: the current one, else forward."""
        column = self.currentIndex().column()
        return Column(column) if column in HOOK_COLUMNS else Column.FORWARD

    def hit(self, position: QPoint) -> Hit | None:
        """What is at a position of the viewport."""
        model, index = self.tree_model, self.indexAt(position)
        if model is None or not index.isValid():
            return None
        return hit_at(model, index, self.visualRect(index), position, self._look)

    # -- Qt ----------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Arrows, boxes and links act at once and leave the selection alone; the rest selects."""
        self._shows_focus = False
        if not self._mouse.press(event):
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open or close a module; on a box it is a second click."""
        self._mouse.double_click(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what is hovered."""
        self._mouse.move(event)
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is hovered."""
        self.node_hovered.emit(-1)
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys of a tree; the rest is the table's."""
        self._shows_focus = True
        if not self._keys.press(event):
            super().keyPressEvent(event)
        self.viewport().update()

    def keyboardSearch(self, search: str) -> None:
        """Go to the next module whose name begins with what was typed."""
        self._keys.search(search)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus when it came by a key."""
        reasons = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
        self._shows_focus = event.reason() in reasons
        super().focusInEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of the row under the pointer, or of the current row."""
        by_mouse = event.reason() is QContextMenuEvent.Reason.Mouse
        index = self.indexAt(event.pos()) if by_mouse else self.currentIndex()
        model = self.tree_model
        if model is not None and index.isValid():
            position = event.globalPos() if by_mouse else self.viewport().mapToGlobal(self.visualRect(index).center())
            self.menu_wanted.emit(model.rows.node_at(index.row()), position)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The columns follow."""
        super().resizeEvent(event)
        self.columns.fit()
        self.viewport_moved.emit()

    @safe_paint
    def paintEvent(self, event: QPaintEvent) -> None:
        """The cells, and the focus ring over them."""
        super().paintEvent(event)
        index = self.currentIndex()
        if not (self._shows_focus and self.hasFocus() and index.isValid()):
            return
        painter = QPainter(self.viewport())
        painter.setPen(QPen(self._look.accent, 1))
        painter.drawRect(self._row_rect(index.row()).adjusted(0, 0, -1, -1))
        if index.column() in HOOK_COLUMNS:
            painter.drawRect(self.visualRect(index).adjusted(1, 1, -2, -2))
        painter.end()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self._is_changing = True
        try:
            yield
        finally:
            self._is_changing = False

    def _on_selection_changed(self) -> None:
        if not self._is_changing:
            self.nodes_chosen.emit()

    def _row_rect(self, row: int) -> QRect:
        return QRect(0, self.rowViewportPosition(row), self.viewport().width(), self.rowHeight(row))

    def _set_up_table(self) -> None:
        header = TreeHeader(self._look, self)
        self.setHorizontalHeader(header)
        header.menu_wanted.connect(self.column_menu_wanted)
        self.setItemDelegate(self._delegate)
        set_up_rows(self)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._set_row_height()
        self.verticalScrollBar().valueChanged.connect(self.viewport_moved)

    def _set_row_height(self) -> None:
        height = self._theme.px(ROW_PX)
        self.verticalHeader().setMinimumSectionSize(height)
        self.verticalHeader().setDefaultSectionSize(height)

    def _on_theme_changed(self) -> None:
        self._look = TreeLook(self._theme)
        self._delegate.set_look(self._look)
        header = self.horizontalHeader()
        if isinstance(header, TreeHeader):
            header.set_look(self._look)
        self._set_row_height()
        self.columns.fit()
        self.viewport().update()
