"""A flat table whose rows are selected as a whole: keys, copy, header menu for its columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QAbstractItemModel, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTreeView, QWidget

from moduleview.gui.models.cell_look import COPY_ROLE
from moduleview.gui.theme import Theme
from moduleview.gui.widgets.cell_delegate import CellDelegate

HEADER_PX = 24


class RowTable(QTreeView):
    """A tree view without a tree: it moves by rows, where a table view moves by cells.

    Args:
        theme: Colours and zoom.
        model: Flat model; its cells give a ``Look``.
        name: Accessible name, translated.
        parent: Owner.
    """

    def __init__(self, theme: Theme, model: QAbstractItemModel, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._widths: dict[int, int] = {}
        self._stretch: int | None = None
        self._header_padding: int | None = None
        self.setAccessibleName(name)
        self.setModel(model)
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setIndentation(0)
        self.setUniformRowHeights(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self._set_up_header()
        theme.changed.connect(self._on_theme_changed)

    def set_columns(self, widths: dict[int, int], stretch: int, hidden: Sequence[int] = ()) -> None:
        """Widths in logical px by column; ``stretch`` takes what is left; ``hidden`` come from the header's menu."""
        self._widths, self._stretch = dict(widths), stretch
        header = self.header()
        for column in range(self.model().columnCount()):
            self.setColumnHidden(column, column in hidden)
            mode = QHeaderView.ResizeMode.Stretch if column == stretch else QHeaderView.ResizeMode.Interactive
            header.setSectionResizeMode(column, mode)
        self._on_theme_changed()

    def set_header_padding(self, padding: int) -> None:
        """Set narrow headers closer, in logical px; 8 without this."""
        self._header_padding = padding
        self._on_theme_changed()

    def offer_columns(self, columns: Sequence[int]) -> None:
        """Let a right click on the header show and hide these columns."""
        header = self.header()
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(lambda at: self.column_menu(columns).popup(header.mapToGlobal(at)))

    def column_menu(self, columns: Sequence[int]) -> QMenu:
        """The menu with a check mark for each column."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for column in columns:
            tip = self.model().headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
            text = self.model().headerData(column, Qt.Orientation.Horizontal)
            action = menu.addAction(f"{text}")
            action.setToolTip(str(tip or text))
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(column))
            action.toggled.connect(lambda shown, column=column: self.setColumnHidden(column, not shown))
        return menu

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+C copies the selected rows, tabs between columns."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_selection()
            return
        super().keyPressEvent(event)

    def copy_selection(self) -> None:
        """Selected rows in the order of the table, visible columns, at full precision."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        columns = [column for column in range(self.model().columnCount()) if not self.isColumnHidden(column)]
        lines = ["\t".join(self._copied(row, column) for column in columns) for row in rows]
        if lines:
            QGuiApplication.clipboard().setText("\n".join(lines))

    def add_row_menu(self, fill: Callable[[QMenu, int], None]) -> None:
        """A right click on a row opens a menu that ``fill(menu, row)`` fills."""
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

        def show(at: QPoint) -> None:
            index = self.indexAt(at)
            if index.isValid():
                menu = QMenu(self)
                menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
                fill(menu, index.row())
                menu.popup(self.viewport().mapToGlobal(at))

        self.customContextMenuRequested.connect(show)

    def _copied(self, row: int, column: int) -> str:
        index = self.model().index(row, column)
        text = index.data(COPY_ROLE)
        return str(index.data() or "") if text is None else str(text)

    def _set_up_header(self) -> None:
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionsMovable(True)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(self._theme.px(20))
        header.setTextElideMode(Qt.TextElideMode.ElideRight)

    def _on_theme_changed(self) -> None:
        header = self.header()
        header.setFixedHeight(self._theme.px(HEADER_PX))
        header.setMinimumSectionSize(self._theme.px(20))
        if self._header_padding is not None:
            padding = self._theme.px(self._header_padding)
            header.setStyleSheet(f"QHeaderView::section {{ padding: 0 {padding}px; }}")
        for column, width in self._widths.items():
            if column != self._stretch:
                header.resizeSection(column, self._theme.px(width))
        delegate = self.itemDelegate()
        if isinstance(delegate, CellDelegate):
            self.scheduleDelayedItemsLayout()
        self.viewport().update()
