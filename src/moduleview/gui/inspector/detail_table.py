"""A table of text with all that is known of the current row below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from moduleview.gui.look.theme import Theme
from moduleview.gui.models.text_table_model import MakeRow, TextHeader, TextTableModel
from moduleview.gui.widgets.cell_delegate import CellDelegate
from moduleview.gui.widgets.code_view import CodeView
from moduleview.gui.widgets.row_table import RowTable

_NARROW_PX = 330  # below it the last column gives way
_DETAIL_LEAST_PX = 64
_SHARES = (300, 130)


class DetailTable(QWidget):
    """Keys: arrows move, Ctrl+C copies. Follows the theme by itself.

    Signals:
        turned_to: A row, -1 for none; also where the same row has other contents.

    Args:
        theme: Colours and zoom.
        headers: A column each.
        widths_px: Of each column; the one with 0 takes the room that is left.
        name: Accessible name, translated.
        parent: Owner.
    """

    turned_to = Signal(int)

    def __init__(
        self, theme: Theme, headers: Sequence[TextHeader], widths_px: Sequence[int], name: str, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tell: Callable[[int], str] = lambda _row: ""
        self._n_columns = len(headers)
        self.model = TextTableModel(headers, self)
        self.table = RowTable(theme, self.model, name, self)
        self.table.setItemDelegate(CellDelegate(theme, None, self.table))
        self.table.set_columns(dict(enumerate(widths_px)), widths_px.index(0))
        self.table.selectionModel().currentRowChanged.connect(lambda index: self._show_detail(index.row()))
        self.detail = CodeView(theme, self)
        self.detail.setLineWrapMode(CodeView.LineWrapMode.WidgetWidth)
        self.detail.setAccessibleName(self.tr("All of the selected row"))
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.table)
        splitter.addWidget(self.detail)
        splitter.setSizes(_SHARES)
        splitter.setStretchFactor(0, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(splitter, 1)
        theme.changed.connect(self._fit)
        self._fit()

    def add_below(self, widget: QWidget) -> None:
        """Put what can be done with the current row below the words on it."""
        self._column.addWidget(widget)

    def show_rows(self, n_rows: int, make_row: MakeRow, tell: Callable[[int], str]) -> None:
        """Show other rows, the same one being current.

        Args:
            n_rows: How many.
            make_row: Gives the cells of one.
            tell: Gives all that is known of one.
        """
        current = self.table.currentIndex().row()
        kept = self.model.index(current, 0).data() if current >= 0 else None
        self._tell = tell
        self.model.show_rows(n_rows, make_row)
        row = current if 0 <= current < n_rows and self.model.index(current, 0).data() == kept else 0
        if n_rows:
            self.table.setCurrentIndex(self.model.index(row, 0))
        self._show_detail(row if n_rows else -1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where names would be cut, the last column goes: the detail has it."""
        super().resizeEvent(event)
        self._fit()

    def _show_detail(self, row: int) -> None:
        self.detail.set_code(self._tell(row) if row >= 0 else "", "text")
        self.turned_to.emit(row)

    def _fit(self) -> None:
        self.table.setColumnHidden(self._n_columns - 1, self.width() < self._theme.px(_NARROW_PX))
        self.detail.setMinimumHeight(self._theme.px(_DETAIL_LEAST_PX))
