"""A flat table whose rows are selected as a whole: keys, copy, header menu for its columns."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractItemModel, QEvent, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.models.cell_look import COPY_ROLE
from moduleview.gui.widgets.cell_delegate import ROW_PX
from moduleview.gui.widgets.table_setup import set_up_rows

HEADER_PX = 24


class RowTable(QTableView):
    """Selects and tints whole rows.

    Not a QTreeView: that one asks the model for every row when rows come (10 000 log lines: 60 ms), a table view for
    those only that can be seen.

    Args:
        theme: Colours and zoom.
        model: Flat model; its cells give a ``Look``.
        name: Accessible name, translated.
        parent: Owner.
    """

    activated_by_key = Signal()  # Enter on the current row

    def __init__(self, theme: Theme, model: QAbstractItemModel, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._widths: dict[int, int] = {}
        self._stretch: int | None = None
        self._header_padding: int | None = None
        self.setAccessibleName(name)
        self.setModel(model)
        set_up_rows(self)
        self.hovered_row = -1
        self.entered.connect(lambda index: self._set_hovered(index.row()))
        self.viewportEntered.connect(lambda: self._set_hovered(-1))
        self._set_up_headers()
        theme.changed.connect(self._on_theme_changed)

    def set_columns(self, widths: dict[int, int], stretch: int, hidden: Sequence[int] = ()) -> None:
        """Widths in logical px by column; ``stretch`` takes what is left; ``hidden`` come from the header's menu."""
        self._widths, self._stretch = dict(widths), stretch
        header = self.horizontalHeader()
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
        header = self.horizontalHeader()
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

    def leaveEvent(self, event: QEvent) -> None:
        """No row is tinted when the pointer is elsewhere."""
        super().leaveEvent(event)
        self._set_hovered(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+C copies the selected rows, tabs between columns; Enter says ``activated_by_key``."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_selection()
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.activated_by_key.emit()
            return
        super().keyPressEvent(event)

    def copy_selection(self) -> None:
        """Selected rows in the order of the table, visible columns, at full precision."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        columns = [column for column in range(self.model().columnCount()) if not self.isColumnHidden(column)]
        lines = ["\t".join(self._copied(row, column) for column in columns) for row in rows]
        if lines:
            QGuiApplication.clipboard().setText("\n".join(lines))

    def _set_hovered(self, row: int) -> None:
        if row != self.hovered_row:
            self.hovered_row = row
            self.viewport().update()

    def _copied(self, row: int, column: int) -> str:
        index = self.model().index(row, column)
        text = index.data(COPY_ROLE)
        return str(index.data() or "") if text is None else str(text)

    def _set_up_headers(self) -> None:
        header = self.horizontalHeader()
        header.setStretchLastSection(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionsMovable(True)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(self._theme.px(20))
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.verticalHeader().setDefaultSectionSize(self._theme.px(ROW_PX))

    def _on_theme_changed(self) -> None:
        header = self.horizontalHeader()
        header.setFixedHeight(self._theme.px(HEADER_PX))
        header.setMinimumSectionSize(self._theme.px(20))
        if self._header_padding is not None:
            padding = self._theme.px(self._header_padding)
            header.setStyleSheet(f"QHeaderView::section {{ padding: 0 {padding}px; }}")
        for column, width in self._widths.items():
            if column != self._stretch:
                header.resizeSection(column, self._theme.px(width))
        self.verticalHeader().setMinimumSectionSize(self._theme.px(ROW_PX))
        self.verticalHeader().setDefaultSectionSize(self._theme.px(ROW_PX))
        self.viewport().update()
