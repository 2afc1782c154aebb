"""A table over a slice of any size: it shows what fits, and its own scroll bars move over the rest."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHeaderView,
    QScrollBar,
    QTableView,
    QWidget,
)

from moduleview.gui.lab.cell_block import CellBlock
from moduleview.gui.lab.cell_painting import PADDING_PX, CellSizes, paint_cells, paint_cursor
from moduleview.gui.lab.cells_model import CellsModel
from moduleview.gui.look.theme import Theme
from moduleview.gui.widgets.cell_delegate import ROW_PX
from moduleview.gui.widgets.safe_paint import safe_paint

_LEAST_COLUMN_PX = 48
_NOTCH = 120.0  # Qt's eighths of a degree
_ROWS_A_NOTCH = 3
_LARGEST = 2**31 - 1  # a scroll bar counts in 32 bits


class CellsTable(QWidget):
    """A ``QTableView`` of what can be seen between two scroll bars over all of it."""

    window_moved = Signal()  # other cells can be seen
    copy_wanted = Signal()

    def __init__(self, theme: Theme, model: CellsModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self.model = theme, model
        self.block = CellBlock()
        self._column_px = theme.px(_LEAST_COLUMN_PX)
        self.view = _CellView(self, theme)
        self.view.setModel(model)
        self.down = QScrollBar(Qt.Orientation.Vertical, self)
        self.across = QScrollBar(Qt.Orientation.Horizontal, self)
        for bar, name in ((self.down, self.tr("Rows")), (self.across, self.tr("Columns"))):
            bar.setAccessibleName(name)
            bar.valueChanged.connect(self._on_scrolled)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        grid.addWidget(self.view, 0, 0)
        grid.addWidget(self.down, 0, 1)
        grid.addWidget(self.across, 1, 0)
        self.setFocusProxy(self.view)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def show_slice(self, n_rows: int, n_columns: int) -> None:
        """Another slice: begin at its first cell."""
        self.block = CellBlock()
        self._column_px = self._theme.px(_LEAST_COLUMN_PX)
        self.model.show_slice(n_rows, n_columns)
        for bar in (self.down, self.across):
            bar.setValue(0)
        self._fit()

    def cells_came(self) -> None:
        """Columns as wide as the longest text; they never become narrower, so that nothing jumps."""
        for row in range(self.model.rowCount()):
            for column in range(self.model.columnCount()):
                self.model.look(self.model.top + row, self.model.left + column)
        wanted = self.view.fontMetrics().horizontalAdvance("0") * self.model.longest + self._theme.px(2 * PADDING_PX)
        if wanted > self._column_px:
            self._column_px = wanted
            self._fit()

    def move_to(self, row: int, column: int, *, extends: bool = False) -> None:
        """Put the cursor onto a cell of the slice, and bring it into view."""
        row = max(0, min(row, self.model.n_rows - 1))
        column = max(0, min(column, self.model.n_columns - 1))
        self.block = self.block.moved(row, column, extends=extends)
        _bring(self.down, row, self.model.rowCount())
        _bring(self.across, column, self.model.columnCount())
        self._show_cursor()

    def select_all(self) -> None:
        """Every cell of the slice; what is in view stays."""
        self.block = CellBlock((0, 0), (self.model.n_rows - 1, self.model.n_columns - 1))
        self.view.viewport().update()

    def page(self) -> tuple[int, int]:
        """Rows and columns that can be seen."""
        return max(self.model.rowCount(), 1), max(self.model.columnCount(), 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or fewer cells can be seen."""
        super().resizeEvent(event)
        self._fit()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _fit(self) -> None:
        """As many cells as there is room for, the last one perhaps cut."""
        model, px = self.model, self._theme.px
        header = self.view.verticalHeader()
        digits = len(str(max(model.n_rows - 1, 0)))
        header.setFixedWidth(self.view.fontMetrics().horizontalAdvance("0") * digits + px(2 * PADDING_PX))
        room_y = max(self.view.height() - self.view.horizontalHeader().height(), 1)
        room_x = max(self.view.width() - header.width(), 1)
        whole_rows, whole_columns = max(room_y // px(ROW_PX), 1), max(room_x // self._column_px, 1)
        self.view.horizontalHeader().setDefaultSectionSize(self._column_px)
        header.setDefaultSectionSize(px(ROW_PX))
        for bar, n, seen in ((self.down, model.n_rows, whole_rows), (self.across, model.n_columns, whole_columns)):
            bar.setRange(0, min(max(n - seen, 0), _LARGEST))
            bar.setPageStep(seen)
            bar.setVisible(n > seen)
        model.set_window(self.down.value(), self.across.value(), whole_rows + 1, whole_columns + 1)
        self._show_cursor()
        self.window_moved.emit()

    def _on_scrolled(self) -> None:
        model = self.model
        model.set_window(self.down.value(), self.across.value(), model.rowCount(), model.columnCount())
        self._show_cursor()
        self.window_moved.emit()

    def _show_cursor(self) -> None:
        """Qt's current cell is the cursor where that can be seen, so that a screen reader reads it."""
        row, column = self.block.current[0] - self.model.top, self.block.current[1] - self.model.left
        index = self.model.index(row, column)
        self.view.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
        self.view.viewport().update()

    def _on_theme_changed(self) -> None:
        self.view.setFont(self._theme.mono_font())
        header = self.view.horizontalHeader()
        header.setFixedHeight(self._theme.px(ROW_PX))
        self._column_px = self._theme.px(_LEAST_COLUMN_PX)
        self._fit()


class _CellView(QTableView):
    """Keys, wheel and mouse act on the whole slice."""

    def __init__(self, owner: CellsTable, theme: Theme) -> None:
        super().__init__(owner)
        self._owner = owner
        self._theme = theme
        self.setAccessibleName(self.tr("Values"))
        self.setShowGrid(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAutoScroll(False)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            header.setMinimumSectionSize(1)
            header.setSectionsClickable(False)
            header.setHighlightSections(False)

    @safe_paint
    def paintEvent(self, _event: QPaintEvent) -> None:
        """All cells at once."""
        painter = QPainter(self.viewport())
        painter.setFont(self.font())
        owner = self._owner
        sizes = CellSizes(self.horizontalHeader().defaultSectionSize(), self.verticalHeader().defaultSectionSize())
        paint_cells(painter, self._theme, owner.model, owner.block, sizes)
        if self.hasFocus():
            paint_cursor(painter, self._theme, owner.model, owner.block, sizes)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, pages, ends, select all, copy; Shift extends."""
        owner, (row, column) = self._owner, self._owner.block.current
        if event.matches(QKeySequence.StandardKey.Copy):
            owner.copy_wanted.emit()
            return
        if event.matches(QKeySequence.StandardKey.SelectAll):
            owner.select_all()
            return
        far = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        page, end = owner.page()[0], 1 << 40
        moves = {
            Qt.Key.Key_Up: (-end if far else -1, 0),
            Qt.Key.Key_Down: (end if far else 1, 0),
            Qt.Key.Key_Left: (0, -end if far else -1),
            Qt.Key.Key_Right: (0, end if far else 1),
            Qt.Key.Key_PageUp: (-page, 0),
            Qt.Key.Key_PageDown: (page, 0),
            Qt.Key.Key_Home: (-end if far else 0, -end),
            Qt.Key.Key_End: (end if far else 0, end),
        }
        move = moves.get(Qt.Key(event.key()))
        if move is None:
            super().keyPressEvent(event)
            return
        extends = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        owner.move_to(row + move[0], column + move[1], extends=extends)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll by rows; sideways, or with Shift, by columns."""
        turned = event.angleDelta()
        sideways = turned.x() or (turned.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        bar, by = (self._owner.across, sideways) if sideways else (self._owner.down, turned.y())
        bar.setValue(bar.value() - round(by / _NOTCH * _ROWS_A_NOTCH))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a selection, or with Shift extend it."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() == Qt.MouseButton.LeftButton:
            self._move_to(event, extends=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Extend it; beyond the edge the table scrolls."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move_to(event, extends=True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Nothing: the selection is made."""

    def focusInEvent(self, event: QEvent) -> None:
        """The cursor's outline comes."""
        super().focusInEvent(event)  # type: ignore[arg-type]
        self.viewport().update()

    def _move_to(self, event: QMouseEvent, *, extends: bool) -> None:
        at, model = event.position().toPoint(), self._owner.model
        row = model.top + at.y() // max(self.verticalHeader().defaultSectionSize(), 1)
        column = model.left + at.x() // max(self.horizontalHeader().defaultSectionSize(), 1)
        self._owner.move_to(row, column, extends=extends)


def _bring(bar: QScrollBar, at: int, n_seen: int) -> None:
    """Scroll no further than it takes to see a row or column wholly."""
    whole = max(n_seen - 1, 1)
    if at < bar.value():
        bar.setValue(at)
    elif at >= bar.value() + whole:
        bar.setValue(at - whole + 1)
