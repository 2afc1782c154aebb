"""The view of the module tree: a table whose rows are the visible modules, with the keys and clicks of a tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import NamedTuple

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, QPoint, QRect, Qt, Signal
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
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from moduleview.gui.gradient_scale import GradientScale
from moduleview.gui.models.module_tree_model import ModuleTreeModel
from moduleview.gui.models.node_marks import Mark
from moduleview.gui.models.tree_columns import HIDDEN_AT_FIRST, HOOK_COLUMNS, Column
from moduleview.gui.theme import Theme
from moduleview.gui.tree.cell_delegate import CellDelegate
from moduleview.gui.tree.cell_look import CHECK_COLUMN_PX, ROW_PX, CellLook
from moduleview.gui.tree.column_widths import PREFERRED_PX, fitted_widths
from moduleview.gui.tree.gradient_cell import GradientCell
from moduleview.gui.tree.name_cell import arrow_rect
from moduleview.gui.tree.tree_header import TreeHeader
from moduleview.gui.tree.tree_keys import TreeKeys


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
        self._look = CellLook(theme)
        self._preferred = {column: theme.px(width) for column, width in PREFERRED_PX.items()}
        self._is_fitting = False
        self._is_changing = False
        self._shows_focus = False
        self._delegate = CellDelegate(self._look, scale, self)
        self._keys = TreeKeys(self)
        self.setAccessibleName(self.tr("Module tree"))
        self.setAccessibleDescription(
            self.tr("Left and Right close and open, Space ticks a hook, Ctrl+Left and Ctrl+Right choose which hook")
        )
        self._set_up_table()
        theme.changed.connect(self._on_theme_changed)
        scale.changed.connect(self.viewport().update)

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
        for column in HIDDEN_AT_FIRST:
            self.setColumnHidden(column, True)
        for column in Column:
            is_dragged = column in PREFERRED_PX
            mode = QHeaderView.ResizeMode.Interactive if is_dragged else QHeaderView.ResizeMode.Fixed
            self.horizontalHeader().setSectionResizeMode(column, mode)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.fit_columns()

    @contextmanager
    def changing_rows(self) -> Iterator[ModuleTreeModel]:
        """Around every change of the rows: what Qt does to its selection then is nobody's choice.

        The current row, or the first, stays where it is on the screen.
        """
        model = self.tree_model
        assert model is not None
        anchor, top = self._anchor(model)
        self._is_changing = True
        try:
            yield model
        finally:
            self._is_changing = False
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

    def set_column_shown(self, column: Column, is_shown: bool) -> None:
        """Show or hide a column."""
        self.setColumnHidden(column, not is_shown)
        self.fit_columns()

    def select_nodes(self, nodes: list[int]) -> None:
        """Select rows, the last one being the current; for one that is not visible the row above it takes the keys."""
        model, selection = self.tree_model, self.selectionModel()
        if model is None or selection is None:
            return
        rows = [row for node in nodes if (row := model.rows.row_of(node)) >= 0]
        flags = QItemSelectionModel.SelectionFlag
        chosen = QItemSelection()
        for row in rows:
            chosen.select(model.index(row, Column.NAME), model.index(row, Column.STATE))
        self._is_changing = True
        selection.select(chosen, flags.ClearAndSelect)
        current = rows[-1] if rows else self._visible_row_above(nodes[-1] if nodes else -1)
        column = max(self.currentIndex().column(), Column.NAME)
        selection.setCurrentIndex(QModelIndex() if current < 0 else model.index(current, column), flags.NoUpdate)
        self._is_changing = False

    def selected_nodes(self) -> list[int]:
        """Selected nodes in the tree's order, the current one last."""
        model, selection = self.tree_model, self.selectionModel()
        if model is None or selection is None:
            return []
        rows: set[int] = set()
        chosen = selection.selection()
        for part in (chosen.at(at) for at in range(chosen.count())):
            rows.update(range(part.top(), part.bottom() + 1))
        current = self.currentIndex().row()
        ordered = sorted(rows - {current}) + ([current] if current in rows else [])
        return [model.rows.node_at(row) for row in ordered if row < model.rowCount()]

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

    def toggle_selected(self, column: Column, *, below: bool = True) -> None:
        """Ask to toggle a kind of hook on all selected modules."""
        nodes = self.selected_nodes()
        if nodes and column in HOOK_COLUMNS:
            self.toggle_wanted.emit(nodes, HOOK_COLUMNS[column], below)

    def hook_column(self) -> Column:
        """The hook column that Space toggles: the current one, else forward."""
        column = self.currentIndex().column()
        return Column(column) if column in HOOK_COLUMNS else Column.FORWARD

    def fit_columns(self) -> None:
        """Give the columns their widths at the width there is."""
        if self.model() is None:
            return
        px, hidden = self._theme.px, frozenset(column for column in Column if self.isColumnHidden(column))
        gradient = GradientCell.widths(self._look)
        widths = fitted_widths(self.viewport().width(), self._preferred, px(CHECK_COLUMN_PX), gradient, hidden)
        self._is_fitting = True
        for column, width in widths.items():
            self.setColumnWidth(column, width)
        self._is_fitting = False

    def hit(self, position: QPoint) -> Hit | None:
        """What is at a position of the viewport."""
        model, index = self.tree_model, self.indexAt(position)
        if model is None or not index.isValid():
            return None
        node, column = model.rows.node_at(index.row()), Column(index.column())
        part = Part.ROW
        if column in HOOK_COLUMNS:
            part = Part.HOOK
        elif column is Column.STATE and model.mark(node) is Mark.LINKED:
            part = Part.LINK
        elif column is Column.NAME and model.rows.has_children(node):
            arrow = arrow_rect(self._look, self.visualRect(index), int(model.snapshot.depth[node]))
            part = Part.ARROW if arrow.contains(position) else Part.ROW
        return Hit(node, column, part)

    # -- Qt ----------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Arrows, boxes and links act at once and leave the selection alone; the rest selects."""
        self._shows_focus = False
        if event.button() is not Qt.MouseButton.LeftButton or not self._act(event):
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open or close a module; on a box it is a second click."""
        hit = self.hit(event.position().toPoint())
        if hit is None or event.button() is not Qt.MouseButton.LeftButton or self._act(event):
            return
        model = self.tree_model
        if model is not None:
            self.set_expanded(hit.node, not model.rows.is_expanded(hit.node))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say what is hovered."""
        hit = self.hit(event.position().toPoint())
        self.node_hovered.emit(-1 if hit is None else hit.node)
        over_link = hit is not None and hit.part is Part.LINK
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if over_link else Qt.CursorShape.ArrowCursor)
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
        self.fit_columns()
        self.viewport_moved.emit()

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

    def _act(self, event: QMouseEvent) -> bool:
        hit, model = self.hit(event.position().toPoint()), self.tree_model
        if hit is None or model is None or hit.part is Part.ROW:
            return False
        match hit.part:
            case Part.ARROW if event.modifiers() & Qt.KeyboardModifier.AltModifier:
                self.set_subtree_expanded(hit.node, not model.rows.is_expanded(hit.node))
            case Part.ARROW:
                self.set_expanded(hit.node, not model.rows.is_expanded(hit.node))
            case Part.HOOK:
                selected = self.selected_nodes()
                nodes = selected if hit.node in selected else [hit.node]
                alone = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
                self.toggle_wanted.emit(nodes, HOOK_COLUMNS[hit.column], not alone)
            case _:
                self.link_clicked.emit(hit.node)
        return True

    def _anchor(self, model: ModuleTreeModel) -> tuple[int, int]:
        """A node that should stay where it is, and its distance from the top; the node is 0 for none."""
        if not model.rowCount():
            return 0, 0
        row = self.currentIndex().row()
        if row < 0 or not self.viewport().rect().intersects(self._row_rect(row)):
            row = max(self.rowAt(0), 0)
        return model.rows.node_at(row), self.rowViewportPosition(row)

    def _visible_row_above(self, node: int) -> int:
        model = self.tree_model
        while model is not None and node >= 0:
            row = model.rows.row_of(node)
            if row >= 0:
                return row
            node = int(model.snapshot.parent[node])
        return -1

    def _on_selection_changed(self) -> None:
        if not self._is_changing:
            self.nodes_chosen.emit()

    def _row_rect(self, row: int) -> QRect:
        return QRect(0, self.rowViewportPosition(row), self.viewport().width(), self.rowHeight(row))

    def _set_up_table(self) -> None:
        header = TreeHeader(self._look, self)
        self.setHorizontalHeader(header)
        header.menu_wanted.connect(self.column_menu_wanted)
        header.sectionResized.connect(self._on_section_resized)
        self.setItemDelegate(self._delegate)
        self.setShowGrid(False)
        self.setCornerButtonEnabled(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._set_row_height()
        self.verticalScrollBar().valueChanged.connect(self.viewport_moved)

    def _set_row_height(self) -> None:
        height = self._theme.px(ROW_PX)
        self.verticalHeader().setMinimumSectionSize(height)
        self.verticalHeader().setDefaultSectionSize(height)

    def _on_theme_changed(self) -> None:
        zoom = self._look.zoom
        self._look = CellLook(self._theme)
        self._delegate.set_look(self._look)
        header = self.horizontalHeader()
        if isinstance(header, TreeHeader):
            header.set_look(self._look)
        if zoom != self._look.zoom:
            factor = self._look.zoom / zoom
            self._preferred = {column: round(width * factor) for column, width in self._preferred.items()}
            self._set_row_height()
        self.fit_columns()
        self.viewport().update()

    def _on_section_resized(self, section: int, _earlier: int, width: int) -> None:
        column = Column(section)
        if not self._is_fitting and column in PREFERRED_PX and width > 0:
            self._preferred[column] = width
            self.fit_columns()
